/*
 * Models in VRML 2.0, as KiCad's part libraries have them: surfaces of faces and their materials, within
 * groups and transforms. Textures, colours of single faces, lines, points, lights and views are passed
 * over; anything else that would make a surface is an error, so that no model lacks a piece.
 */
#pragma once

#include "base/error.h"
#include "render/mesh.h"

#include <stdbool.h>

enum { MATERIALS_MAX = 256, TRIANGLES_MAX = 1 << 21 };

typedef struct VrmlMaterial {
    char name[32]; /* by DEF; shortened; "" without */
    Vec diffuse, specular;
    float shininess, transparency;
} VrmlMaterial;

typedef struct VrmlModel {
    Mesh mesh;              /* in the file's unit, KiCad's is 0.1 inch; z is up */
    VrmlMaterial *material; /* (materials); the mesh's slots are their numbers */
    int materials;
} VrmlModel;

/* Reads `bytes` of `data`, which a zero byte follows. At least one triangle, and some extent. */
bool vrml_read(const char *data, size_t bytes, VrmlModel *model, Error *err);
void vrml_free(VrmlModel *model);
