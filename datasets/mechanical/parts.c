/*
 * Parts as combinations of solids. Lengths are in units of the part's own size (a shank's radius, a
 * bore): what a picture shows of a size is proportion.
 */
#include "parts.h"

enum { N = 72 }; /* points of an outline with a bore */

static const Rotation upright = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
static const Rotation upside_down = {{1, 0, 0}, {0, -1, 0}, {0, 0, -1}};
static const Rotation along_x = {{0, 0, -1}, {0, 1, 0}, {1, 0, 0}};
static const Rotation along_y = {{1, 0, 0}, {0, 0, -1}, {0, 1, 0}};
static const Rotation x_to_z = {{0, 0, 1}, {1, 0, 0}, {0, 1, 0}}; /* and z to y */
static const Rotation y_to_z = {{1, 0, 0}, {0, 0, 1}, {0, -1, 0}};

static void cylinder(Mesh *mesh, float radius, float z0, float z1, float chamfer)
{
    Point profile[] = {{0, z0},
                       {radius - chamfer, z0},
                       {radius, z0 + chamfer},
                       {radius, z1 - chamfer},
                       {radius - chamfer, z1},
                       {0, z1}};
    mesh_lathe(mesh, profile, 6);
}

static void tube(Mesh *mesh, float inner, float outer, float z0, float z1, float chamfer)
{
    Point profile[] = {{inner, z0},
                       {outer - chamfer, z0},
                       {outer, z0 + chamfer},
                       {outer, z1 - chamfer},
                       {outer - chamfer, z1},
                       {inner, z1},
                       {inner, z0}};
    mesh_lathe(mesh, profile, 7);
}

/* A disc whose top has a recess: socket, slot or cross. */
static void recessed(Mesh *mesh, const Point *recess, int count, float radius, float z0, float z1,
                     float depth)
{
    Point outer[N];
    outline_circle(outer, count, radius);
    mesh_prism(mesh, outer, recess, count, z1 - depth, z1, 0);
    cylinder(mesh, radius, z0, z1 - depth, 0);
}

static void hexagon(Mesh *mesh, float flats, float z0, float z1, float bore)
{
    Point outer[N], inner[N];
    outline_polygon(outer, N, 6, flats);
    outline_circle(inner, N, bore);
    mesh_prism(mesh, outer, bore > 0 ? inner : NULL, N, z0, z1, 0.07F);
}

/* p: length, thread length, radius of a flange under the head (0: none) */
static void hex_bolt(Mesh *mesh, const float *p)
{
    hexagon(mesh, 3.3F, 0, 1.3F, 0);
    if (p[2] > 0) {
        Point skirt[] = {{0, -0.1F}, {p[2], -0.1F}, {p[2], 0.1F}, {1.7F, 0.5F}};
        mesh_lathe(mesh, skirt, 4);
    }
    cylinder(mesh, 1, -p[0] + p[1], 0, 0);
    mesh_thread(mesh, 1, 0.16F, 0.34F, -p[0], -p[0] + p[1]);
}

/* p: length */
static void carriage_bolt(Mesh *mesh, const float *p)
{
    Point dome[] = {{0, 0},       {2.1F, 0},     {2.1F, 0.12F}, {1.8F, 0.55F},
                    {1.2F, 0.9F}, {0.6F, 1.06F}, {0, 1.1F}};
    mesh_lathe(mesh, dome, 7);
    mesh_box(mesh, vec(-1, -1, -1.1F), vec(1, 1, 0), 0);
    cylinder(mesh, 1, -p[0] + 3, -1, 0);
    mesh_thread(mesh, 1, 0.16F, 0.34F, -p[0], -p[0] + 3);
}

/* p: length */
static void socket_screw(Mesh *mesh, const float *p)
{
    Point hexagonal[N];
    outline_polygon(hexagonal, N, 6, 1.7F);
    recessed(mesh, hexagonal, N, 1.65F, 0, 1.9F, 0.9F);
    mesh_thread(mesh, 1, 0.16F, 0.34F, -p[0], 0);
}

/* p: length, arms of the recess */
static void countersunk_screw(Mesh *mesh, const float *p)
{
    Point recess[N];
    outline_recess(recess, N, (int)p[1], 1.2F, 0.26F);
    Point cone[] = {{0.9F, -1.1F}, {2, 0}, {2, 0.12F}};
    mesh_lathe(mesh, cone, 3);
    recessed(mesh, recess, N, 2, 0, 0.13F, 0.12F);
    mesh_thread(mesh, 1, 0.2F, 0.45F, -p[0], -0.9F);
}

