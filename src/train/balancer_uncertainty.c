/* Learnt variances (Kendall, Gal and Cipolla 2018): a loss weighs exp(-s), and s / 2 is added to the sum. The optimizer
 * learns s; src/nn/ops/log_variance.c has its gradient. */
#include "balancer_given.h"

#include "base/plain_exp.h"

static void weigh(Balancer *balancer)
{
    for (int h = 0; h < balancer->heads; h++)
        balancer->factor[h] = balancer->given[h] * plain_exp(-(double)*balancer->log_variance[h]);
}

const BalancerType balancer_uncertainty = {.name = "uncertainty",
                                           .options = balancer_no_options,
                                           .taps = TAPS_WATCH,
                                           .log_variances = true,
                                           .weigh = weigh};
