/* Random numbers and colours. */
#pragma once

#include "base/random.h"
#include "geometry.h"

static inline float between(Random *random, float low, float high)
{
    return low + (high - low) * (float)random_uniform(random);
}

/* A grey whose channels differ by as much as `tint`. */
static inline Vec grey(Random *random, float low, float high, float tint)
{
    float g = between(random, low, high);
    return vec(g * (1 + between(random, -tint, tint)), g * (1 + between(random, -tint, tint)),
               g * (1 + between(random, -tint, tint)));
}