/* p: length */
static void pan_screw(Mesh *mesh, const float *p)
{
    Point recess[N];
    outline_recess(recess, N, 2, 1.6F, 0.24F);
    Point dome[] = {{0, 0}, {2, 0}, {2.05F, 0.45F}, {1.9F, 0.85F}, {1.6F, 1.1F}};
    mesh_lathe(mesh, dome, 5);
    recessed(mesh, recess, N, 1.6F, 0.5F, 1.1F, 0.45F);
    mesh_thread(mesh, 1, 0.16F, 0.34F, -p[0], 0);
}

static void set_screw(Mesh *mesh, const float *p)
{
    Point hexagonal[N], outer[N];
    outline_polygon(hexagonal, N, 6, 1.05F);
    outline_circle(outer, N, 0.86F);
    mesh_thread(mesh, 1, 0.16F, 0.34F, 0.3F, p[0] - 0.02F);
    mesh_prism(mesh, outer, hexagonal, N, p[0] - 0.6F, p[0] + 0.1F, 0);
    Point tip[] = {{0, 0}, {0.5F, 0}, {0.85F, 0.35F}};
    mesh_lathe(mesh, tip, 3);
    mesh->slot = SLOT_DARK;
    cylinder(mesh, 0.6F, p[0], p[0] + 0.01F, 0);
}

/* Lines inside a threaded bore. */
static void bore_thread(Mesh *mesh, float radius, float z0, float z1)
{
    int ridges = (int)((z1 - z0) / 0.3F);
    float dz = (z1 - z0) / (float)ridges;
    for (int i = 0; i < ridges; i++) {
        float z = z0 + dz * (float)i;
        Point groove[] = {{radius, z + dz}, {radius - 0.12F, z + dz / 2}, {radius, z}};
        mesh_lathe(mesh, groove, 3);
    }
}

/* p: height, radius of a flange (0: none) */
static void hex_nut(Mesh *mesh, const float *p)
{
    hexagon(mesh, 3.4F, 0, p[0], 1.02F);
    bore_thread(mesh, 1, 0.02F, p[0] - 0.02F);
    if (p[1] > 0) tube(mesh, 1, p[1], -0.15F, 0.25F, 0.05F);
}

static void square_nut(Mesh *mesh, const float *p)
{
    Point outer[N], inner[N];
    outline_polygon(outer, N, 4, 3.3F);
    outline_circle(inner, N, 1.02F);
    mesh_prism(mesh, outer, inner, N, 0, p[0], 0.06F);
    bore_thread(mesh, 1, 0.02F, p[0] - 0.02F);
}

static void cap_nut(Mesh *mesh, const float *p)
{
    hexagon(mesh, 3.4F, 0, 1.4F, 1.02F);
    bore_thread(mesh, 1, 0.02F, 1.4F);
    Point dome[] = {{1.55F, 1.35F}, {1.5F, 1.5F}, {1.35F, 2.1F},
                    {1, 2.55F},     {0.5F, 2.8F}, {0, p[0]}};
    mesh_lathe(mesh, dome, 6);
}

/* A wing nut: p: length of a wing */
static void wing_nut(Mesh *mesh, const float *p)
{
    tube(mesh, 1, 1.7F, 0, 1.7F, 0.1F);
    bore_thread(mesh, 1, 0.02F, 1.68F);
    for (int side = -1; side <= 1; side += 2) {
        size_t first = mesh->corners;
        Point ear[N];
        for (int i = 0; i < N; i++) {
            float angle = TURN * (float)i / N;
            ear[i] = (Point){p[0] / 2 * cosf(angle), 1.1F * sinf(angle)};
        }
        mesh_prism(mesh, ear, NULL, N, -0.25F, 0.25F, 0.1F);
        Rotation stand = {
            {0.8F * (float)side, 0, 0.6F}, {-0.6F * (float)side, 0, 0.8F}, {0, (float)side, 0}};
        mesh_place(mesh, first, stand,
                   vec((float)side * (1.2F + 0.35F * p[0]), 0, 1.1F + 0.2F * p[0]));
    }
}

/* p: outer radius, thickness; the bore is 1 */
static void washer(Mesh *mesh, const float *p)
{
    tube(mesh, 1, p[0], 0, p[1], 0.03F);
}

