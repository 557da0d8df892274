/*
 * From a scene to a picture: depth-buffered triangles at twice the resolution, an image-based kind of
 * lighting for metals, shadows from a depth map, and what a camera adds.
 */
#pragma once

#include "scene.h"

#include <stdint.h>

/* Buffers of one thread, for pictures of one size. */
typedef struct Renderer Renderer;

Renderer *renderer_create(int side);
void renderer_destroy(Renderer *renderer);

/* Renders `mesh` (normalised: bounding radius 1) in `scene` into pixels (side, side, 4) RGBX. */
void render(Renderer *renderer, const Scene *scene, const Mesh *mesh, uint8_t *pixels);
