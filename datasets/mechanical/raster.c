/* Triangles by their edge functions, row by row within the bounding box. */
#include "raster.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

Raster raster_create(int side, int with_surface)
{
    size_t count = (size_t)side * (size_t)side;
    Raster raster = {side, malloc(count * sizeof(float)), NULL};
    if (with_surface) raster.surface = malloc(count * sizeof(Surface));
    if (!raster.depth || (with_surface && !raster.surface)) die("out of memory for a picture");
    return raster;
}

void raster_free(Raster *raster)
{
    free(raster->depth);
    free(raster->surface);
}

void raster_clear(Raster *raster)
{
    memset(raster->depth, 0, (size_t)raster->side * (size_t)raster->side * sizeof(float));
}

static int floor_within(float x, int low, int high)
{
    return (int)floorf(clamp(x, (float)low, (float)high));
}

void raster_triangle(Raster *raster, const Projected c[3])
{
    const Projected *p = &c[0], *q = &c[1], *r = &c[2];
    float area = (q->x - p->x) * (r->y - p->y) - (q->y - p->y) * (r->x - p->x);
    if (fabsf(area) < 1e-9F) return;
    int last = raster->side - 1;
    int x0 = floor_within(fminf(p->x, fminf(q->x, r->x)), 0, last);
    int x1 = floor_within(fmaxf(p->x, fmaxf(q->x, r->x)), -1, last);
    int y0 = floor_within(fminf(p->y, fminf(q->y, r->y)), 0, last);
    int y1 = floor_within(fmaxf(p->y, fmaxf(q->y, r->y)), -1, last);
    float inverse = 1 / area;
    /* weights of q and r, and their steps per pixel */
    float qx = (r->y - p->y) * inverse, qy = -(r->x - p->x) * inverse;
    float rx = -(q->y - p->y) * inverse, ry = (q->x - p->x) * inverse;
    for (int y = y0; y <= y1; y++) {
        float dx = (float)x0 + 0.5F - p->x, dy = (float)y + 0.5F - p->y;
        float b = qx * dx + qy * dy, d = rx * dx + ry * dy;
        float *depth = raster->depth + (size_t)y * (size_t)raster->side;
        for (int x = x0; x <= x1; x++, b += qx, d += rx) {
            float a = 1 - b - d;
            if (a < 0 || b < 0 || d < 0) continue;
            float z = a * p->depth + b * q->depth + d * r->depth;
            if (z <= depth[x]) continue;
            depth[x] = z;
            if (!raster->surface) continue;
            Surface *s = &raster->surface[(size_t)y * (size_t)raster->side + (size_t)x];
            s->normal = add(add(scale(a, p->normal), scale(b, q->normal)), scale(d, r->normal));
            s->slot = p->slot;
        }
    }
}
