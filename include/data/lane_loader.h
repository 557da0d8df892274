/*
 * Fills one lane's input: reads, checks, decodes and augments its records on the calling worker.
 */
#pragma once

#include "base/arena.h"
#include "data/augment.h"
#include "data/pack.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct LaneLoader LaneLoader; /* buffers of one worker */

/* Pictures that stand for those of the pack, for measurements without decoding: record r shows
 * picture r mod count. They belong to the caller. */
typedef struct StillPictures {
    const float *pixels; /* (count, side, side, 3) */
    int count;           /* 0: none; the pack's own */
} StillPictures;

typedef struct LaneLoaderOptions {
    const Pack *pack;
    StillPictures still;
    const AugmentOptions *augment;
    uint64_t seed; /* of augmentation */
    const uint8_t
        *forbidden; /* (records): flips that a record must not have; NULL: none is forbidden */
    /* Told of each record that cannot be read, and why; on the thread that loads. May be NULL. */
    void (*report)(void *context, uint32_t record, const char *reason);
    void *context;
} LaneLoaderOptions;

LaneLoader *lane_loader_create(const LaneLoaderOptions *options, Arena *run);
void lane_loader_destroy(LaneLoader *loader);

/* Loads `count` records into images (count, side, side, 3). `training` draws the augmentation of
 * (seed, epoch, record). A record that cannot be read is a zero image with bad[i] set, and is
 * reported. Returns the number of bad ones. */
int lane_loader_load(LaneLoader *loader, float *images, int side, bool *bad,
                     const uint32_t *records, int count, bool training, uint64_t epoch);
