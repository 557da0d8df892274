/* What the materials of KiCad's models look like under a light. */
#pragma once

#include "render/shade.h"
#include "vrml.h"

/* How old and how clean a part is: a numbered draw. */
typedef struct Wear {
    Vec tint;            /* factors of the colours */
    float gloss;         /* factor of the roughness */
    float dirt, brushed; /* of all coats; of metals */
    float metal_roughness;
    uint32_t seed;
} Wear;

/* A pure function of (seed, number). */
Wear wear_draw(uint64_t seed, int number);

Coat coat_of(const VrmlMaterial *material, const Wear *wear);
