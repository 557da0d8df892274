/* What mechanical parts are made of: numbered draws. */
#pragma once

#include "render/shade.h"
#include "solids.h"

typedef struct Material {
    Coat coat[SLOTS]; /* by what a corner is made of */
    uint32_t seed;
} Material;

/* A pure function of (seed, number). */
Material material_draw(uint64_t seed, int number);
