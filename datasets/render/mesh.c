/* A mesh as a list of triangles. */
#include "mesh.h"

#include "base/error.h"

#include <stdlib.h>

void mesh_free(Mesh *mesh)
{
    free(mesh->corner);
    *mesh = (Mesh){0};
}

void mesh_put(Mesh *mesh, Vec position, Vec normal)
{
    if (mesh->corners == mesh->capacity) {
        mesh->capacity = mesh->capacity ? 2 * mesh->capacity : 4096;
        mesh->corner = realloc(mesh->corner, mesh->capacity * sizeof *mesh->corner);
        if (!mesh->corner) die("out of memory for a mesh");
    }
    mesh->corner[mesh->corners++] = (Corner){position, normal, (float)mesh->slot};
}

void mesh_place(Mesh *mesh, size_t first, Rotation rotation, Vec move)
{
    for (size_t i = first; i < mesh->corners; i++) {
        Corner *c = &mesh->corner[i];
        c->position = add(rotate(&rotation, c->position), move);
        c->normal = rotate(&rotation, c->normal);
    }
}

void mesh_normalize(Mesh *mesh)
{
    Vec low = mesh->corner[0].position, high = low;
    for (size_t i = 0; i < mesh->corners; i++) {
        Vec p = mesh->corner[i].position;
        low = vec(smaller(low.x, p.x), smaller(low.y, p.y), smaller(low.z, p.z));
        high = vec(larger(high.x, p.x), larger(high.y, p.y), larger(high.z, p.z));
    }
    Vec middle = scale(0.5F, add(low, high));
    float radius = 0;
    for (size_t i = 0; i < mesh->corners; i++) {
        Vec p = sub(mesh->corner[i].position, middle);
        radius = larger(radius, dot(p, p));
    }
    radius = sqrtf(radius);
    for (size_t i = 0; i < mesh->corners; i++)
        mesh->corner[i].position = scale(1 / radius, sub(mesh->corner[i].position, middle));
}