/* p: teeth, outer radius */
static void toothed_washer(Mesh *mesh, const float *p)
{
    enum { COUNT = 240 };
    Point outer[COUNT], inner[COUNT];
    outline_teeth(outer, COUNT, (int)p[0], p[1] - 0.45F, p[1], 0.3F);
    outline_circle(inner, COUNT, 1);
    mesh_prism(mesh, outer, inner, COUNT, 0, 0.16F, 0);
}

/* A spring washer: one turn of a square wire that does not close. */
static void split_washer(Mesh *mesh, const float *p)
{
    enum { COUNT = 48 };
    Vec path[COUNT];
    for (int i = 0; i < COUNT; i++) {
        float t = (float)i / (COUNT - 1), angle = TURN * (0.02F + 0.96F * t);
        path[i] = vec(1.35F * cosf(angle), 1.35F * sinf(angle), p[0] * t);
    }
    mesh_tube(mesh, path, COUNT, 0.36F);
}

/* p: teeth, thickness, radius of the bore, radius of a hub (0: none) */
static void spur_gear(Mesh *mesh, const float *p)
{
    int count = (int)p[0] * 12;
    Point outer[720], inner[720];
    float module = 2 / p[0]; /* pitch radius 1 */
    outline_teeth(outer, count, (int)p[0], 1 - 1.25F * module, 1 + module, 0.2F);
    outline_circle(inner, count, p[2]);
    mesh_prism(mesh, outer, inner, count, 0, p[1], 0.02F);
    if (p[3] > 0) tube(mesh, p[2], p[3], -0.3F * p[1], 1.9F * p[1], 0.02F);
    mesh_box(mesh, vec(-0.3F * p[2], p[2] * 0.8F, 0), vec(0.3F * p[2], p[2] * 1.05F, p[1] * 1.001F),
             0);
}

/* p: inner radius (the outer is 1), half width, balls; 0 balls: sealed, -1: needles */
static void bearing(Mesh *mesh, const float *p)
{
    float wall = 0.24F * (1 - p[0]), middle = (1 + p[0]) / 2, w = p[1];
    tube(mesh, 1 - wall, 1, -w, w, 0.03F);
    tube(mesh, p[0], p[0] + wall, -w, w, 0.02F);
    mesh->slot = SLOT_DARK;
    if (p[2] == 0) {
        mesh->slot = SLOT_SECOND;
        tube(mesh, p[0] + wall, 1 - wall, -0.9F * w, 0.9F * w, 0);
        return;
    }
    tube(mesh, p[0] + wall, 1 - wall, -0.25F * w, 0.25F * w, 0);
    mesh->slot = SLOT_BODY;
    float room = 0.5F * (1 - p[0]) - wall;
    for (int i = 0; i < (int)p[2]; i++) {
        float angle = TURN * (float)i / p[2];
        mesh_sphere(mesh, vec(middle * cosf(angle), middle * sinf(angle), 0), room * 1.1F);
    }
}

/* Rollers between rings. p: inner radius, half width, rollers */
static void roller_bearing(Mesh *mesh, const float *p)
{
    float wall = 0.16F * (1 - p[0]), middle = (1 + p[0]) / 2, w = p[1];
    float room = 0.5F * (1 - p[0]) - wall;
    tube(mesh, 1 - wall, 1, -w, w, 0.03F);
    tube(mesh, p[0], p[0] + wall, -w, w, 0.02F);
    for (int i = 0; i < (int)p[2]; i++) {
        float angle = TURN * (float)i / p[2];
        size_t first = mesh->corners;
        cylinder(mesh, room * 0.9F, -0.95F * w, 0.95F * w, 0.02F);
        mesh_place(mesh, first, upright, vec(middle * cosf(angle), middle * sinf(angle), 0));
    }
    mesh->slot = SLOT_DARK;
    tube(mesh, p[0] + wall, 1 - wall, -0.5F * w, 0.5F * w, 0);
}

/* p: turns, height, wire radius, radius at the top (the bottom's is 1) */
static void coil_spring(Mesh *mesh, const float *p)
{
    enum { COUNT = 280 };
    Vec path[COUNT];
    for (int i = 0; i < COUNT; i++) {
        float t = (float)i / (COUNT - 1), angle = TURN * p[0] * t, r = 1 + (p[3] - 1) * t;
        float rise = smoothstep(0, 1, clamp(t, 0, 1)) * 0.3F + t * 0.7F; /* closed ends */
        path[i] = vec(r * cosf(angle), r * sinf(angle), p[1] * rise);
    }
    mesh_tube(mesh, path, COUNT, p[2]);
}

