/* Order of training samples: a pure function of (seed, epoch). */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Fills order (count) with `records` (count) in the order of epoch `epoch`: Fisher-Yates from the
 * end, drawing random_below(i + 1) from (seed, RANDOM_ORDER, epoch). */
void sampler_order(uint32_t *order, const uint32_t *records, size_t count, uint64_t seed,
                   uint64_t epoch);
