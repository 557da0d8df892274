/* From a picture to the network's input: drawing a crop, decoding what it needs, resampling it. */
#include "data/augment.h"

#include "base/hash.h"
#include "image_formats.h"
#include "kernels/kernels.h"
#include "ops/augmentation.h"
#include "resample.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *const interpolations[] = {"bilinear", "bicubic", NULL}; /* as FilterKind */

#define AT(member) offsetof(AugmentOptions, member)
const Option augment_options[] = {
    {.key = "enabled",
     .type = OPTION_BOOL,
     .offset = AT(enabled),
     .fallback = "true",
     .help = "off: training sees pictures as evaluation does"},
    {.key = "scale",
     .type = OPTION_FLOATS,
     .elements = 2,
     .offset = AT(scale),
     .fallback = "[0.35, 1]",
     .low = 1e-3,
     .high = 1,
     .help = "least and largest share of a picture's area in a random crop"},
    {.key = "ratio",
     .type = OPTION_FLOATS,
     .elements = 2,
     .offset = AT(ratio),
     .fallback = "[0.75, 1.3333333333333333]",
     .low = 0.05,
     .high = 20,
     .help = "least and largest width / height of a random crop"},
    {.key = "flip",
     .type = OPTION_FLOAT,
     .offset = AT(flip),
     .fallback = "0.5",
     .low = 0,
     .high = 1,
     .help = "probability of a horizontal flip; heads[].flips says where labels depend on it"},
    {.key = "flip_vertical",
     .type = OPTION_FLOAT,
     .offset = AT(flip_vertical),
     .fallback = "0",
     .low = 0,
     .high = 1,
     .help = "probability of a vertical flip"},
    {.key = "crop",
     .type = OPTION_FLOAT,
     .offset = AT(crop),
     .fallback = "0.875",
     .low = 0.1,
     .high = 1,
     .help = "evaluation: share of the shorter side that the centre crop keeps"},
    {.key = "interpolation",
     .type = OPTION_CHOICE,
     .offset = AT(interpolation),
     .fallback = "bilinear",
     .choices = interpolations,
     .help = "filter of resizing, antialiased"},
    {.key = "mean",
     .type = OPTION_FLOATS,
     .elements = 3,
     .offset = AT(mean),
     .fallback = "[0.485, 0.456, 0.406]",
     .low = 0,
     .high = 1,
     .help = "of red, green and blue; subtracted"},
    {.key = "deviation",
     .type = OPTION_FLOATS,
     .elements = 3,
     .offset = AT(deviation),
     .fallback = "[0.229, 0.224, 0.225]",
     .low = 1e-3,
     .high = 1,
     .help = "of red, green and blue; divided by"},
    {.key = NULL},
};
#undef AT

bool augment_check(const AugmentOptions *options, Error *err)
{
    if (options->scale.value[0] > options->scale.value[1])
        return error_set(err, ERROR_USAGE,
                         "augment.scale: must rise, from the least share to the largest");
    if (options->ratio.value[0] > options->ratio.value[1])
        return error_set(err, ERROR_USAGE,
                         "augment.ratio: must rise, from the least ratio to the largest");
    return true;
}

/* --- choices --- */

static double between(const OptionFloats *range, Random *random)
{
    return range->value[0] + (range->value[1] - range->value[0]) * random_uniform(random);
}

/* What torchvision falls back to: the largest centred crop whose ratio is allowed. */
static AugmentChoice fallback_crop(const AugmentOptions *options, int width, int height)
{
    double ratio = (double)width / height, w = width, h = height;
    if (ratio < options->ratio.value[0]) h = rint(width / options->ratio.value[0]);
    if (ratio > options->ratio.value[1]) w = rint(height * options->ratio.value[1]);
    return (AugmentChoice){
        .x = floor((width - w) / 2), .y = floor((height - h) / 2), .width = w, .height = h};
}

/* The stream of one augmentation, or of crop and horizontal flip if there is no name. */
static Random stream(AugmentAddress address, const char *name)
{
    return random_at(address.seed, RANDOM_AUGMENT, name ? hash_text(name) : 0, address.epoch,
                     address.record);
}