/* Coils side by side with a hook at each end. p: turns, wire radius */
static void extension_spring(Mesh *mesh, const float *p)
{
    enum { COIL = 240, HOOK = 24, COUNT = COIL + 2 * HOOK };
    Vec path[COUNT];
    float height = p[0] * 2.1F * p[1];
    for (int i = 0; i < COIL; i++) {
        float t = (float)i / (COIL - 1), angle = TURN * p[0] * t;
        path[HOOK + i] = vec(cosf(angle), sinf(angle), height * t);
    }
    for (int i = 0; i < HOOK; i++) {
        float angle = TURN * 0.72F * (float)(i + 1) / HOOK;
        float x = cosf(angle), z = sinf(angle) * 0.95F;
        path[HOOK - 1 - i] = vec(x, 0, -larger(0.1F, 0.9F - 0.9F * cosf(angle)) - 0.2F * fabsf(z));
        path[HOOK + COIL + i] =
            vec(x, 0, height + larger(0.1F, 0.9F - 0.9F * cosf(angle)) + 0.2F * fabsf(z));
    }
    mesh_tube(mesh, path, COUNT, p[1]);
}

/* Two legs at right angles; the axis is the bend. p: leg length, width, holes per leg, gusset */
static void bracket(Mesh *mesh, const float *p)
{
    float length = p[0], w = p[1], t = 0.16F;
    int holes = (int)p[2];
    float hole = smaller(0.2F * w, 0.22F * length / p[2]);
    mesh_plate(mesh, length / 2, 0, length, w, 0, t, holes, 1, hole);
    size_t first = mesh->corners;
    mesh_plate(mesh, length / 2, 0, length, w, -t, 0, holes, 1, hole);
    Rotation up = {{0, 0, 1}, {0, 1, 0}, {-1, 0, 0}};
    mesh_place(mesh, first, up, vec(0, 0, 0));
    if (p[3] > 0) {
        Point triangle[3] = {
            {p[3], -0.3F * p[3]}, {-0.3F * p[3], p[3]}, {-0.3F * p[3], -0.3F * p[3]}};
        first = mesh->corners;
        mesh_prism(mesh, triangle, NULL, 3, -0.08F, 0.08F, 0);
        Rotation side = {{1, 0, 0}, {0, 0, 1}, {0, -1, 0}};
        mesh_place(mesh, first, side, vec(t + 0.3F * p[3], 0, t + 0.3F * p[3]));
    }
    mesh_place(mesh, 0, y_to_z, vec(0, 0, 0));
    const float h = 0.70710678F; /* the opening, between +x and -y, turns to +y */
    Rotation opening = {{-h, h, 0}, {-h, -h, 0}, {0, 0, 1}};
    mesh_place(mesh, 0, opening, vec(0, 0, 0));
}

/* A Z-shaped plate; the axis lies along its bends. p: length, width, height */
static void offset_bracket(Mesh *mesh, const float *p)
{
    float t = 0.14F;
    mesh_plate(mesh, p[0] / 2, 0, p[0], p[1], 0, t, 1, 1, 0.2F * p[1]);
    mesh_plate(mesh, -p[0] / 2 + t, 0, p[0], p[1], p[2] - t, p[2], 1, 1, 0.2F * p[1]);
    mesh_box(mesh, vec(0, -p[1] / 2, 0), vec(t, p[1] / 2, p[2]), 0);
    mesh_place(mesh, 0, y_to_z, vec(0, 0, 0));
}

/* p: middle radius, end radius, middle length, total length */
static void stepped_shaft(Mesh *mesh, const float *p)
{
    float half = p[2] / 2, end = p[3] / 2;
    Point profile[] = {{0, -end},
                       {p[1] - 0.08F, -end},
                       {p[1], -end + 0.08F},
                       {p[1], -half},
                       {p[0], -half},
                       {p[0], half},
                       {0.75F * p[0], half},
                       {0.75F * p[0], half + 0.4F * (end - half)},
                       {p[1], half + 0.4F * (end - half)},
                       {p[1], end - 0.08F},
                       {p[1] - 0.08F, end},
                       {0, end}};
    mesh_lathe(mesh, profile, 12);
}

