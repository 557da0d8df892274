/*
 * The picture: place the part on the bench, find what each sample sees, light it, and let the camera
 * add its share. Samples of the part are taken at twice the resolution, the bench once a pixel.
 */
#include "render.h"

#include "base/error.h"
#include "noise.h"
#include "raster.h"
#include "shade.h"

#include <stdlib.h>
#include <string.h>

enum { SHADOW_SIDE = 160, CONTACT_SIDE = 64, TONES = 4096 };

/* An orthographic view of the part along a light: depth, and, blurred, how much light passes. */
typedef struct ShadowMap {
    Raster raster;
    float *shade;  /* (side,side): 0 nothing in the way … 1 */
    float *buffer; /* of blurring */
    Vec u, v, toward, middle;
    float reach; /* half of the map's side, in the world */
} ShadowMap;

struct Renderer {
    int side;
    Raster view;
    ShadowMap shadow, contact;
    Projected *corner;
    Vec *world;
    size_t corners; /* capacity of the two */
    Vec *light;     /* (side,side): linear picture */
    Vec *blurred;
    uint8_t tone[TONES];
};

typedef struct View {
    Vec eye, right, up, forward;
    float scale;     /* pixels of a view sample per unit at distance 1 */
    float centre[2]; /* of the samples, where `forward` hits */
} View;

static ShadowMap shadow_create(int side)
{
    size_t bytes = (size_t)side * (size_t)side * sizeof(float);
    ShadowMap map = {
        .raster = raster_create(side, 0), .shade = malloc(bytes), .buffer = malloc(bytes)};
    if (!map.shade || !map.buffer) die("out of memory for a shadow");
    return map;
}

static void shadow_free(ShadowMap *map)
{
    raster_free(&map->raster);
    free(map->shade);
    free(map->buffer);
}

Renderer *renderer_create(int side)
{
    Renderer *r = calloc(1, sizeof *r);
    size_t pixels = (size_t)side * (size_t)side;
    if (!r) die("out of memory for a renderer");
    r->side = side;
    r->view = raster_create(2 * side, 1);
    r->shadow = shadow_create(SHADOW_SIDE);
    r->contact = shadow_create(CONTACT_SIDE);
    r->light = malloc(pixels * sizeof *r->light);
    r->blurred = malloc(pixels * sizeof *r->blurred);
    if (!r->light || !r->blurred) die("out of memory for a renderer");
    for (int i = 0; i < TONES; i++) { /* film's shoulder, the display's gamma, some contrast */
        float v = powf(1 - expf(-4.0F * (float)i / TONES), 1 / 2.0F);
        r->tone[i] = (uint8_t)lrintf(255 * (0.5F * v + 0.5F * smoothstep(0, 1, v)));
    }
    return r;
}

void renderer_destroy(Renderer *r)
{
    if (!r) return;
    raster_free(&r->view);
    shadow_free(&r->shadow);
    shadow_free(&r->contact);
    free(r->corner);
    free(r->world);
    free(r->light);
    free(r->blurred);
    free(r);
}

static void reserve(Renderer *r, size_t corners)
{
    if (corners <= r->corners) return;
    r->corners = corners;
    r->corner = realloc(r->corner, corners * sizeof *r->corner);
    r->world = realloc(r->world, corners * sizeof *r->world);
    if (!r->corner || !r->world) die("out of memory for a mesh");
}

/* World positions of all corners; the lowest touches the bench. Returns the height of the middle. */
static float place(Renderer *r, const Scene *scene, const Mesh *mesh)
{
    float lowest = 0;
    for (size_t i = 0; i < mesh->corners; i++) {
        r->world[i] = rotate(&scene->pose, mesh->corner[i].position);
        lowest = smaller(lowest, r->world[i].z);
    }
    for (size_t i = 0; i < mesh->corners; i++) r->world[i].z -= lowest;
    return -lowest;
}

/* Radius of the part as the camera sees it, in its own units; a part seen from its end is brought
 * nearer, but not so near that it fills the picture as if seen from its side. */
