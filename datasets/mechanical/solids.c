/* Solids as lists of triangles. */
#include "solids.h"

#include <stdbool.h>

enum { ROUND = 40, TUBE_SIDES = 12, OUTLINE_MAX = 720 };
static const float SMOOTH = 0.82F; /* cosine of 35 degrees */

/* a b
 * c d; na … nd are their normals. */
static void quad(Mesh *mesh, Vec a, Vec b, Vec c, Vec d, Vec na, Vec nb, Vec nc, Vec nd)
{
    mesh_put(mesh, a, na), mesh_put(mesh, c, nc), mesh_put(mesh, b, nb);
    mesh_put(mesh, b, nb), mesh_put(mesh, c, nc), mesh_put(mesh, d, nd);
}

static void flat_quad(Mesh *mesh, Vec a, Vec b, Vec c, Vec d, Vec normal)
{
    quad(mesh, a, b, c, d, normal, normal, normal, normal);
}

static Vec spin(float r, float z, float angle)
{
    return vec(r * cosf(angle), r * sinf(angle), z);
}

/* Normal of segment i of a profile, in (r, z): to the right of its direction. */
static Point segment_normal(const Point *p, int i)
{
    float dr = p[i + 1].x - p[i].x, dz = p[i + 1].y - p[i].y;
    float length = sqrtf(dr * dr + dz * dz);
    if (length == 0) return (Point){1, 0};
    return (Point){dz / length, -dr / length};
}

/* Normal at one end of a segment: shared with the neighbour if they meet smoothly. */
static Point smooth_normal(Point own, Point other)
{
    if (own.x * other.x + own.y * other.y < SMOOTH) return own;
    float x = own.x + other.x, y = own.y + other.y, length = sqrtf(x * x + y * y);
    return (Point){x / length, y / length};
}

void mesh_lathe(Mesh *mesh, const Point *profile, int count)
{
    for (int i = 0; i + 1 < count; i++) {
        Point own = segment_normal(profile, i), low = own, high = own;
        if (i > 0) low = smooth_normal(own, segment_normal(profile, i - 1));
        if (i + 2 < count) high = smooth_normal(own, segment_normal(profile, i + 1));
        Point a = profile[i], b = profile[i + 1];
        for (int s = 0; s < ROUND; s++) {
            float t0 = TURN * (float)s / ROUND, t1 = TURN * (float)(s + 1) / ROUND;
            quad(mesh, spin(a.x, a.y, t0), spin(a.x, a.y, t1), spin(b.x, b.y, t0),
                 spin(b.x, b.y, t1), spin(low.x, low.y, t0), spin(low.x, low.y, t1),
                 spin(high.x, high.y, t0), spin(high.x, high.y, t1));
        }
    }
}

/* Point of a thread: the ridge is a triangle wave that climbs one pitch in a turn. */
static Vec thread_point(float radius, float depth, float pitch, float z0, float z1, float z,
                        float angle)
{
    float phase = z / pitch - angle / TURN;
    float wave = 2 * fabsf(phase - floorf(phase) - 0.5F);
    float fade = clamp(smaller(z - z0, z1 - z) / pitch, 0, 1); /* runs out at both ends */
    return spin(radius - depth * (1 - fade * wave), z, angle);
}

void mesh_thread(Mesh *mesh, float radius, float depth, float pitch, float z0, float z1)
{
    enum { SIDES = 24 };
    int rings = (int)ceilf((z1 - z0) / pitch * 6);
    float dz = (z1 - z0) / (float)rings, da = TURN / SIDES;
    for (int i = 0; i < rings; i++)
        for (int s = 0; s < SIDES; s++) {
            Vec p[4];
            for (int k = 0; k < 4; k++)
                p[k] = thread_point(radius, depth, pitch, z0, z1, z0 + dz * (float)(i + k / 2),
                                    da * (float)(s + k % 2));
            Vec normal = normalize(cross(sub(p[1], p[0]), sub(p[2], p[0])));
            flat_quad(mesh, p[0], p[1], p[2], p[3], normal);
        }
    for (int end = 0; end < 2; end++) {
        float z = end ? z1 : z0;
        Point cap[2] = {{radius - depth, z}, {0, z}};
        mesh_lathe(mesh, cap, 2);
    }
}