/* p: splines, length */
static void splined_shaft(Mesh *mesh, const float *p)
{
    enum { COUNT = 240 };
    Point outer[COUNT];
    outline_teeth(outer, COUNT, (int)p[0], 0.78F, 1, 0.4F);
    mesh_prism(mesh, outer, NULL, COUNT, -p[1] / 2, p[1] * 0.1F, 0.03F);
    cylinder(mesh, 0.72F, -p[1] / 2, p[1] / 2, 0.06F);
    tube(mesh, 0.7F, 1.15F, 0.1F * p[1], 0.16F * p[1], 0.03F);
}

/* A shaft with a key in it. p: length */
static void keyed_shaft(Mesh *mesh, const float *p)
{
    cylinder(mesh, 1, -p[0] / 2, p[0] / 2, 0.1F);
    mesh->slot = SLOT_SECOND;
    mesh_box(mesh, vec(-0.28F, 0.7F, -0.32F * p[0]), vec(0.28F, 1.3F, 0.2F * p[0]), 0.04F);
}

/* p: grooves, width of a groove, bore */
static void v_pulley(Mesh *mesh, const float *p)
{
    int grooves = (int)p[0], n = 0;
    float w = p[1], z = -w * p[0] / 2 - 0.06F;
    Point profile[32];
    profile[n++] = (Point){p[2], z};
    profile[n++] = (Point){1, z};
    for (int i = 0; i < grooves; i++) {
        float low = z + 0.06F + w * (float)i;
        profile[n++] = (Point){1, low};
        profile[n++] = (Point){0.72F, low + 0.38F * w};
        profile[n++] = (Point){0.72F, low + 0.62F * w};
        profile[n++] = (Point){1, low + w};
    }
    profile[n++] = (Point){1, -z};
    profile[n++] = (Point){0.9F, -z};
    profile[n++] = (Point){0.6F, -0.5F * w};
    profile[n++] = (Point){p[2] + 0.16F, 0.5F * w};
    profile[n++] = (Point){p[2] + 0.16F, -z + 0.12F};
    profile[n++] = (Point){p[2], -z + 0.12F};
    profile[n++] = (Point){p[2], z};
    mesh_lathe(mesh, profile, n);
}

/* p: teeth, half width, bore */
static void timing_pulley(Mesh *mesh, const float *p)
{
    int count = (int)p[0] * 10;
    Point outer[720], inner[720];
    outline_teeth(outer, count, (int)p[0], 0.8F, 0.9F, 0.35F);
    outline_circle(inner, count, p[2]);
    mesh_prism(mesh, outer, inner, count, -p[1], p[1], 0);
    tube(mesh, p[2], 1, -p[1] - 0.08F, -p[1], 0.02F);
    tube(mesh, p[2], 1, p[1], p[1] + 0.08F, 0.02F);
    tube(mesh, p[2], p[2] + 0.22F, p[1], p[1] + 0.4F, 0.03F);
}

/* The sector of a flange around one hole: an outline seen from the hole's middle. */
static void flange_sector(Mesh *mesh, float inner, float outer, float hole, int sectors, int sector,
                          float thickness)
{
    enum { ARC = 14, SIDE = 6, COUNT = 2 * ARC + 2 * SIDE };
    float half = TURN / (float)sectors / 2, middle = 0.5F * (inner + outer) + 0.03F;
    Point edge[COUNT], circle[COUNT];
    for (int i = 0; i < COUNT; i++) {
        float r, angle;
        if (i < ARC)
            r = outer, angle = -half + 2 * half * (float)i / ARC;
        else if (i < ARC + SIDE)
            r = outer + (inner - outer) * (float)(i - ARC) / SIDE, angle = half;
        else if (i < 2 * ARC + SIDE)
            r = inner, angle = half - 2 * half * (float)(i - ARC - SIDE) / ARC;
        else
            r = inner + (outer - inner) * (float)(i - 2 * ARC - SIDE) / SIDE, angle = -half;
        edge[i] = (Point){r * cosf(angle) - middle, r * sinf(angle)};
        float length = hypotf(edge[i].x, edge[i].y);
        circle[i] = (Point){hole * edge[i].x / length, hole * edge[i].y / length};
    }
    size_t first = mesh->corners;
    mesh_prism(mesh, edge, circle, COUNT, 0, thickness, 0);
    float turn = 2 * half * (float)sector, c = cosf(turn), s = sinf(turn);
    Rotation about_z = {{c, s, 0}, {-s, c, 0}, {0, 0, 1}};
    mesh_place(mesh, first, about_z, vec(middle * c, middle * s, 0));
}