static float seen_radius(const Renderer *r, size_t corners, float height, Vec back)
{
    float largest = 0;
    for (size_t i = 0; i < corners; i++) {
        Vec q = sub(r->world[i], vec(0, 0, height));
        float along = dot(q, back);
        largest = larger(largest, dot(q, q) - along * along);
    }
    return larger(sqrtf(largest), 0.55F);
}

static View look(const Renderer *r, const Scene *scene, size_t corners, float height)
{
    const Camera *camera = &scene->camera;
    float e = camera->elevation, a = scene->azimuth;
    Vec back = vec(cosf(e) * cosf(a), cosf(e) * sinf(a), sinf(e));
    Vec right = normalize(cross(vec(0, 0, 1), back)), up = cross(back, right);
    float c = cosf(scene->roll), s = sinf(scene->roll);
    View view = {.forward = scale(-1, back)};
    view.eye = add(vec(0, 0, height), scale(camera->distance, back));
    view.right = add(scale(c, right), scale(s, up));
    view.up = sub(scale(c, up), scale(s, right));
    float half = (float)r->side; /* in samples */
    float radius = seen_radius(r, corners, height, back);
    view.scale = half / (scene->zoom * radius) * sqrtf(camera->distance * camera->distance - 1);
    view.centre[0] = half * (1 + scene->shift[0]);
    view.centre[1] = half * (1 + scene->shift[1]);
    return view;
}

/* --- shadows --- */

static void blur_row(float *out, const float *in, int count, int stride, int radius)
{
    float sum = 0, share = 1.0F / (float)(2 * radius + 1);
    for (int i = -radius; i < count + radius; i++) {
        if (i + radius < count && i + radius >= 0) sum += in[(i + radius) * stride];
        if (i - radius - 1 >= 0) sum -= in[(i - radius - 1) * stride];
        if (i >= 0 && i < count) out[i * stride] = larger(sum * share, 0);
    }
}

/* Box blur of both directions, twice. */
static void blur_map(ShadowMap *map, int radius)
{
    int side = map->raster.side;
    for (int pass = 0; pass < 2; pass++) {
        for (int y = 0; y < side; y++)
            blur_row(map->buffer + y * side, map->shade + y * side, side, 1, radius);
        for (int x = 0; x < side; x++)
            blur_row(map->shade + x, map->buffer + x, side, side, radius);
    }
}

static void shadow_coordinates(const ShadowMap *map, Vec p, float *x, float *y, float *depth)
{
    Vec q = sub(p, map->middle);
    float half = (float)map->raster.side / 2;
    *x = half * (1 + dot(q, map->u) / map->reach);
    *y = half * (1 + dot(q, map->v) / map->reach);
    *depth = 10 + dot(q, map->toward);
}

static void shadow_render(ShadowMap *map, const Renderer *r, size_t corners, Vec toward,
                          float height)
{
    map->toward = toward;
    map->u = perpendicular(toward);
    map->v = cross(toward, map->u);
    map->middle = vec(0, 0, height);
    map->reach = 1.6F;
    raster_clear(&map->raster);
    for (size_t i = 0; i < corners; i += 3) {
        Projected c[3];
        for (int k = 0; k < 3; k++)
            shadow_coordinates(map, r->world[i + (size_t)k], &c[k].x, &c[k].y, &c[k].depth);
        raster_triangle(&map->raster, c);
    }
}

/* Blurred shadow at a point of the bench. */
static float shade_at(const ShadowMap *map, Vec p)
{
    float x, y, depth;
    shadow_coordinates(map, p, &x, &y, &depth);
    int side = map->raster.side, ix = (int)floorf(x - 0.5F), iy = (int)floorf(y - 0.5F);
    if (ix < 0 || iy < 0 || ix + 1 >= side || iy + 1 >= side) return 0;
    float fx = x - 0.5F - (float)ix, fy = y - 0.5F - (float)iy;
    const float *s = map->shade + iy * side + ix;
    float low = s[0] + fx * (s[1] - s[0]), high = s[side] + fx * (s[side + 1] - s[side]);
    return low + fy * (high - low);
}

