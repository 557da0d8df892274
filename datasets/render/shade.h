/* Light on surfaces: what the eye sees of the bench and of the part, in linear RGB. */
#pragma once

#include "scene.h"

typedef struct Coat {
    Vec albedo;
    float metallic, roughness;
    float brushed, dirt; /* strengths, 0 … 1 */
} Coat;

/* The bench at a point of the plane z = 0: its colour without light. */
Vec ground_colour(const Background *background, float x, float y);

/* Light that the bench sends to the camera. `lit` and `open`: shares of the key light and of the sky
 * that reach the point. */
Vec ground_light(const Light *light, Vec colour, float lit, float open);

/* Light from a point of the part. `seed` of where its dirt is; `object`: the point in the part's
 * own coordinates; `height` above the bench; `bench`: the bench's mean colour, mirrored from below. */
Vec part_light(const Light *light, const Coat *coat, uint32_t seed, Vec object, Vec normal,
               Vec to_camera, float height, float lit, Vec bench);
