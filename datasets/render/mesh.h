/*
 * Triangle meshes: a plain list of triangles; each corner has its own normal, so that edges stay sharp
 * where the outline has a corner.
 */
#pragma once

#include "geometry.h"

#include <stddef.h>

typedef struct Corner {
    Vec position, normal;
    float slot; /* which coat it has; a float, as it lies among them */
} Corner;

typedef struct Mesh {
    Corner *corner; /* three per triangle */
    size_t corners, capacity;
    int slot; /* of what is added next: the number of a coat */
} Mesh;

void mesh_free(Mesh *mesh);

void mesh_put(Mesh *mesh, Vec position, Vec normal);

/* Turns and then moves the corners from number `first` on. */
void mesh_place(Mesh *mesh, size_t first, Rotation rotation, Vec move);

/* Moves the middle of the bounding box to the origin and scales to bounding radius 1. The mesh has some
 * extent. */
void mesh_normalize(Mesh *mesh);
