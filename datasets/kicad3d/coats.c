/*
 * VRML's materials know colours and shininess, but not what is a metal. The names do: the models are written
 * by KiCad StepUp, which calls pins PIN-… and bare metal MET-….
 */
#include "coats.h"

#include "render/draw.h"

#include <stdbool.h>
#include <string.h>

Wear wear_draw(uint64_t seed, int number)
{
    Random random = scene_random(seed, "wear", number);
    Wear wear = {.seed = random_u32(&random)};
    wear.tint = grey(&random, 0.85F, 1.15F, 0.05F);
    wear.gloss = between(&random, 0.7F, 1.25F);
    wear.dirt = between(&random, 0, 0.45F);
    wear.brushed = between(&random, 0, 0.15F);
    wear.metal_roughness = between(&random, 0.15F, 0.5F);
    return wear;
}

static bool begins(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

/* Colours of the files are those of a display. */
static float linear(float display)
{
    return powf(display, 2.2F);
}

Coat coat_of(const VrmlMaterial *m, const Wear *wear)
{
    bool metal = begins(m->name, "PIN") || begins(m->name, "MET");
    Vec c = m->diffuse;
    if (metal) /* what a metal mirrors is its colour */
        c = vec(larger(c.x, m->specular.x), larger(c.y, m->specular.y), larger(c.z, m->specular.z));
    Coat coat = {.albedo = multiply(vec(linear(c.x), linear(c.y), linear(c.z)), wear->tint),
                 .metallic = metal,
                 .dirt = wear->dirt};
    coat.roughness = metal ? wear->metal_roughness : wear->gloss * (0.85F - 0.6F * m->shininess);
    coat.brushed = metal ? wear->brushed : 0;
    return coat;
}