unsigned augment_flips(const AugmentOptions *options, AugmentAddress address, unsigned forbidden)
{
    unsigned flips = 0;
    Random across = stream(address, NULL), down = stream(address, "flip_vertical");
    if (random_uniform(&across) < options->flip) flips |= FLIP_HORIZONTAL;
    if (random_uniform(&down) < options->flip_vertical) flips |= FLIP_VERTICAL;
    return flips & ~forbidden;
}

static void draw_crop(AugmentChoice *choice, const AugmentOptions *options, int width, int height,
                      Random random)
{
    double low = log(options->ratio.value[0]), high = log(options->ratio.value[1]);
    random_uniform(&random); /* the horizontal flip's */
    for (int attempt = 0; attempt < 10; attempt++) {
        double area = (double)width * height * between(&options->scale, &random);
        double ratio = exp(low + (high - low) * random_uniform(&random));
        double w = rint(sqrt(area * ratio)), h = rint(sqrt(area / ratio));
        double right = random_uniform(&random), down = random_uniform(&random);
        if (w < 1 || h < 1 || w > width || h > height) continue;
        choice->x = floor(right * (width - w + 1));
        choice->y = floor(down * (height - h + 1));
        choice->width = w;
        choice->height = h;
        return;
    }
}

AugmentChoice augment_draw(const AugmentOptions *options, int width, int height,
                           AugmentAddress address, unsigned forbidden)
{
    AugmentChoice choice = fallback_crop(options, width, height);
    draw_crop(&choice, options, width, height, stream(address, NULL));
    choice.flips = augment_flips(options, address, forbidden);
    choice.varied = true;
    choice.address = address;
    return choice;
}

AugmentChoice augment_centre(const AugmentOptions *options, int width, int height)
{
    double side = options->crop * (width < height ? width : height);
    return (AugmentChoice){
        .x = (width - side) / 2, .y = (height - side) / 2, .width = side, .height = side};
}

/* --- application --- */

void augment_free(AugmentScratch *scratch)
{
    image_free(&scratch->image);
    image_free(&scratch->stage);
    image_free(&scratch->spare);
    free(scratch->buffer);
    *scratch = (AugmentScratch){0};
}

/* DCT scaling: the largest of 8, 4, 2, 1 that leaves at least as many pixels as are wanted. */
static int reduce_for(const AugmentChoice *choice, int side)
{
    double shorter = choice->width < choice->height ? choice->width : choice->height;
    int reduce = 8;
    while (reduce > 1 && shorter / reduce < side) reduce /= 2;
    return reduce;
}

/* The whole pixels that the filter may touch: the crop and the filter's reach. */
static Rect region_of(const AugmentChoice *choice, FilterKind filter, int side)
{
    int reach_x = (int)ceil(filter_reach(filter, choice->width, side)) + 1,
        reach_y = (int)ceil(filter_reach(filter, choice->height, side)) + 1;
    int x = (int)floor(choice->x) - reach_x, y = (int)floor(choice->y) - reach_y;
    Rect region = {x > 0 ? x : 0, y > 0 ? y : 0, 0, 0};
    region.width = (int)ceil(choice->x + choice->width) + reach_x - region.x;
    region.height = (int)ceil(choice->y + choice->height) + reach_y - region.y;
    return region;
}

/* A picture of another size than the one that the crop was chosen for leaves part of it empty. */
static bool holds(const Rect *covered, const AugmentChoice *choice)
{
    return choice->x >= covered->x && choice->y >= covered->y &&
           choice->x + choice->width <= covered->x + covered->width &&
           choice->y + choice->height <= covered->y + covered->height;
}

void augment_normalisation(const AugmentOptions *options, float scale[3], float shift[3])
{
    for (int c = 0; c < 3; c++) {
        scale[c] = (float)(1 / (255 * options->deviation.value[c]));
        shift[c] = (float)(-options->mean.value[c] / options->deviation.value[c]);
    }
}

/* --- the augmentations of the table --- */

static bool takes_part(const AugmentOptions *options, const AugmentChoice *choice, int index)
{
    return choice->varied && options->more[index] &&
           augmentations[index]->is_on(options->more[index]);
}

static bool changes_pictures(const AugmentOptions *options, const AugmentChoice *choice)
{
    bool any = false;
    for (int i = 0; i < AUGMENTATIONS; i++)
        any |= augmentations[i]->picture && takes_part(options, choice, i);
    return any;
}

