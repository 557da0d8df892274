/*
 * From a record to the network's input: a choice is drawn from addressed randomness, then applied.
 * Training: random-resized crop and horizontal flip. Evaluation: resize and centre crop.
 */
#pragma once

#include "base/option.h"
#include "base/random.h"
#include "data/image.h"

#include <stdbool.h>

/* Section `augment` of the configuration. */
typedef struct AugmentOptions {
    bool enabled;                 /* off: training uses the evaluation transform */
    OptionFloats scale;           /* low and high share of the picture's area in a random crop */
    OptionFloats ratio;           /* low and high width / height of a random crop */
    double flip;                  /* probability of a horizontal flip */
    double crop;                  /* evaluation: share of the resized shorter side that is kept */
    int interpolation;            /* FilterKind of resizing */
    OptionFloats mean, deviation; /* (3) of the channels, in 0 … 1 */
} AugmentOptions;

extern const Option augment_options[];

/* What the table alone cannot check. */
bool augment_check(const AugmentOptions *options, Error *err);

typedef struct AugmentChoice {
    double x, y, width, height; /* of the crop, in pixels of the full-size picture */
    bool flip;
} AugmentChoice;

AugmentChoice augment_draw(const AugmentOptions *options, int width, int height, Random random);
AugmentChoice augment_centre(const AugmentOptions *options, int width, int height);

/* The network's input is pixel * scale + shift for red, green and blue pixels of 0 … 255. */
void augment_normalisation(const AugmentOptions *options, float scale[3], float shift[3]);

/* Buffers of one thread; zero-initialise, free with augment_free. They grow with the largest
 * picture and are kept. */
typedef struct AugmentScratch {
    Image image;
    void *buffer; /* of resampling */
    size_t capacity;
} AugmentScratch;
void augment_free(AugmentScratch *scratch);

/* Decodes what the crop needs, resamples it (antialiased) to side x side,
 * normalises and stores into out (side, side, 3). On failure out is all zero and err tells why. */
bool augment_apply(float *out, int side, const AugmentOptions *options, const AugmentChoice *choice,
                   const uint8_t *data, size_t bytes, AugmentScratch *scratch, Error *err);

/* The same for a picture in memory instead of a file; gives the bits that a PNG of it would. */
bool augment_apply_pixels(float *out, int side, const AugmentOptions *options,
                          const AugmentChoice *choice, const RgbPixels *pixels,
                          AugmentScratch *scratch, Error *err);
