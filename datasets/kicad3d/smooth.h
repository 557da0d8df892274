/* Faces that share points, as a mesh whose corners have normals. */
#pragma once

#include "render/mesh.h"

#include <stdbool.h>

typedef struct Faces {
    const Vec *point;
    const int *corner; /* three numbers of points per triangle */
    size_t points, triangles;
    float crease; /* radians: faces that meet at less than this angle are smoothed */
} Faces;

/* Adds the triangles, those without area left out, in the mesh's slot. */
void smooth_faces(Mesh *mesh, const Faces *faces);