static void change_picture(Frame *frame, const AugmentOptions *options, const AugmentChoice *choice)
{
    for (int c = 0; c < 3; c++) frame->fill[c] = (uint8_t)(255 * options->mean.value[c] + 0.5);
    for (int i = 0; i < AUGMENTATIONS; i++) {
        if (!augmentations[i]->picture || !takes_part(options, choice, i)) continue;
        Random random = stream(choice->address, augmentations[i]->name);
        augmentations[i]->picture(options->more[i], &random, frame);
    }
}

static void change_input(float *input, int side, const AugmentOptions *options,
                         const AugmentChoice *choice)
{
    for (int i = 0; i < AUGMENTATIONS; i++) {
        if (!augmentations[i]->input || !takes_part(options, choice, i)) continue;
        Random random = stream(choice->address, augmentations[i]->name);
        augmentations[i]->input(options->more[i], &random, input, side);
    }
}

/* The window as bytes at the size of the input, changed, normalised. */
static bool resample_and_change(float *out, int side, const AugmentOptions *options,
                                const AugmentChoice *choice, const ResampleWindow *window,
                                const float scale[3], const float shift[3], AugmentScratch *scratch)
{
    if (!resample_window(&scratch->stage, side, &scratch->image, window,
                         (FilterKind)options->interpolation, scratch) ||
        !image_resize_buffer(&scratch->spare, side, side))
        return false;
    Frame frame = {.image = &scratch->stage, .spare = &scratch->spare, .side = side};
    change_picture(&frame, options, choice);
    float *row = scratch->buffer; /* resampling has had at least a row there */
    for (int y = 0; y < side; y++) {
        const uint8_t *pixels = frame.image->pixels + 4 * (size_t)y * (size_t)side;
        for (int i = 0; i < 4 * side; i++) row[i] = pixels[i];
        int to = choice->flips & FLIP_VERTICAL ? side - 1 - y : y;
        kernels()->store_row(out + (size_t)to * (size_t)side * 3, row, scale, shift,
                             choice->flips & FLIP_HORIZONTAL, side);
    }
    return true;
}

/* From scratch->image, which shows `covered` of the picture, to the network's input; all zero if
 * `ok` is false or becomes so. */
static bool finish(float *out, int side, const AugmentOptions *options, const AugmentChoice *choice,
                   const Rect *covered, bool ok, AugmentScratch *scratch, Error *err)
{
    if (ok && !holds(covered, choice))
        ok = error_set(err, ERROR_DATA, "the picture is smaller than its stated size");
    if (ok) {
        /* PNG ignores `reduce`: what the pixels cover tells the true one. */
        double shrink_x = (double)covered->width / scratch->image.width;
        double shrink_y = (double)covered->height / scratch->image.height;
        ResampleWindow window = {(choice->x - covered->x) / shrink_x,
                                 (choice->y - covered->y) / shrink_y, choice->width / shrink_x,
                                 choice->height / shrink_y};
        float scale[3], shift[3];
        augment_normalisation(options, scale, shift);
        ok = changes_pictures(options, choice)
                 ? resample_and_change(out, side, options, choice, &window, scale, shift, scratch)
                 : resample(out, side, &scratch->image, &window, (FilterKind)options->interpolation,
                            scale, shift, choice->flips, scratch);
        if (ok)
            change_input(out, side, options, choice);
        else
            error_set(err, ERROR_SYSTEM, "no memory for resampling");
    }
    if (!ok) memset(out, 0, sizeof(float) * (size_t)side * (size_t)side * 3);
    return ok;
}

bool augment_apply(float *out, int side, const AugmentOptions *options, const AugmentChoice *choice,
                   const uint8_t *data, size_t bytes, AugmentScratch *scratch, Error *err)
{
    Rect covered;
    FilterKind filter = (FilterKind)options->interpolation;
    bool ok = image_decode(&scratch->image, &covered, data, bytes, region_of(choice, filter, side),
                           reduce_for(choice, side), err);
    return finish(out, side, options, choice, &covered, ok, scratch, err);
}

bool augment_apply_pixels(float *out, int side, const AugmentOptions *options,
                          const AugmentChoice *choice, const RgbPixels *pixels,
                          AugmentScratch *scratch, Error *err)
{
    Rect covered = {0, 0, pixels->width, pixels->height};
    bool ok = image_from_rgb(&scratch->image, pixels, err);
    return finish(out, side, options, choice, &covered, ok, scratch, err);
}
