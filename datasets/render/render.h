/*
 * From a scene to a picture: depth-buffered triangles at twice the resolution, an image-based kind of
 * lighting for metals, shadows from a depth map, and what a camera adds.
 */
#pragma once

#include "mesh.h"
#include "scene.h"
#include "shade.h"

#include <stdint.h>

/* Buffers of one thread, for pictures of one size. */
typedef struct Renderer Renderer;

Renderer *renderer_create(int side);
void renderer_destroy(Renderer *renderer);

/* What is rendered. */
typedef struct Model {
    const Mesh *mesh; /* normalised: bounding radius 1 */
    const Coat *coat; /* those that the mesh's corners name */
    uint32_t seed;    /* of where its dirt is */
} Model;

/* Renders `model` in `scene` into pixels (side, side, 4) RGBX. */
void render(Renderer *renderer, const Scene *scene, const Model *model, uint8_t *pixels);