/* p: holes, bore, hole radius, height of the neck */
static void flange(Mesh *mesh, const float *p)
{
    for (int i = 0; i < (int)p[0]; i++)
        flange_sector(mesh, p[1] + 0.1F, 1, p[2], (int)p[0], i, 0.16F);
    tube(mesh, p[1], p[1] + 0.12F, 0, 0.16F + p[3], 0.02F);
}

/* Two leaves around a barrel, the axis. p: leaf length, leaf width, holes, opening (cosine
 * of the angle of the second leaf) */
static void hinge(Mesh *mesh, const float *p)
{
    float t = 0.12F, barrel = 0.2F, sine = sqrtf(larger(0, 1 - p[3] * p[3]));
    for (int leaf = 0; leaf < 2; leaf++) {
        size_t first = mesh->corners;
        mesh_plate(mesh, 0, p[1] / 2 + 0.5F * barrel, p[0], p[1], -t / 2, t / 2, (int)p[2], 1,
                   0.12F * p[1] + 0.05F);
        Rotation swing = {{1, 0, 0}, {0, -p[3], sine}, {0, -sine, -p[3]}};
        if (leaf) mesh_place(mesh, first, swing, vec(0, 0, 0));
    }
    for (int k = 0; k < 5; k++) {
        size_t first = mesh->corners;
        float z = p[0] * ((float)k / 5 - 0.5F);
        cylinder(mesh, barrel, z + 0.01F, z + p[0] / 5 - 0.01F, 0.015F);
        mesh_place(mesh, first, along_x, vec(0, 0, 0));
    }
    mesh_place(mesh, 0, x_to_z, vec(0, 0, 0));
}

/* p: length */
static void dowel_pin(Mesh *mesh, const float *p)
{
    cylinder(mesh, 1, -p[0] / 2, p[0] / 2, 0.3F);
}

/* p: length */
static void clevis_pin(Mesh *mesh, const float *p)
{
    cylinder(mesh, 1.7F, 0, 0.7F, 0.12F);
    cylinder(mesh, 1, -p[0], 0, 0.15F);
    mesh->slot = SLOT_DARK;
    size_t first = mesh->corners;
    cylinder(mesh, 0.34F, -1.02F, 1.02F, 0);
    mesh_place(mesh, first, along_y, vec(0, 0, -p[0] + 1.1F));
}

/* A split pin: an eye and two legs of unequal length. p: length */
static void split_pin(Mesh *mesh, const float *p)
{
    enum { EYE = 30, COUNT = EYE + 2 };
    Vec path[COUNT];
    for (int i = 0; i < EYE; i++) {
        float angle = TURN * (0.06F + 0.88F * (float)i / (EYE - 1)) - TURN / 4;
        path[i + 1] = vec(0.85F * cosf(angle), 0, 1 + sinf(angle));
    }
    path[0] = vec(0.26F, 0, -p[0]);
    path[COUNT - 1] = vec(-0.26F, 0, -0.85F * p[0]);
    mesh_tube(mesh, path, COUNT, 0.25F);
}

/* p: lobes, depth of the lobes */
static void lobed_knob(Mesh *mesh, const float *p)
{
    enum { COUNT = 180 };
    Point outer[COUNT];
    for (int i = 0; i < COUNT; i++) {
        float angle = TURN * (float)i / COUNT, r = 1 - p[1] * (0.5F - 0.5F * cosf(p[0] * angle));
        outer[i] = (Point){r * cosf(angle), r * sinf(angle)};
    }
    mesh->slot = SLOT_SECOND;
    mesh_prism(mesh, outer, NULL, COUNT, 0, 0.5F, 0.1F);
    Point neck[] = {{0, -0.35F}, {0.4F, -0.35F}, {0.45F, 0}};
    mesh_lathe(mesh, neck, 3);
    mesh->slot = SLOT_BODY;
    mesh_thread(mesh, 0.22F, 0.04F, 0.09F, -1.3F, -0.33F);
    cylinder(mesh, 0.3F, 0.45F, 0.54F, 0.02F);
}

