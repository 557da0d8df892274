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

typedef struct LaneLoaderOptions {
    const Pack *pack;
    const AugmentOptions *augment;
    int side;      /* of the input, pixels */
    uint64_t seed; /* of augmentation */
} LaneLoaderOptions;

LaneLoader *lane_loader_create(const LaneLoaderOptions *options, Arena *run);
void lane_loader_destroy(LaneLoader *loader);

/* Loads `count` records into images (count, side, side, 3). `training` draws the augmentation of
 * (seed, epoch, record). A record that cannot be read is a zero image with bad[i] set; its reason
 * is logged once per record by the caller through lane_loader_reason. Returns the number of bad
 * ones. */
int lane_loader_load(LaneLoader *loader, float *images, bool *bad, const uint32_t *records,
                     int count, bool training, uint64_t epoch);
/* Why the last bad record of the last load failed. */
const char *lane_loader_reason(const LaneLoader *loader);
