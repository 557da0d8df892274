/* Labels of training pictures that are turned over: a pure function of (seed, epoch, record). */
#pragma once

#include "base/arena.h"
#include "data/augment.h"
#include "data/flips.h"

typedef struct LabelFlips {
    const AugmentOptions *augment;
    uint64_t seed;
    int heads;
    const int32_t *const *label; /* (heads)(records) */
    const int32_t *const
        *turned[2];     /* (heads)(classes), by data/flips.h, of horizontal and vertical flips;
                                        NULL, also of one head: labels stay */
    uint8_t *forbidden; /* (records): flips that some label does not allow; NULL: none */
} LabelFlips;

/* With all but `forbidden` set, finds it. Memory comes from `run`. */
void label_flips_find(LabelFlips *flips, size_t records, Arena *run);
/* The class of a record in a head as training has it in `epoch`: a flip may have turned left to right. */
int32_t label_flips_class(const LabelFlips *flips, int head, uint32_t record, uint64_t epoch);