/* The wall over a closed outline; `sign` is -1 for the wall of a bore. */
static void wall(Mesh *mesh, const Point *p, int count, float z0, float z1, float sign)
{
    for (int i = 0; i < count; i++) {
        Point q[4]; /* the edge i, i+1 with its neighbours */
        for (int k = 0; k < 4; k++) q[k] = p[(i + k + count - 1) % count];
        Point own = segment_normal(q, 1);
        Point n0 = smooth_normal(own, segment_normal(q, 0));
        Point n1 = smooth_normal(own, segment_normal(q, 2));
        Vec v0 = vec(sign * n0.x, sign * n0.y, 0), v1 = vec(sign * n1.x, sign * n1.y, 0);
        quad(mesh, vec(q[1].x, q[1].y, z1), vec(q[2].x, q[2].y, z1), vec(q[1].x, q[1].y, z0),
             vec(q[2].x, q[2].y, z0), v0, v1, v0, v1);
    }
}

/* The flat ring between two outlines, or, sloping, between two heights. */
static void ring(Mesh *mesh, const Point *a, float za, const Point *b, float zb, int count)
{
    for (int i = 0; i < count; i++) {
        int j = (i + 1) % count;
        Vec p = vec(a[i].x, a[i].y, za), q = vec(a[j].x, a[j].y, za);
        Vec r = b ? vec(b[i].x, b[i].y, zb) : vec(0, 0, zb);
        Vec s = b ? vec(b[j].x, b[j].y, zb) : vec(0, 0, zb);
        Vec normal = normalize(cross(sub(q, p), sub(r, p)));
        flat_quad(mesh, p, q, r, s, normal);
    }
}

void mesh_prism(Mesh *mesh, const Point *outer, const Point *inner, int count, float z0, float z1,
                float chamfer)
{
    Point cut[OUTLINE_MAX];
    for (int i = 0; i < count; i++) {
        float r = hypotf(outer[i].x, outer[i].y), k = (r - chamfer) / r;
        cut[i] = (Point){k * outer[i].x, k * outer[i].y};
    }
    wall(mesh, outer, count, z0 + chamfer, z1 - chamfer, 1);
    if (chamfer > 0) {
        ring(mesh, outer, z0 + chamfer, cut, z0, count);
        ring(mesh, outer, z1 - chamfer, cut, z1, count);
    }
    ring(mesh, cut, z0, inner, z0, count);
    ring(mesh, cut, z1, inner, z1, count);
    if (inner) wall(mesh, inner, count, z0, z1, -1);
}

void mesh_tube(Mesh *mesh, const Vec *path, int count, float radius)
{
    Vec u = perpendicular(normalize(sub(path[1], path[0])));
    Vec before[TUBE_SIDES + 1], normal_before[TUBE_SIDES + 1];
    for (int i = 0; i < count; i++) {
        Vec along = normalize(sub(path[i + 1 < count ? i + 1 : i], path[i > 0 ? i - 1 : 0]));
        u = normalize(sub(u, scale(dot(u, along), along))); /* carried along without twist */
        Vec v = cross(along, u), now[TUBE_SIDES + 1], normal[TUBE_SIDES + 1];
        for (int s = 0; s <= TUBE_SIDES; s++) {
            float angle = TURN * (float)s / TUBE_SIDES;
            normal[s] = add(scale(cosf(angle), u), scale(sinf(angle), v));
            now[s] = add(path[i], scale(radius, normal[s]));
        }
        bool end = i == 0 || i == count - 1;
        for (int s = 0; s < TUBE_SIDES; s++) {
            if (i > 0)
                quad(mesh, before[s], before[s + 1], now[s], now[s + 1], normal_before[s],
                     normal_before[s + 1], normal[s], normal[s + 1]);
            Vec outward = i == 0 ? scale(-1, along) : along;
            if (end)
                mesh_put(mesh, path[i], outward), mesh_put(mesh, now[s], outward),
                    mesh_put(mesh, now[s + 1], outward);
        }
        for (int s = 0; s <= TUBE_SIDES; s++) before[s] = now[s], normal_before[s] = normal[s];
    }
}

void mesh_sphere(Mesh *mesh, Vec centre, float radius)
{
    enum { RINGS = 8, SIDES = 14 };
    for (int i = 0; i < RINGS; i++)
        for (int s = 0; s < SIDES; s++) {
            Vec n[4], p[4];
            for (int k = 0; k < 4; k++) {
                float polar = TURN / 2 * (float)(i + k / 2) / RINGS;
                n[k] = spin(sinf(polar), cosf(polar), TURN * (float)(s + k % 2) / SIDES);
                p[k] = add(centre, scale(radius, n[k]));
            }
            quad(mesh, p[0], p[1], p[2], p[3], n[0], n[1], n[2], n[3]);
        }
}

