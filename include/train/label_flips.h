/* Labels of training pictures that are turned over: a pure function of (seed, epoch, record). */
#pragma once

#include "base/arena.h"
#include "data/augment.h"
#include "data/flips.h"

enum { LABEL_VIEWS = 4 }; /* ways to be turned over: sums of FLIP_… */

typedef struct LabelFlips {
    const AugmentOptions *augment;
    uint64_t seed;
    int heads;
    const LabelGroup *labels; /* (heads) */
    const FlipRule *rules[2]; /* (heads), of horizontal and vertical flips; NULL: labels stay */
    uint8_t *forbidden;       /* (records): flips that some label does not allow; NULL: none */
    LabelGroup (*view)[LABEL_VIEWS]; /* (heads): the labels of pictures that are so turned over */
} LabelFlips;

/* With all but `forbidden` and `view` set, finds them. Memory comes from `run`. */
void label_flips_find(LabelFlips *flips, size_t records, Arena *run);
/* Where to find a record's label in a head as training has it in `epoch`: a flip may have turned left to right. */
const LabelGroup *label_flips_group(const LabelFlips *flips, int head, uint32_t record,
                                    uint64_t epoch);
