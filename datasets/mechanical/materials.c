/* Metals, paints and plastics. */
#include "materials.h"

#include "render/draw.h"

#include <stdbool.h>

static Vec pick_colour(Random *random, const Vec *palette, int count)
{
    Vec c = palette[random_below(random, (uint32_t)count)];
    return multiply(c, grey(random, 0.75F, 1.2F, 0.08F));
}

static Coat draw_body(Random *random)
{
    /* linear reflectance of steel, zinc, brass, copper, black oxide, stainless */
    static const Vec metals[] = {{0.56F, 0.57F, 0.58F}, {0.64F, 0.66F, 0.70F},
                                 {0.75F, 0.58F, 0.28F}, {0.78F, 0.46F, 0.33F},
                                 {0.10F, 0.10F, 0.11F}, {0.48F, 0.47F, 0.45F}};
    static const Vec paints[] = {{0.05F, 0.05F, 0.06F}, {0.45F, 0.06F, 0.05F},
                                 {0.06F, 0.14F, 0.35F}, {0.55F, 0.4F, 0.05F},
                                 {0.5F, 0.5F, 0.48F},   {0.07F, 0.22F, 0.1F}};
    bool metal = random_uniform(random) < 0.82;
    Coat coat = {.albedo = metal ? pick_colour(random, metals, 6) : pick_colour(random, paints, 6),
                 .metallic = metal ? 1 : 0};
    coat.roughness = between(random, 0.08F, 0.6F);
    coat.brushed = between(random, 0, 0.25F);
    coat.dirt = between(random, 0, 0.7F);
    return coat;
}

Material material_draw(uint64_t seed, int number)
{
    Random random = scene_random(seed, "material", number);
    static const Vec plastics[] = {{0.04F, 0.04F, 0.045F},
                                   {0.5F, 0.07F, 0.05F},
                                   {0.06F, 0.12F, 0.4F},
                                   {0.45F, 0.42F, 0.38F},
                                   {0.1F, 0.25F, 0.1F}};
    Material material = {.seed = random_u32(&random)};
    material.coat[SLOT_BODY] = draw_body(&random);
    material.coat[SLOT_DARK] = (Coat){vec(0.03F, 0.03F, 0.03F), 0, 0.7F, 0, 0};
    material.coat[SLOT_SECOND] =
        (Coat){pick_colour(&random, plastics, 5), 0, between(&random, 0.2F, 0.7F), 0, 0.2F};
    return material;
}
