/* Order of training samples: a pure function of (seed, epoch) and of the classes of the records. */
#pragma once

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

/* How often the classes are seen in an epoch: as often as they have images, by the square root of that, or
 * equally often. */
typedef enum BalanceKind { BALANCE_NONE, BALANCE_SQRT, BALANCE_FULL } BalanceKind;

typedef struct Sampler Sampler;

/* Of `records` (count), which are referred to, as is class_of (count): the class of each record among
 * 0 … classes-1, or < 0: none; NULL for BALANCE_NONE. Memory comes from `run`. */
Sampler *sampler_create(const uint32_t *records, size_t count, BalanceKind kind,
                        const int32_t *class_of, int classes, Arena *run);

/*
 * Fills order (count) for epoch `epoch`. BALANCE_NONE: each record once. Otherwise records without a class
 * come once each, and what is left of `count` is dealt to the classes: with s_k the share of class k,
 * exact to a draw in every epoch (floor or ceiling, by one random offset) and exact on average. In a class
 * each record comes floor or ceiling of draws / records times. Then all is shuffled: Fisher-Yates from the
 * end, drawing random_below(i + 1) from (seed, RANDOM_ORDER, epoch).
 */
void sampler_order(const Sampler *sampler, uint32_t *order, uint64_t seed, uint64_t epoch);
