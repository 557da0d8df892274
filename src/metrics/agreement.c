/*
 * Quadratic kappa is 1 - S / E: S the sum of squared distances, E what it is on average over all pairings of
 * the labels with the predictions. Both come from sums of ranks, so no matrix is needed.
 */
#include "metrics/agreement.h"

#include <math.h>

double agreement_kappa(const int32_t *label, const int32_t *predicted, size_t count)
{
    int64_t squares = 0, labels = 0, predictions = 0, own = 0;
    for (size_t i = 0; i < count; i++) {
        /* From the first label on, so that the difference below loses no digits. */
        int64_t a = label[i] - label[0], b = predicted[i] - label[0];
        squares += (a - b) * (a - b);
        own += a * a + b * b;
        labels += a;
        predictions += b;
    }
    double chance = (double)own - 2 * (double)labels * ((double)predictions / (double)count);
    return count && chance > 0 ? 1 - (double)squares / chance : (double)NAN;
}
