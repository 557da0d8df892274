/*
 * The bootstrap: how far a figure would move had other records of the same kind been drawn. Each resample draws as
 * many records as there are, with replacement; its draws follow from (seed, number of the resample).
 */
#pragma once

#include "base/arena.h"
#include "metrics/interval.h"

#include <stddef.h>
#include <stdint.h>

enum { RESAMPLES_MAX = 100000 };

typedef struct Resamples {
    int count;
    size_t records;
    const uint8_t *times; /* (count,records): how often a record was drawn */
} Resamples;

/* 1 <= count <= RESAMPLES_MAX; records < 2^32. False if there is no memory for count * records bytes of `arena`. */
bool resamples_draw(Resamples *resamples, int count, size_t records, uint64_t seed, Arena *arena);

/* From the 2.5th to the 97.5th percentile of value (count), between neighbours linearly. Values that are NaN are left
 * out, and NaN is the answer if all are. Sorts them. */
Interval resamples_interval(double *value, int count);
