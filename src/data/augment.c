/* From a picture to the network's input: drawing a crop, decoding what it needs, resampling it. */
#include "data/augment.h"

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
     .help = "probability of a horizontal flip; 0 where left and right differ for a label"},
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

AugmentChoice augment_draw(const AugmentOptions *options, int width, int height, Random random)
{
    AugmentChoice choice = fallback_crop(options, width, height);
    bool flip = random_uniform(&random) < options->flip;
    double low = log(options->ratio.value[0]), high = log(options->ratio.value[1]);
    for (int attempt = 0; attempt < 10; attempt++) {
        double area = (double)width * height * between(&options->scale, &random);
        double ratio = exp(low + (high - low) * random_uniform(&random));
        double w = rint(sqrt(area * ratio)), h = rint(sqrt(area / ratio));
        double right = random_uniform(&random), down = random_uniform(&random);
        if (w < 1 || h < 1 || w > width || h > height) continue;
        choice = (AugmentChoice){.x = floor(right * (width - w + 1)),
                                 .y = floor(down * (height - h + 1)),
                                 .width = w,
                                 .height = h};
        break;
    }
    choice.flip = flip;
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
        ok = resample(out, side, &scratch->image, &window, (FilterKind)options->interpolation,
                      scale, shift, choice->flip, scratch) ||
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
