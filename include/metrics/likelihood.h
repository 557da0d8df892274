/*
 * How good probabilities are: log likelihood and squared distance, in double. A probability of 0 is one
 * that has left the range of a float and counts as 2^-126; the complement of a probability of 1, which a float can
 * hold only down to 2^-24, as 2^-25.
 */
#pragma once

#include <stdint.h>

/* -log of the label's probability. */
double likelihood_loss(float probability);
/* Sum over the classes of (p - [class = label])^2: Brier's score of a record, 0 to 2. */
double likelihood_squares(const float *probability, int classes, int label);

/* Of classes that hold or not, each by itself; `member` (members), rising, are those that hold. */
typedef struct SetLikelihood {
    double loss, squares; /* summed over the classes, in their order */
} SetLikelihood;
SetLikelihood likelihood_of_set(const float *probability, int classes, const int32_t *member,
                                int members);
