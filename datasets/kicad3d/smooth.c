/*
 * Normals by the crease angle: a corner's is the sum of those of the triangles around its point that lie
 * within the angle, weighted by their areas.
 */
#include "smooth.h"

#include "base/error.h"

#include <stdlib.h>

/* A point with more triangles than this is the middle of a fan, and those it looks at suffice. It
 * keeps the time linear. */
enum { AROUND_MAX = 64 };

typedef struct Around {
    Vec *side, *unit; /* of each triangle: its normal, as long as twice its area, and of length 1 */
    size_t *begin;    /* (points+1): where a point's triangles are in `triangle` */
    size_t *triangle;
} Around;

static void *room(size_t count, size_t bytes)
{
    void *memory = calloc(count ? count : 1, bytes);
    if (!memory) die("out of memory for a model's faces");
    return memory;
}

static Around find_around(const Faces *f)
{
    size_t corners = 3 * f->triangles;
    Around a = {room(f->triangles, sizeof(Vec)), room(f->triangles, sizeof(Vec)),
                room(f->points + 2, sizeof(size_t)), room(corners, sizeof(size_t))};
    for (size_t t = 0; t < f->triangles; t++) {
        const int *c = f->corner + 3 * t;
        Vec p = f->point[c[0]];
        a.side[t] = cross(sub(f->point[c[1]], p), sub(f->point[c[2]], p));
        a.unit[t] = normalize(a.side[t]);
    }
    /* Counted two places further on, so that filling in leaves `begin` where it belongs. */
    for (size_t i = 0; i < corners; i++) a.begin[f->corner[i] + 2]++;
    for (size_t p = 2; p < f->points + 2; p++) a.begin[p] += a.begin[p - 1];
    for (size_t i = 0; i < corners; i++) a.triangle[a.begin[f->corner[i] + 1]++] = i / 3;
    return a;
}

static void free_around(Around *a)
{
    free(a->side);
    free(a->unit);
    free(a->begin);
    free(a->triangle);
}

static Vec corner_normal(const Around *a, size_t triangle, int point, float cosine)
{
    Vec sum = a->side[triangle];
    size_t begin = a->begin[point], end = a->begin[point + 1];
    if (end - begin > AROUND_MAX) end = begin + AROUND_MAX;
    for (size_t i = begin; i < end; i++) {
        size_t other = a->triangle[i];
        if (other != triangle && dot(a->unit[other], a->unit[triangle]) > cosine)
            sum = add(sum, a->side[other]);
    }
    return normalize(sum);
}

void smooth_faces(Mesh *mesh, const Faces *f)
{
    Around around = find_around(f);
    float cosine = cosf(clamp(f->crease, 0, TURN / 2));
    for (size_t t = 0; t < f->triangles; t++) {
        if (dot(around.side[t], around.side[t]) <= 0) continue;
        for (int k = 0; k < 3; k++) {
            int point = f->corner[3 * t + (size_t)k];
            mesh_put(mesh, f->point[point], corner_normal(&around, t, point, cosine));
        }
    }
    free_around(&around);
}
