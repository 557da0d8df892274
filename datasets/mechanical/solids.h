/*
 * Meshes of mechanical parts, put together from a few solids: surfaces of revolution, prisms, tubes
 * along a path, plates with holes.
 *
 * Solids stand on the z axis: outlines lie in planes of equal z, profiles are pairs (r, z).
 */
#pragma once

#include "render/mesh.h"

/* What a corner is made of: the part's own material or one that goes with it. */
enum { SLOT_BODY, SLOT_DARK, SLOT_SECOND, SLOTS };

typedef struct Point {
    float x, y;
} Point;

/* Turns a profile of (r, z) points about the z axis; segments that meet at less than 35 degrees
 * are smoothed. Only `count` points, in order along the profile. */
void mesh_lathe(Mesh *mesh, const Point *profile, int count);

/* A thread: radius between `radius` - `depth` and `radius`, winding from z0 to z1. */
void mesh_thread(Mesh *mesh, float radius, float depth, float pitch, float z0, float z1);

/* A prism over an outline that is star-shaped about the origin, from z0 to z1, its outer edges cut
 * by `chamfer`. `inner`: the outline of a bore with as many points, or NULL: none. Sides that meet
 * at less than 35 degrees are smoothed. */
void mesh_prism(Mesh *mesh, const Point *outer, const Point *inner, int count, float z0, float z1,
                float chamfer);

/* A tube of radius `radius` along a path, closed by flat ends. */
void mesh_tube(Mesh *mesh, const Vec *path, int count, float radius);

void mesh_sphere(Mesh *mesh, Vec centre, float radius);

/* A box from `low` to `high` with chamfered edges in z. */
void mesh_box(Mesh *mesh, Vec low, Vec high, float chamfer);

/* A plate of `columns` x `rows` equal cells, centred on (cx, cy), from z0 to z1, with a round hole
 * of radius `hole` in the middle of each cell (0: none). */
void mesh_plate(Mesh *mesh, float cx, float cy, float width, float height, float z0, float z1,
                int columns, int rows, float hole);

/* Outlines with `count` points. */
void outline_circle(Point *out, int count, float radius);
void outline_polygon(Point *out, int count, int sides, float across_flats);
/* A slot, or with `arms` = 4 a cross, of half-length `length` and half-width `width`. */
void outline_recess(Point *out, int count, int arms, float length, float width);
/* Radius swings between `root` and `tip`, `teeth` times; `flat`: share of a tooth's pitch at full
 * height, 0 … 0.5. */
void outline_teeth(Point *out, int count, int teeth, float root, float tip, float flat);
