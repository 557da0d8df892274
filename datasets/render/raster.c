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

static float least(float a, float b, float c)
{
    return smaller(a, smaller(b, c));
}

static float most(float a, float b, float c)
{
    return larger(a, larger(b, c));
}

void raster_triangle(Raster *raster, const Projected c[3])
{
    const Projected *p = &c[0], *q = &c[1], *r = &c[2];
    /* Samples lie in the middle of pixels; most triangles are too small to cover one. */
    float low = 0.5F, high = (float)raster->side - 0.5F;
    int x0 = (int)ceilf(clamp(least(p->x, q->x, r->x), low, high + 1) - 0.5F);
    int x1 = (int)floorf(clamp(most(p->x, q->x, r->x), low - 1, high) - 0.5F);
    int y0 = (int)ceilf(clamp(least(p->y, q->y, r->y), low, high + 1) - 0.5F);
    int y1 = (int)floorf(clamp(most(p->y, q->y, r->y), low - 1, high) - 0.5F);
    if (x0 > x1 || y0 > y1) return;
    float area = (q->x - p->x) * (r->y - p->y) - (q->y - p->y) * (r->x - p->x);
    if (fabsf(area) < 1e-9F) return;
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
