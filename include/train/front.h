/*
 * The Pareto front of a run's validations: those that no other beats in every head's score. A pure function of the
 * validations, and part of a run's checkpoints.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "metrics/pareto.h"
#include "train/score.h"

typedef struct Front {
    ParetoFront pareto;
    double *merit; /* (heads): of the validation that is taken in */
    Arena *arena;
} Front;

/* An empty front; its memory comes from `arena`, a little more with each doubling of its points. */
Front front_begin(int heads, Arena *arena);

/* Takes in the validation of a step, then keeps at most `limit` points. True if its own is one of those. */
bool front_take(Front *front, uint64_t step, const Score *score, size_t limit);

/* As numbers of a checkpoint: for each point its step, 1 if it is kept or 0, and the merits of the heads. Memory
 * comes from `arena`. */
double *front_to_numbers(const Front *front, size_t *count, Arena *arena);
/* ERROR_DATA if they are none of a front of `front`, which is empty. */
bool front_from_numbers(Front *front, const double *number, size_t count, Error *err);
