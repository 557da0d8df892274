/*
 * The catalogue: every part that can be rendered, with its labels.
 */
#pragma once

#include "mesh.h"

#include <stdbool.h>

/* Which views of a part a picture can tell apart. The angle is that between the part's axis (z) and
 * the direction to the camera, in degrees. */
typedef enum Views {
    VIEWS_NONE, /* looks the same from everywhere: no angle label */
    VIEWS_HALF, /* both ends look alike: 0, 45, 90 */
    VIEWS_FULL, /* 0, 45, 90, 135, 180 */
} Views;

typedef struct Part {
    const char *type, *name;
    Views views;
    /* Adds the part to an empty mesh, in any unit; `p` is this row's. */
    void (*build)(Mesh *mesh, const float *p);
    float p[4];
} Part;

extern const Part catalogue[];
extern const int catalogue_parts;
