/* Depth-buffered triangles: for the camera with what lies under each sample, for lights only the depth. */
#pragma once

#include "geometry.h"

typedef struct Surface {
    Vec normal; /* not of length 1 */
    float slot;
} Surface;

typedef struct Raster {
    int side;
    float *depth;     /* (side,side): larger is nearer; 0: nothing */
    Surface *surface; /* (side,side) or NULL */
} Raster;

/* A corner on the screen; depth must be linear there: 1/distance, or orthographic. */
typedef struct Projected {
    float x, y, depth; /* pixels */
    Vec normal;
    float slot;
} Projected;

Raster raster_create(int side, int with_surface);
void raster_free(Raster *raster);
void raster_clear(Raster *raster);
void raster_triangle(Raster *raster, const Projected corner[3]);
