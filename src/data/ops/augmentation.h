/* Augmentations: random changes of pictures at the size of the network's input. One file X.c here, and one row in
 * the table of augmentations.c, which is the order in which they are applied. Private to data. */
#pragma once

#include "base/option.h"
#include "base/random.h"
#include "frame.h"

#include <stddef.h>

typedef struct Augmentation {
    const char *name; /* its random numbers are drawn under it */
    /* Keys "NAME.key" of the section `augment`. */
    const Option *options;
    size_t options_bytes;
    bool (*is_on)(const void *options);
    /* One of the two. Draws and applies; `random` is this augmentation's own. */
    void (*picture)(const void *options, Random *random, Frame *frame);
    /* On the network's input (side,side,3), normalised: 0 is the mean colour. */
    void (*input)(const void *options, Random *random, float *input, int side);
} Augmentation;

/* (AUGMENTATIONS) */
extern const Augmentation *const augmentations[];

/* Uniform in [low, high]. */
static inline double draw_between(Random *random, double low, double high)
{
    return low + (high - low) * random_uniform(random);
}