/* Share of the key light that reaches a point of the part: four samples of the depth map. */
static float lit_at(const ShadowMap *map, Vec p)
{
    float x, y, depth, lit = 0;
    shadow_coordinates(map, p, &x, &y, &depth);
    int side = map->raster.side;
    for (int k = 0; k < 4; k++) {
        int ix = (int)(x + (k % 2 ? 0.6F : -0.6F)), iy = (int)(y + (k / 2 ? 0.6F : -0.6F));
        if (ix < 0 || iy < 0 || ix >= side || iy >= side) return 1;
        lit += map->raster.depth[iy * side + ix] < depth + 0.06F;
    }
    return lit / 4;
}

static void cast_shadows(Renderer *r, const Scene *scene, size_t corners, float height)
{
    ShadowMap *key = &r->shadow, *sky = &r->contact;
    shadow_render(key, r, corners, scene->light.direction, height);
    for (int i = 0; i < SHADOW_SIDE * SHADOW_SIDE; i++) key->shade[i] = key->raster.depth[i] > 0;
    blur_map(key, 1 + (int)(5 * scene->light.softness));
    /* What stands near the bench hides the sky from it. The depth map from below gives heights. */
    shadow_render(sky, r, corners, vec(0, 0, -1), height);
    for (int i = 0; i < CONTACT_SIDE * CONTACT_SIDE; i++) {
        float above = height - (sky->raster.depth[i] - 10);
        sky->shade[i] = sky->raster.depth[i] > 0 ? clamp(1 - above / 0.9F, 0, 1) : 0;
    }
    blur_map(sky, 3);
}

/* --- the picture --- */

static void draw_part(Renderer *r, const Scene *scene, const Mesh *mesh, const View *view)
{
    raster_clear(&r->view);
    for (size_t i = 0; i < mesh->corners; i++) {
        Vec q = sub(r->world[i], view->eye);
        float near = 1 / dot(q, view->forward);
        r->corner[i] =
            (Projected){view->centre[0] + view->scale * near * dot(q, view->right),
                        view->centre[1] - view->scale * near * dot(q, view->up), near,
                        rotate(&scene->pose, mesh->corner[i].normal), mesh->corner[i].slot};
    }
    for (size_t i = 0; i < mesh->corners; i += 3) {
        /* Normals point to the side of the triangle that is seen. */
        Vec a = r->world[i], side = cross(sub(r->world[i + 1], a), sub(r->world[i + 2], a));
        if (dot(side, sub(view->eye, a)) < 0) side = scale(-1, side);
        Projected *c = r->corner + i;
        if (dot(side, add(c[0].normal, add(c[1].normal, c[2].normal))) < 0)
            for (int k = 0; k < 3; k++) c[k].normal = scale(-1, c[k].normal);
        raster_triangle(&r->view, c);
    }
}

/* Direction from the eye through a sample, its component along `forward` being 1. */
static Vec ray_through(const View *view, float x, float y)
{
    float u = (x - view->centre[0]) / view->scale, v = (view->centre[1] - y) / view->scale;
    return add(view->forward, add(scale(u, view->right), scale(v, view->up)));
}

static Vec bench_at(const Renderer *r, const Scene *scene, const View *view, float x, float y)
{
    Vec ray = ray_through(view, x, y);
    Vec p = add(view->eye, scale(view->eye.z / larger(-ray.z, 0.05F), ray));
    Vec colour = ground_colour(&scene->background, p.x, p.y);
    float lit = 1 - 0.9F * shade_at(&r->shadow, p), open = 1 - 0.75F * shade_at(&r->contact, p);
    return ground_light(&scene->light, colour, lit, open);
}

static Vec sample_at(const Renderer *r, const Scene *scene, const Model *model, const View *view,
                     int x, int y, Vec bench, float height)
{
    size_t i = (size_t)y * (size_t)r->view.side + (size_t)x;
    const Surface *s = &r->view.surface[i];
    Vec ray = ray_through(view, (float)x + 0.5F, (float)y + 0.5F);
    Vec p = add(view->eye, scale(1 / r->view.depth[i], ray));
    Vec normal = normalize(s->normal), to_camera = normalize(scale(-1, ray));
    float away = dot(normal, to_camera);
    if (away < 0) normal = normalize(sub(normal, scale(away, to_camera))); /* at a silhouette */
    Vec object = rotate_back(&scene->pose, sub(p, vec(0, 0, height)));
    float lit = lit_at(&r->shadow, add(p, scale(0.02F, normal)));
    return part_light(&scene->light, &model->coat[(int)s->slot], model->seed, object, normal,
                      to_camera, p.z, lit, bench);
}

