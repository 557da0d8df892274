/* Mixup and CutMix of a lane's images. */
#include "data/mix.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define AT(member) offsetof(MixOptions, member)
const Option mix_options[] = {
    {.key = "mixup.alpha",
     .type = OPTION_FLOAT,
     .added = true,
     .offset = AT(mixup),
     .fallback = "0",
     .low = 0,
     .high = 100,
     .help = "images are mixed with shares from Beta(alpha, alpha), such as 0.2; 0: they are not"},
    {.key = "cutmix.alpha",
     .type = OPTION_FLOAT,
     .added = true,
     .offset = AT(cutmix),
     .fallback = "0",
     .low = 0,
     .high = 100,
     .help = "boxes of other images are set in, with shares from Beta(alpha, alpha), such as 1; 0: "
             "they are not"},
    {.key = "mix.probability",
     .type = OPTION_FLOAT,
     .added = true,
     .offset = AT(probability),
     .fallback = "1",
     .low = 0,
     .high = 1,
     .help = "that an image is mixed"},
    {.key = "mix.cutmix_share",
     .type = OPTION_FLOAT,
     .added = true,
     .offset = AT(cutmix_share),
     .fallback = "0.5",
     .low = 0,
     .high = 1,
     .help = "of the images that are mixed, where mixup and CutMix are both on"},
    {.key = "mix.off_epochs",
     .type = OPTION_INT,
     .added = true,
     .offset = AT(off_epochs),
     .fallback = "0",
     .low = 0,
     .high = 1e6,
     .help = "last epochs of the run in which images are not mixed"},
    {.key = NULL},
};
#undef AT

bool mix_is_on(const MixOptions *options)
{
    return (options->mixup > 0 || options->cutmix > 0) && options->probability > 0;
}

/* --- drawing --- */

/* A permutation of a single cycle (Sattolo 1986): no image is its own partner. */
static void draw_partners(Mix *mix, int count, Random *random)
{
    for (int i = 0; i < count; i++) mix[i].partner = i;
    for (int i = count - 1; i > 0; i--) {
        int j = (int)random_below(random, (uint32_t)i), swapped = mix[i].partner;
        mix[i].partner = mix[j].partner;
        mix[j].partner = swapped;
    }
}

/* Pixels [begin, end) of a length of `extent` about a centre, as far as they lie in 0 … side. */
static void draw_range(int *begin, int *length, int extent, int side, Random *random)
{
    int low = (int)random_below(random, (uint32_t)side) - extent / 2, high = low + extent;
    *begin = low > 0 ? low : 0;
    *length = (high < side ? high : side) - *begin;
}

static void draw_box(Mix *mix, double share, int side, Random *random)
{
    int extent = (int)(side * sqrt(1 - share));
    draw_range(&mix->box.x, &mix->box.width, extent, side, random);
    draw_range(&mix->box.y, &mix->box.height, extent, side, random);
    mix->share = 1 - (double)mix->box.width * mix->box.height / ((double)side * side);
}

static void draw_share(Mix *mix, const MixOptions *options, int side, Random *random)
{
    double mixes = random_uniform(random), cuts = random_uniform(random);
    mix->share = 1;
    mix->box = (Rect){0, 0, 0, 0};
    if (mixes >= options->probability) return;
    bool cutmix = options->cutmix > 0 && (options->mixup == 0 || cuts < options->cutmix_share);
    double share = random_beta(random, cutmix ? options->cutmix : options->mixup);
    if (cutmix)
        draw_box(mix, share, side, random);
    else
        mix->share = share;
}

void mix_draw(Mix *mix, int count, const MixOptions *options, int side, MixAddress address)
{
    Random random =
        random_at(address.seed, RANDOM_MIX, 0, address.step, (uint64_t)(uint32_t)address.lane);
    draw_partners(mix, count, &random);
    for (int i = 0; i < count; i++) draw_share(&mix[i], options, side, &random);
}

/* --- mixing --- */

static void blend(float *image, const float *partner, size_t floats, float share)
{
    for (size_t i = 0; i < floats; i++) image[i] = share * image[i] + (1 - share) * partner[i];
}

static void cover(float *image, const float *partner, int side, Rect box)
{
    for (int y = box.y; y < box.y + box.height; y++) {
        size_t at = 3 * ((size_t)y * (size_t)side + (size_t)box.x);
        memcpy(image + at, partner + at, sizeof(float) * 3 * (size_t)box.width);
    }
}

static void mix_image(float *image, const float *partner, int side, const Mix *mix)
{
    if (mix->share == 1) return;
    if (mix->box.width > 0)
        cover(image, partner, side, mix->box);
    else
        blend(image, partner, 3 * (size_t)side * (size_t)side, (float)mix->share);
}

/* Along the cycle each partner is still as it was, but for the last one's, which is the first. */
void mix_apply(float *images, int count, int side, const Mix *mix, float *spare)
{
    size_t floats = 3 * (size_t)side * (size_t)side;
    int i = 0;
    if (count < 2) return;
    memcpy(spare, images, sizeof *spare * floats);
    do {
        int partner = mix[i].partner;
        mix_image(images + (size_t)i * floats,
                  partner == 0 ? spare : images + (size_t)partner * floats, side, &mix[i]);
        i = partner;
    } while (i != 0);
}
