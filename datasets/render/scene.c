/* Draws: plausible lights, benches and cameras. */
#include "scene.h"

#include "base/hash.h"
#include "draw.h"

enum { DRAWS = 300 }; /* of each kind, in the training split */
static const int draws_begin[SPLITS + 1] = {0, DRAWS, DRAWS + 60, DRAWS + 120};

static Vec direction(float azimuth, float elevation)
{
    return vec(cosf(elevation) * cosf(azimuth), cosf(elevation) * sinf(azimuth), sinf(elevation));
}

Random scene_random(uint64_t seed, const char *kind, int number)
{
    return random_at(seed, RANDOM_RENDER, hash_text(kind), (uint64_t)number, 0);
}

static Light draw_light(Random random)
{
    Light light = {.softness = between(&random, 0.1F, 1)};
    light.direction = direction(between(&random, 0, TURN), between(&random, 0.6F, 1.35F));
    float warm = between(&random, -0.12F, 0.15F), key = between(&random, 0.7F, 1.5F);
    light.colour = scale(key, vec(1 + warm, 1, 1 - warm));
    light.sky = grey(&random, 0.2F, 0.5F, 0.08F);
    light.floor = grey(&random, 0.08F, 0.25F, 0.05F);
    for (int i = 0; i < BOXES; i++) {
        SoftBox *box = &light.box[i];
        box->direction = direction(between(&random, 0, TURN), between(&random, 0.25F, 1.4F));
        box->across = perpendicular(box->direction);
        box->width = between(&random, 0.12F, 0.5F);
        box->height = between(&random, 0.12F, 0.7F);
        box->edge = between(&random, 0.03F, 0.15F);
        box->colour = grey(&random, 0.6F, 2.2F, 0.06F);
    }
    return light;
}

static Background draw_background(Random random)
{
    static const Vec colours[GROUNDS][2] = {
        [WOOD] = {{0.42F, 0.25F, 0.12F}, {0.22F, 0.11F, 0.05F}},
        [CONCRETE] = {{0.36F, 0.35F, 0.33F}, {0.2F, 0.2F, 0.19F}},
        [CUTTING_MAT] = {{0.04F, 0.17F, 0.13F}, {0.35F, 0.45F, 0.4F}},
        [PAPER] = {{0.7F, 0.69F, 0.66F}, {0.5F, 0.52F, 0.58F}},
        [STEEL] = {{0.38F, 0.39F, 0.41F}, {0.24F, 0.25F, 0.26F}},
        [CLOTH] = {{0.1F, 0.13F, 0.25F}, {0.05F, 0.06F, 0.12F}},
    };
    Background b = {.ground = (Ground)random_below(&random, GROUNDS)};
    Vec tint = grey(&random, 0.6F, 1.35F, 0.25F);
    b.colour = multiply(colours[b.ground][0], tint);
    b.second = multiply(colours[b.ground][1], tint);
    b.size = between(&random, 0.6F, 1.8F);
    b.turn = between(&random, 0, TURN);
    b.stain = between(&random, 0, 0.5F);
    b.seed = random_u32(&random);
    return b;
}

static Camera draw_camera(Random random)
{
    Camera c = {.elevation = between(&random, 0.9F, 1.54F), .distance = between(&random, 3, 9)};
    c.exposure = between(&random, 0.6F, 1.5F);
    c.vignette = between(&random, 0, 0.35F);
    c.blur = between(&random, 0, 0.3F);
    c.noise = between(&random, 0.002F, 0.025F);
    float warm = between(&random, -0.07F, 0.07F);
    c.balance = vec(1 + warm, 1 + between(&random, -0.02F, 0.02F), 1 - warm);
    return c;
}

/* The subject's axis makes the class's angle, give or take 7 degrees, with the direction to the
 * camera, and leans towards the upper edge of the picture, give or take 17 degrees. */
static Rotation draw_pose(Random *random, Vec to_camera, int angle, bool facing)
{
    float tilt = (float)angle * TURN / 8 + between(random, -0.122F, 0.122F);
    float lean = between(random, -0.3F, 0.3F), c = cosf(tilt), s = sinf(tilt);
    Vec right = normalize(cross(vec(0, 0, 1), to_camera)), up = cross(to_camera, right);
    Vec aside = add(scale(cosf(lean), up), scale(sinf(lean), right));
    Vec axis = add(scale(c, to_camera), scale(s, aside));
    Vec front = sub(scale(s, to_camera), scale(c, aside)); /* at right angles to the axis */
    float spin = facing ? between(random, -0.4F, 0.4F) : between(random, 0, TURN);
    Vec y = add(scale(cosf(spin), front), scale(sinf(spin), cross(axis, front)));
    return (Rotation){cross(y, axis), y, axis};
}

/* One of the subject's views. */
static int draw_angle(Random *random, int views)
{
    int count = 0, index[VIEW_STEPS];
    for (int i = 0; i < VIEW_STEPS; i++)
        if (views & (1 << i)) index[count++] = i;
    return index[random_below(random, (uint32_t)count)];
}

Vec scene_to_camera(const Scene *scene)
{
    return direction(scene->azimuth, scene->camera.elevation);
}

Scene scene_draw(uint64_t seed, int split, int index, const Subject *subjects, int count)
{
    Random random =
        random_at(seed, RANDOM_RENDER, hash_text("image"), (uint64_t)split, (uint64_t)index);
    Scene scene = {.subject = (int)random_below(&random, (uint32_t)count)};
    const Subject *subject = &subjects[scene.subject];
    int begin = draws_begin[split];
    uint32_t draws = (uint32_t)(draws_begin[split + 1] - begin);
    scene.light_draw = begin + (int)random_below(&random, draws);
    scene.material_draw = begin + (int)random_below(&random, draws);
    scene.background_draw = begin + (int)random_below(&random, draws);
    scene.camera_draw = begin + (int)random_below(&random, draws);
    scene.light = draw_light(scene_random(seed, "light", scene.light_draw));
    scene.background = draw_background(scene_random(seed, "background", scene.background_draw));
    scene.camera = draw_camera(scene_random(seed, "camera", scene.camera_draw));

    scene.angle = draw_angle(&random, subject->views);
    scene.azimuth = between(&random, 0, TURN);
    scene.pose = draw_pose(&random, scene_to_camera(&scene), scene.angle, subject->facing);
    if (subject->views & VIEW_UNTOLD) scene.angle = -1;
    scene.roll = between(&random, -0.15F, 0.15F);
    scene.zoom = between(&random, 1.05F, 1.36F);
    float room = 1.0F * (1 - 1 / scene.zoom);
    scene.shift[0] = between(&random, -room, room);
    scene.shift[1] = between(&random, -room, room);
    scene.quality = random_below(&random, 6) == 0 ? 0 : 70 + (int)random_below(&random, 26);
    scene.grain = random_u32(&random);
    return scene;
}