void mesh_box(Mesh *mesh, Vec low, Vec high, float chamfer)
{
    float w = (high.x - low.x) / 2, h = (high.y - low.y) / 2;
    Point corner[4] = {{w, h}, {-w, h}, {-w, -h}, {w, -h}};
    size_t first = mesh->corners;
    mesh_prism(mesh, corner, NULL, 4, low.z, high.z, chamfer);
    Rotation none = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    mesh_place(mesh, first, none, vec((low.x + high.x) / 2, (low.y + high.y) / 2, 0));
}

/* The rectangle of half-sides w, h, seen from its middle in `count` directions. */
static void outline_rectangle(Point *out, int count, float w, float h)
{
    for (int i = 0; i < count; i++) {
        float angle = TURN * (float)i / (float)count, c = cosf(angle), s = sinf(angle);
        float r = smaller(w / larger(fabsf(c), 1e-6F), h / larger(fabsf(s), 1e-6F));
        out[i] = (Point){r * c, r * s};
    }
    /* The nearest direction becomes the corner. */
    float corner = atan2f(h, w) / TURN * (float)count, n = (float)count;
    float at[4] = {corner, n / 2 - corner, n / 2 + corner, n - corner};
    for (int k = 0; k < 4; k++)
        out[(int)lroundf(at[k]) % count] = (Point){k == 0 || k == 3 ? w : -w, k < 2 ? h : -h};
}

void mesh_plate(Mesh *mesh, float cx, float cy, float width, float height, float z0, float z1,
                int columns, int rows, float hole)
{
    enum { SIDES = 32 };
    float w = width / (float)columns, h = height / (float)rows;
    Point outer[SIDES], inner[SIDES];
    outline_rectangle(outer, SIDES, w / 2, h / 2);
    outline_circle(inner, SIDES, hole);
    Rotation none = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    for (int i = 0; i < columns * rows; i++) {
        size_t first = mesh->corners;
        mesh_prism(mesh, outer, hole > 0 ? inner : NULL, SIDES, z0, z1, 0);
        mesh_place(mesh, first, none,
                   vec(cx - width / 2 + w * ((float)(i % columns) + 0.5F),
                       cy - height / 2 + h * ((float)(i / columns) + 0.5F), 0));
    }
}

void outline_circle(Point *out, int count, float radius)
{
    for (int i = 0; i < count; i++) {
        Vec p = spin(radius, 0, TURN * (float)i / (float)count);
        out[i] = (Point){p.x, p.y};
    }
}

void outline_polygon(Point *out, int count, int sides, float across_flats)
{
    float side = TURN / (float)sides;
    for (int i = 0; i < count; i++) {
        float angle = TURN * (float)i / (float)count;
        float within = fmodf(angle, side) - side / 2;
        Vec p = spin(across_flats / 2 / cosf(within), 0, angle);
        out[i] = (Point){p.x, p.y};
    }
}

void outline_recess(Point *out, int count, int arms, float length, float width)
{
    for (int i = 0; i < count; i++) {
        float angle = TURN * (float)i / (float)count;
        float c = fabsf(cosf(angle)), s = fabsf(sinf(angle));
        float r = smaller(length / larger(c, 1e-6F), width / larger(s, 1e-6F));
        if (arms == 4) r = larger(r, smaller(length / larger(s, 1e-6F), width / larger(c, 1e-6F)));
        Vec p = spin(r, 0, angle);
        out[i] = (Point){p.x, p.y};
    }
}

void outline_teeth(Point *out, int count, int teeth, float root, float tip, float flat)
{
    float slope = 0.5F - flat; /* share of the pitch that each flank takes, half on either side */
    for (int i = 0; i < count; i++) {
        float angle = TURN * (float)i / (float)count;
        float phase = angle * (float)teeth / TURN, x = fabsf(phase - roundf(phase)); /* 0 … 0.5 */
        float height = slope > 0 ? clamp((0.25F + slope / 2 - x) / slope, 0, 1) : x < 0.25F;
        Vec p = spin(root + height * (tip - root), 0, angle);
        out[i] = (Point){p.x, p.y};
    }
}
