/* The pace of whole training steps. Collective. */
#pragma once

#include "bench/profile.h"

typedef struct Pace {
    int steps;
    double median, least, most; /* seconds of a step, the longest over ranks */
    double images_per_second;   /* all ranks */
    double flops;               /* useful operations per second, all ranks */
    double evaluation;          /* images per second; 0: no images to evaluate on */
    uint64_t peak_bytes;        /* resident, of the rank that holds most */
} Pace;

/* Takes a step that is not counted, then `steps` that are, then evaluates. With `profile` not NULL as
 * many more steps are watched afterwards, so that watching does not slow what is measured; its memory
 * comes from `run`. */
Pace pace_measure(Rig *rig, int steps, Profile *profile, Arena *run);