static void shade_picture(Renderer *r, const Scene *scene, const Model *model, const View *view,
                          float height)
{
    Vec bench = ground_light(&scene->light, scale(0.8F, scene->background.colour), 0.7F, 0.6F);
    for (int y = 0; y < r->side; y++)
        for (int x = 0; x < r->side; x++) {
            Vec sum = vec(0, 0, 0);
            int covered = 0;
            for (int k = 0; k < 4; k++) {
                int sx = 2 * x + k % 2, sy = 2 * y + k / 2;
                if (r->view.depth[(size_t)sy * (size_t)r->view.side + (size_t)sx] <= 0) continue;
                sum = add(sum, sample_at(r, scene, model, view, sx, sy, bench, height));
                covered++;
            }
            if (covered < 4) {
                Vec ground = bench_at(r, scene, view, 2 * (float)x + 1, 2 * (float)y + 1);
                sum = add(sum, scale((float)(4 - covered), ground));
            }
            r->light[y * r->side + x] = scale(0.25F, sum);
        }
}

/* Weights `blur`, 1, `blur` along rows and columns. */
static void defocus(Renderer *r, float blur)
{
    int side = r->side;
    float share = 1 / (1 + 2 * blur);
    for (int pass = 0; pass < 2; pass++) {
        const Vec *in = pass ? r->blurred : r->light;
        Vec *out = pass ? r->light : r->blurred;
        for (int y = 0; y < side; y++)
            for (int x = 0; x < side; x++) {
                int i = y * side + x;
                int before = pass ? (y > 0 ? i - side : i) : (x > 0 ? i - 1 : i);
                int after = pass ? (y + 1 < side ? i + side : i) : (x + 1 < side ? i + 1 : i);
                out[i] = scale(share, add(in[i], scale(blur, add(in[before], in[after]))));
            }
    }
}

/* Roughly normal, deviation 1: the sum of four bytes. */
static float grain(uint32_t *state)
{
    *state = *state * 1664525U + 1013904223U;
    uint32_t h = (*state ^ *state >> 16) * 0x45d9f3bU;
    float sum = (float)((h & 255) + (h >> 8 & 255) + (h >> 16 & 255) + (h >> 24));
    return (sum - 510) * (1 / 147.8F);
}

static uint8_t develop(const Renderer *r, float light, float noise)
{
    int value = r->tone[(int)clamp(light * (TONES / 4.0F), 0, TONES - 1)];
    return (uint8_t)clamp((float)value + noise, 0, 255);
}

static void expose(const Renderer *r, const Scene *scene, uint8_t *pixels)
{
    const Camera *camera = &scene->camera;
    uint32_t state = scene->grain;
    float half = (float)r->side / 2;
    for (int y = 0; y < r->side; y++)
        for (int x = 0; x < r->side; x++) {
            float dx = ((float)x - half) / half, dy = ((float)y - half) / half;
            float gain =
                camera->exposure * (1 - camera->vignette * 0.5F * (dx * dx + dy * dy)) * 1.15F;
            Vec c = multiply(scale(gain, r->light[y * r->side + x]), camera->balance);
            uint8_t *p = pixels + 4 * (y * r->side + x);
            float noise = 255 * camera->noise;
            p[0] = develop(r, c.x, noise * grain(&state));
            p[1] = develop(r, c.y, noise * grain(&state));
            p[2] = develop(r, c.z, noise * grain(&state));
            p[3] = 255;
        }
}

void render(Renderer *r, const Scene *scene, const Model *model, uint8_t *pixels)
{
    const Mesh *mesh = model->mesh;
    reserve(r, mesh->corners);
    float height = place(r, scene, mesh);
    View view = look(r, scene, mesh->corners, height);
    cast_shadows(r, scene, mesh->corners, height);
    draw_part(r, scene, mesh, &view);
    shade_picture(r, scene, model, &view, height);
    defocus(r, scene->camera.blur);
    expose(r, scene, pixels);
}
