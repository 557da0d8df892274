/*
 * The catalogue: every part that can be rendered, with its labels.
 */
#pragma once

#include "render/scene.h"
#include "solids.h"

/* A part that looks the same from both ends has no view of 135 degrees; one whose end says little of
 * what it is is not seen from its end; one that looks the same from all sides has no angle. */
enum {
    VIEWS_DISC = VIEW_0 | VIEW_45 | VIEW_90,
    VIEWS_CUP = VIEW_0 | VIEW_45 | VIEW_90 | VIEW_135,
    VIEWS_ROD = VIEW_45 | VIEW_90,
    VIEWS_BOLT = VIEW_45 | VIEW_90 | VIEW_135,
    VIEWS_BALL = VIEWS_CUP | VIEW_UNTOLD
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
