/*
 * Three-dimensional vectors and rotations, single precision. Right-handed; the bench is z = 0.
 */
#pragma once

#include <math.h>

#define TURN 6.28318531F /* 2 pi */

typedef struct Vec {
    float x, y, z;
} Vec;

static inline Vec vec(float x, float y, float z)
{
    return (Vec){x, y, z};
}
static inline Vec add(Vec a, Vec b)
{
    return vec(a.x + b.x, a.y + b.y, a.z + b.z);
}
static inline Vec sub(Vec a, Vec b)
{
    return vec(a.x - b.x, a.y - b.y, a.z - b.z);
}
static inline Vec scale(float s, Vec a)
{
    return vec(s * a.x, s * a.y, s * a.z);
}
static inline float dot(Vec a, Vec b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}
static inline Vec cross(Vec a, Vec b)
{
    return vec(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x);
}
static inline Vec multiply(Vec a, Vec b)
{
    return vec(a.x * b.x, a.y * b.y, a.z * b.z);
}
static inline Vec mix(Vec a, Vec b, float t)
{
    return add(a, scale(t, sub(b, a)));
}
static inline Vec normalize(Vec a)
{
    float length = sqrtf(dot(a, a));
    return length > 0 ? scale(1 / length, a) : vec(0, 0, 1);
}
/* As fminf and fmaxf, but inlined: without their care for NaN. */
static inline float smaller(float a, float b)
{
    return a < b ? a : b;
}
static inline float larger(float a, float b)
{
    return a > b ? a : b;
}
static inline float clamp(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}
/* 0 below `low`, 1 above `high`, smooth between. */
static inline float smoothstep(float low, float high, float x)
{
    float t = clamp((x - low) / (high - low), 0, 1);
    return t * t * (3 - 2 * t);
}

/* Columns are the images of the axes. */
typedef struct Rotation {
    Vec x, y, z;
} Rotation;

static inline Vec rotate(const Rotation *r, Vec a)
{
    return add(add(scale(a.x, r->x), scale(a.y, r->y)), scale(a.z, r->z));
}
static inline Vec rotate_back(const Rotation *r, Vec a)
{
    return vec(dot(r->x, a), dot(r->y, a), dot(r->z, a));
}
/* Some vector of length 1 at right angles to `a`. */
static inline Vec perpendicular(Vec a)
{
    Vec other = fabsf(a.x) < 0.6F ? vec(1, 0, 0) : vec(0, 1, 0);
    return normalize(cross(a, other));
}
