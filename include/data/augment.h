/*
 * From a record to the network's input: a choice is drawn from addressed randomness, then applied.
 * Training: random-resized crop, flips, and the augmentations of augmentations.c. Evaluation: resize and
 * centre crop.
 */
#pragma once

#include "base/arena.h"
#include "base/option.h"
#include "base/random.h"
#include "data/image.h"

#include <stdbool.h>

enum { AUGMENTATIONS = 8 }; /* rows of the table of augmentations.c */

/* Section `augment` of the configuration. */
typedef struct AugmentOptions {
    bool enabled;                 /* off: training uses the evaluation transform */
    OptionFloats scale;           /* low and high share of the picture's area in a random crop */
    OptionFloats ratio;           /* low and high width / height of a random crop */
    double flip;                  /* probability of a horizontal flip */
    double flip_vertical;         /* likewise of a vertical one */
    double crop;                  /* evaluation: share of the resized shorter side that is kept */
    int interpolation;            /* FilterKind of resizing */
    OptionFloats mean, deviation; /* (3) of the channels, in 0 … 1 */
    void *more[AUGMENTATIONS];    /* options of each augmentation; NULL: it is off */
} AugmentOptions;

extern const Option augment_options[];
/* Of augmentation number `index`. */
const Option *augment_more_options(int index);
/* Makes room for the options of all augmentations, which option_defaults has yet to fill. */
void augment_create(AugmentOptions *options, Arena *arena);

/* What the table alone cannot check. */
bool augment_check(const AugmentOptions *options, Error *err);

/* What everything random about a picture follows from. */
typedef struct AugmentAddress {
    uint64_t seed, epoch;
    uint32_t record;
} AugmentAddress;

/* Bits: ways in which a picture is, or may not be, turned over. */
enum { FLIP_HORIZONTAL = 1, FLIP_VERTICAL = 2 };

typedef struct AugmentChoice {
    double x, y, width, height; /* of the crop, in pixels of the full-size picture */
    unsigned flips;             /* FLIP_… */
    bool varied;                /* the augmentations of the table take part, at `address` */
    AugmentAddress address;
} AugmentChoice;

/* The flips of a picture, but for those that are `forbidden`. Cheap: labels may depend on it. */
unsigned augment_flips(const AugmentOptions *options, AugmentAddress address, unsigned forbidden);
AugmentChoice augment_draw(const AugmentOptions *options, int width, int height,
                           AugmentAddress address, unsigned forbidden);
AugmentChoice augment_centre(const AugmentOptions *options, int width, int height);

/* The network's input is pixel * scale + shift for red, green and blue pixels of 0 … 255. */
void augment_normalisation(const AugmentOptions *options, float scale[3], float shift[3]);

/* The way back: draws an input (side,side,3) as pixels of `image`, whose square at (left, top) has room for it. The fourth
 * byte of its pixels stays. */
void augment_show(Image *image, int left, int top, const float *input, int side,
                  const AugmentOptions *options);

/* Buffers of one thread; zero-initialise, free with augment_free. They grow with the largest
 * picture and are kept. */
typedef struct AugmentScratch {
    Image image, stage, spare; /* as decoded; at the size of the input */
    void *buffer;              /* of resampling */
    size_t capacity;
} AugmentScratch;
void augment_free(AugmentScratch *scratch);

/* Decodes what the crop needs, resamples it (antialiased) to side x side, augments,
 * normalises and stores into out (side, side, 3). On failure out is all zero and err tells why. */
bool augment_apply(float *out, int side, const AugmentOptions *options, const AugmentChoice *choice,
                   const uint8_t *data, size_t bytes, AugmentScratch *scratch, Error *err);

/* The same for a picture in memory instead of a file; gives the bits that a PNG of it would. */
bool augment_apply_pixels(float *out, int side, const AugmentOptions *options,
                          const AugmentChoice *choice, const RgbPixels *pixels,
                          AugmentScratch *scratch, Error *err);
