/* Log likelihood and squared distance of probabilities. */
#include "metrics/likelihood.h"

#include <math.h>
#include <stdbool.h>

static double square(double x)
{
    return x * x;
}

double likelihood_loss(float probability)
{
    return -log(fmax((double)probability, 0x1p-126));
}

double likelihood_squares(const float *probability, int classes, int label)
{
    double sum = 0;
    for (int k = 0; k < classes; k++) sum += square((double)probability[k] - (k == label));
    return sum;
}

SetLikelihood likelihood_of_set(const float *probability, int classes, const int32_t *member,
                                int members)
{
    SetLikelihood sum = {0};
    for (int k = 0, next = 0; k < classes; k++) {
        bool holds = next < members && member[next] == k;
        next += holds;
        sum.loss += holds ? likelihood_loss(probability[k])
                          : -log(fmax(1 - (double)probability[k], 0x1p-25));
        sum.squares += square((double)probability[k] - holds);
    }
    return sum;
}