/* p: length of the bar */
static void tee_knob(Mesh *mesh, const float *p)
{
    size_t first = mesh->corners;
    mesh->slot = SLOT_SECOND;
    cylinder(mesh, 0.28F, -p[0] / 2, p[0] / 2, 0.1F);
    mesh_place(mesh, first, along_x, vec(0, 0, 0.3F));
    Point neck[] = {{0, -0.6F}, {0.3F, -0.6F}, {0.24F, 0}, {0.3F, 0.3F}};
    mesh_lathe(mesh, neck, 4);
    mesh->slot = SLOT_BODY;
    mesh_thread(mesh, 0.2F, 0.04F, 0.09F, -1.7F, -0.58F);
}

/* p: share of the turn that is closed, length of the shank */
static void eye_bolt(Mesh *mesh, const float *p)
{
    enum { ARC = 48, COUNT = ARC + 2 };
    Vec path[COUNT];
    path[0] = vec(0, 0, -1 - p[1] * 0.5F);
    path[1] = vec(0, 0, -1.25F);
    for (int i = 0; i < ARC; i++) {
        float angle = -TURN / 4 + TURN * p[0] * (float)i / (ARC - 1);
        path[i + 2] = vec(cosf(angle), 0, sinf(angle));
    }
    mesh_tube(mesh, path, COUNT, 0.24F);
    mesh_thread(mesh, 0.28F, 0.06F, 0.13F, -1.2F - p[1], -1.3F);
}

/* p: length of the legs */
static void u_bolt(Mesh *mesh, const float *p)
{
    enum { ARC = 32, COUNT = ARC + 2 };
    Vec path[COUNT];
    for (int i = 0; i < ARC; i++) {
        float angle = TURN / 2 * (float)i / (ARC - 1);
        path[i + 1] = vec(cosf(angle), 0, sinf(angle));
    }
    path[0] = vec(1, 0, -p[0] * 0.4F);
    path[COUNT - 1] = vec(-1, 0, -p[0] * 0.4F);
    mesh_tube(mesh, path, COUNT, 0.2F);
    for (int side = -1; side <= 1; side += 2) {
        size_t first = mesh->corners;
        mesh_thread(mesh, 0.22F, 0.04F, 0.11F, -p[0], -p[0] * 0.35F);
        mesh_place(mesh, first, side < 0 ? upright : upside_down,
                   vec((float)side, 0, side < 0 ? 0 : -p[0] * 1.35F));
    }
}

static void ball(Mesh *mesh, const float *p)
{
    Point arc[33];
    for (int i = 0; i < 33; i++) {
        float angle = TURN / 2 * (float)i / 32;
        arc[i] = (Point){p[0] * sinf(angle), -p[0] * cosf(angle)};
    }
    if (p[1] > 0) mesh->slot = SLOT_SECOND;
    mesh_lathe(mesh, arc, 33);
}

