/*
 * The catalogue: every part that can be rendered, with its labels.
 */
#pragma once

#include "mesh.h"

#include <stdbool.h>

/* Views that a picture can tell apart. The angle is that between the part's axis (z) and the direction
 * to the camera, in steps of 45 degrees. A part that looks the same from both ends has no 135; one
 * whose end says little of what it is is not seen from its end. */
enum { VIEW_0 = 1, VIEW_45 = 2, VIEW_90 = 4, VIEW_135 = 8, VIEW_ANY = 16 /* no angle label */ };
enum {
    VIEWS_DISC = VIEW_0 | VIEW_45 | VIEW_90,
    VIEWS_CUP = VIEW_0 | VIEW_45 | VIEW_90 | VIEW_135,
    VIEWS_ROD = VIEW_45 | VIEW_90,
    VIEWS_BOLT = VIEW_45 | VIEW_90 | VIEW_135
};

typedef struct Part {
    const char *type, *name;
    int views;   /* VIEW_*, or-ed */
    bool facing; /* seen from its side, it turns its +y to the camera; else any side */
    /* Adds the part to an empty mesh, in any unit; `p` is this row's. */
    void (*build)(Mesh *mesh, const float *p);
    float p[4];
} Part;

extern const Part catalogue[];
extern const int catalogue_parts;
