/*
 * How hard the heads pull at the features that they share, and how much against each other. A step's gradients on the
 * features, of all images of the batch, are one long vector per head; inner products are added over lanes and ranks as
 * integers of 2^-40, in units of the loss of one term (a head's weight and divisor apart), so that all ranks know
 * the same norms and cosines. Private to train.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All (taps) or (taps,taps), in the order of the heads that read the features. */
typedef struct Interference {
    int taps;
    double
        *norm; /* of the last step: of the gradient of a head's loss, without its weight; 0: none */
    double *cosine; /* of the last step; 0 where a norm is 0 */
    /* Of the epoch so far, side by side: sums over steps of cosines, those of weighted norms in the diagonal; and the
     * numbers of steps that had them. Part of the run's state. */
    double *sum, *steps;
} Interference;

void interference_create(Interference *interference, int taps, Arena *run);

/* Pairs i >= j of `taps` heads, and the place of one among them. */
size_t interference_pairs(int taps);
size_t interference_pair(int i, int j);

/* What a lane adds to a pair's sum: the product of two gradients that were scaled by `scale`. Never so much that
 * the sum of `lanes` (a power of two at least as large) overflows. */
int64_t interference_quantum(double product, double scale, int power);

/* Takes in a step: total (pairs); of each head its loss's divisor 1 / terms and weight. Skipped steps are left out. */
void interference_observe(Interference *interference, const int64_t *total, const double *share,
                          const double *weight);

/* Means of the epoch so far; cosines where no step had both: 0. */
double interference_norm(const Interference *interference, int i);
double interference_cosine(const Interference *interference, int i, int j);
void interference_end_epoch(Interference *interference);