const Part catalogue[] = {
    {"bolt", "hex-short", VIEWS_BOLT, false, hex_bolt, {3.2F, 3, 0}},
    {"bolt", "hex-long", VIEWS_BOLT, false, hex_bolt, {8, 3.5F, 0}},
    {"bolt", "hex-flange", VIEWS_BOLT, false, hex_bolt, {5, 5, 2.5F}},
    {"bolt", "carriage", VIEWS_BOLT, false, carriage_bolt, {6.5F}},
    {"screw", "socket-cap", VIEWS_BOLT, false, socket_screw, {5}},
    {"screw", "countersunk-cross", VIEWS_BOLT, false, countersunk_screw, {5.5F, 4}},
    {"screw", "pan-slot", VIEWS_BOLT, false, pan_screw, {4}},
    {"screw", "set", VIEWS_BOLT, false, set_screw, {3}},
    {"nut", "hex", VIEWS_DISC, false, hex_nut, {1.6F, 0}},
    {"nut", "hex-flange", VIEWS_DISC, false, hex_nut, {1.8F, 2.5F}},
    {"nut", "square", VIEWS_DISC, false, square_nut, {1.2F}},
    {"nut", "cap", VIEWS_CUP, false, cap_nut, {2.9F}},
    {"nut", "wing", VIEWS_DISC, true, wing_nut, {2.8F}},
    {"washer", "plain", VIEWS_DISC, false, washer, {1.9F, 0.24F}},
    {"washer", "fender", VIEWS_DISC, false, washer, {3.6F, 0.22F}},
    {"washer", "toothed", VIEWS_DISC, false, toothed_washer, {14, 1.9F}},
    {"washer", "split", VIEWS_DISC, false, split_washer, {0.55F}},
    {"gear", "spur-12", VIEWS_DISC, false, spur_gear, {12, 0.35F, 0.22F, 0}},
    {"gear", "spur-20", VIEWS_DISC, false, spur_gear, {20, 0.28F, 0.3F, 0}},
    {"gear", "spur-36", VIEWS_DISC, false, spur_gear, {36, 0.22F, 0.16F, 0}},
    {"gear", "hub-20", VIEWS_DISC, false, spur_gear, {20, 0.28F, 0.24F, 0.48F}},
    {"bearing", "ball", VIEWS_DISC, false, bearing, {0.42F, 0.24F, 9}},
    {"bearing", "ball-thin", VIEWS_DISC, false, bearing, {0.72F, 0.12F, 20}},
    {"bearing", "sealed", VIEWS_DISC, false, bearing, {0.4F, 0.27F, 0}},
    {"bearing", "roller", VIEWS_DISC, false, roller_bearing, {0.5F, 0.55F, 14}},
    {"spring", "compression-short", VIEWS_DISC, false, coil_spring, {5, 2.4F, 0.14F, 1}},
    {"spring", "compression-long", VIEWS_DISC, false, coil_spring, {9, 5.5F, 0.16F, 1}},
    {"spring", "conical", VIEWS_CUP, false, coil_spring, {5, 2.3F, 0.11F, 0.35F}},
    {"spring", "extension", VIEW_0 | VIEW_90, false, extension_spring, {12, 0.15F}},
    {"bracket", "angle-1", VIEWS_DISC, true, bracket, {1.2F, 1, 1, 0}},
    {"bracket", "angle-2", VIEWS_DISC, true, bracket, {2.2F, 0.8F, 2, 0}},
    {"bracket", "gusset", VIEWS_DISC, true, bracket, {1.4F, 1.3F, 1, 0.8F}},
    {"bracket", "offset", VIEWS_DISC, true, offset_bracket, {1.1F, 0.9F, 0.6F}},
    {"shaft", "stepped", VIEWS_ROD, false, stepped_shaft, {1, 0.55F, 2.6F, 6}},
    {"shaft", "splined", VIEWS_BOLT, false, splined_shaft, {10, 5.5F}},
    {"shaft", "keyed", VIEWS_ROD, true, keyed_shaft, {6.5F}},
    {"pulley", "v-1", VIEWS_DISC, false, v_pulley, {1, 0.36F, 0.2F}},
    {"pulley", "v-3", VIEWS_DISC, false, v_pulley, {3, 0.3F, 0.24F}},
    {"pulley", "timing", VIEWS_DISC, false, timing_pulley, {18, 0.34F, 0.26F}},
    {"flange", "holes-4", VIEWS_DISC, false, flange, {4, 0.36F, 0.13F, 0.25F}},
    {"flange", "holes-8", VIEWS_DISC, false, flange, {8, 0.45F, 0.09F, 0.18F}},
    {"flange", "weld-neck", VIEWS_CUP, false, flange, {6, 0.36F, 0.1F, 0.9F}},
    {"hinge", "butt", VIEWS_ROD, true, hinge, {1.6F, 0.9F, 2, 1}},
    {"hinge", "piano", VIEWS_ROD, true, hinge, {3.6F, 0.6F, 4, 1}},
    {"hinge", "bent", VIEWS_ROD, true, hinge, {1.8F, 1, 2, 0}},
    {"pin", "dowel", VIEWS_ROD, false, dowel_pin, {7}},
    {"pin", "clevis", VIEWS_BOLT, true, clevis_pin, {6}},
    {"pin", "split", VIEWS_BOLT, true, split_pin, {5}},
    {"knob", "star", VIEWS_CUP, false, lobed_knob, {5, 0.32F}},
    {"knob", "fluted", VIEWS_CUP, false, lobed_knob, {16, 0.07F}},
    {"knob", "tee", VIEWS_BOLT, true, tee_knob, {2.4F}},
    {"hook", "eye", VIEWS_BOLT, true, eye_bolt, {0.97F, 2.2F}},
    {"hook", "open", VIEWS_BOLT, true, eye_bolt, {0.62F, 2.6F}},
    {"hook", "u-bolt", VIEWS_BOLT, true, u_bolt, {2.4F}},
    {"ball", "steel", VIEWS_BALL, false, ball, {1, 0}},
    {"ball", "plastic", VIEWS_BALL, false, ball, {1, 1}},
};
const int catalogue_parts = sizeof catalogue / sizeof *catalogue;
