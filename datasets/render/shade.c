/*
 * Materials. A metal shows its surroundings, so lights are soft boxes that a mirror direction may hit;
 * roughness widens their edges. Paint and plastic add diffuse light.
 */
#include "shade.h"
#include "noise.h"

static Vec wood(const Background *b, float x, float y)
{
    float rings =
        noise_cloud(0.5F * x, 5 * y, b->seed) + 0.15F * noise2(3 * x, 60 * y, b->seed + 9);
    float t = 0.5F + 0.5F * sinf(9 * rings);
    return mix(b->colour, b->second, t);
}

static Vec cutting_mat(const Background *b, float x, float y)
{
    float u = fabsf(2 * x - roundf(2 * x)), v = fabsf(2 * y - roundf(2 * y));
    float fine = smoothstep(0.035F, 0.01F, smaller(u, v));
    return mix(b->colour, b->second, 0.8F * fine);
}

static Vec cloth(const Background *b, float x, float y)
{
    float weave = 0.5F + 0.25F * (sinf(40 * x) + sinf(40 * y));
    return mix(b->colour, b->second, weave * noise_cloud(2 * x, 2 * y, b->seed) * 1.6F);
}

Vec ground_colour(const Background *b, float x, float y)
{
    float c = cosf(b->turn), s = sinf(b->turn);
    float u = (c * x - s * y) * b->size, v = (s * x + c * y) * b->size;
    Vec colour = b->colour;
    switch (b->ground) {
    case WOOD:
        colour = wood(b, u, v);
        break;
    case CONCRETE:
        colour = mix(b->colour, b->second, noise_cloud(3 * u, 3 * v, b->seed));
        colour = scale(0.8F + 0.4F * noise2(40 * u, 40 * v, b->seed + 5), colour);
        break;
    case CUTTING_MAT:
        colour = cutting_mat(b, u, v);
        break;
    case PAPER:
        colour = mix(b->colour, b->second, 0.3F * noise_cloud(u, v, b->seed));
        break;
    case STEEL:
        colour = mix(b->colour, b->second, noise_cloud(0.4F * u, 45 * v, b->seed));
        break;
    case CLOTH:
        colour = cloth(b, u, v);
        break;
    case GROUNDS:
        break;
    }
    float stain = smoothstep(0.62F, 0.75F, noise2(0.7F * u, 0.7F * v, b->seed + 3)) * b->stain;
    return scale(1 - stain, colour);
}

Vec ground_light(const Light *light, Vec colour, float lit, float open)
{
    float key = lit * light->direction.z;
    Vec sum = add(scale(key, light->colour), scale(open, light->sky));
    return multiply(colour, sum);
}

/* What a mirror of this roughness shows in direction `r`. */
static Vec surroundings(const Light *light, Vec bench, Vec r, float roughness)
{
    float rough = roughness * roughness;
    float above = smoothstep(-0.15F - rough, 0.2F + rough, r.z);
    Vec sum = mix(bench, scale(0.55F + 0.45F * r.z, light->sky), above);
    for (int i = 0; i < BOXES; i++) {
        const SoftBox *box = &light->box[i];
        if (dot(r, box->direction) <= 0) continue;
        float edge = box->edge + 0.9F * rough;
        float u = fabsf(dot(r, box->across));
        float v = fabsf(dot(r, cross(box->direction, box->across)));
        float inside = smoothstep(box->width + edge, box->width - edge, u) *
                       smoothstep(box->height + edge, box->height - edge, v);
        sum = add(sum, scale(inside / (1 + 3 * rough), box->colour));
    }
    return sum;
}

/* Blinn's highlight of the key light, with the energy of a lobe of this roughness. */
static float highlight(const Light *light, Vec normal, Vec to_camera, float roughness)
{
    Vec half = normalize(add(light->direction, to_camera));
    float shine = 2 / larger(roughness * roughness * roughness * roughness, 1e-3F);
    float cosine = larger(dot(normal, half), 0);
    return smaller(powf(cosine, shine) * (shine + 2) / 8, 6);
}

Vec part_light(const Light *light, const Coat *coat, uint32_t seed, Vec object, Vec normal,
               Vec to_camera, float height, float lit, Vec bench)
{
    float grime = coat->dirt * smoothstep(0.45F, 0.8F, noise3(scale(3.5F, object), seed));
    float streak = noise2(50 * object.z, 6 * (object.x + object.y), seed + 7) - 0.5F;
    normal = normalize(add(normal, scale(coat->brushed * streak, vec(0.7F, 0.4F, 0.6F))));
    float roughness = clamp(coat->roughness + 0.35F * grime, 0.05F, 1);
    Vec albedo = mix(coat->albedo, vec(0.12F, 0.085F, 0.06F), 0.7F * grime);

    float facing = larger(dot(normal, to_camera), 0);
    float cosine = larger(dot(normal, light->direction), 0) * lit;
    float open = (0.5F + 0.5F * normal.z) * (0.45F + 0.55F * smoothstep(0, 0.6F, height));
    float grazing = powf(1 - facing, 5);
    Vec mirror_direction = sub(scale(2 * dot(normal, to_camera), normal), to_camera);
    Vec mirror = surroundings(light, bench, mirror_direction, roughness);
    mirror = add(mirror, scale(lit * highlight(light, normal, to_camera, roughness) * cosine,
                               light->colour));
    Vec ambient = mix(scale(0.6F, bench), light->sky, open);
    Vec diffuse = multiply(albedo, add(scale(cosine, light->colour), ambient));
    Vec gloss = scale(0.04F + 0.5F * grazing * (1 - roughness), mirror);
    Vec painted = add(diffuse, gloss);
    Vec shiny = multiply(mix(albedo, vec(1, 1, 1), 0.6F * grazing), mirror);
    shiny = add(scale(0.95F, shiny), scale(0.15F + 0.2F * roughness, diffuse));
    float shade = 0.55F + 0.45F * smoothstep(0, 0.35F, height);
    return scale(shade, mix(painted, shiny, coat->metallic * (1 - 0.5F * grime)));
}
