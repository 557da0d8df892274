/*
 * Mixup (Zhang et al. 2018) and CutMix (Yun et al. 2019) inside a lane: each image is mixed with another one of
 * its lane, so that a lane needs nothing of other lanes, and every rank knows how each lane of the batch is mixed.
 */
#pragma once

#include "base/option.h"
#include "base/random.h"
#include "data/image.h"

#include <stdbool.h>
#include <stdint.h>

/* Keys of the section `augment` of the configuration. */
typedef struct MixOptions {
    double mixup, cutmix; /* alpha of the Beta distribution that shares are drawn from; 0: off */
    double probability;   /* that an image is mixed */
    double cutmix_share;  /* of those that are, where both are on */
    int off_epochs;       /* of the run's last ones, in which nothing is mixed */
} MixOptions;

extern const Option mix_options[];

/* Whether images are mixed at all. */
bool mix_is_on(const MixOptions *options);

/* How one image of a lane is mixed. */
typedef struct Mix {
    int partner;  /* the image that is mixed in, as its index in the lane */
    double share; /* of the image itself, in 0 … 1; 1: it stays as it is */
    Rect box;     /* what of the image its partner covers, pixels; empty: all of it, by shares */
} Mix;

/* What everything random about a lane follows from. */
typedef struct MixAddress {
    uint64_t seed, step;
    int lane; /* of the global batch */
} MixAddress;

/*
 * Draws mix (count) for a lane of count images of side x side. The partners are one cycle through all images. Mixup's
 * share is drawn from Beta(alpha, alpha). CutMix draws a share likewise, and a box of the remaining area with the
 * image's own proportions about a uniform place; what lies beyond the edge is cut off, and the share is that
 * of the pixels that are left.
 */
void mix_draw(Mix *mix, int count, const MixOptions *options, int side, MixAddress address);

/* Mixes images (count,side,side,3) in place; spare (side,side,3) is overwritten. */
void mix_apply(float *images, int count, int side, const Mix *mix, float *spare);
