/* Value noise: cheap, smooth, and a pure function of place and seed. */
#pragma once

#include "geometry.h"

#include <stdint.h>

static inline float noise_lattice(int x, int y, int z, uint32_t seed)
{
    uint32_t h = (uint32_t)x * 0x8da6b343U ^ (uint32_t)y * 0xd8163841U ^ (uint32_t)z * 0xcb1ab31fU ^
                 seed * 0x9e3779b9U;
    h = (h ^ h >> 15) * 0x2c1b3c6dU;
    h = (h ^ h >> 12) * 0x297a2d39U;
    return (float)(h >> 8) * (1.0F / 16777216);
}

/* 0 … 1, changing over a distance of about 1. */
static inline float noise2(float x, float y, uint32_t seed)
{
    int ix = (int)floorf(x), iy = (int)floorf(y);
    float fx = smoothstep(0, 1, x - (float)ix), fy = smoothstep(0, 1, y - (float)iy);
    float a = noise_lattice(ix, iy, 0, seed), b = noise_lattice(ix + 1, iy, 0, seed);
    float c = noise_lattice(ix, iy + 1, 0, seed), d = noise_lattice(ix + 1, iy + 1, 0, seed);
    float low = a + fx * (b - a), high = c + fx * (d - c);
    return low + fy * (high - low);
}

static inline float noise3(Vec p, uint32_t seed)
{
    int iz = (int)floorf(p.z);
    float fz = smoothstep(0, 1, p.z - (float)iz);
    float low = noise2(p.x, p.y, seed + 977U * (uint32_t)iz);
    float high = noise2(p.x, p.y, seed + 977U * (uint32_t)(iz + 1));
    return low + fz * (high - low);
}

/* Three octaves. */
static inline float noise_cloud(float x, float y, uint32_t seed)
{
    return 0.57F * noise2(x, y, seed) + 0.29F * noise2(2.1F * x, 2.1F * y, seed + 1) +
           0.14F * noise2(4.3F * x, 4.3F * y, seed + 2);
}
