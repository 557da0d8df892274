/*
 * GradNorm (Chen et al. 2018), on the shared features. A head's own factor v is learnt so that the norm G = v n of its
 * weighted gradient comes to mean(G) r^alpha, with r its loss as a share of its first one, divided by the mean of those
 * shares: who trains slower pulls harder. v goes down the derivative of |G - target|, n sign(G - target), here in units
 * of mean(G), so that `rate` does not depend on the scale of gradients; then all are scaled to a mean of 1.
 */
#include "train/balancer.h"

#include "base/plain_exp.h"
#include "base/plain_log.h"

#include <stddef.h>

/* Of a head: v, and its loss in the first step that had a label of it; 0: there was none. */
enum { FACTOR, FIRST_LOSS, NUMBERS };

static const double LEAST_FACTOR = 1e-3; /* else a head could be lost for good */

typedef struct GradnormOptions {
    double alpha, rate;
} GradnormOptions;

static const Option options[] = {
    {.key = "alpha",
     .type = OPTION_FLOAT,
     .added = true,
     .offset = offsetof(GradnormOptions, alpha),
     .fallback = "1.5",
     .low = 0,
     .high = 10,
     .help = "how much more heads pull that train more slowly; 0: all alike"},
    {.key = "rate",
     .type = OPTION_FLOAT,
     .added = true,
     .offset = offsetof(GradnormOptions, rate),
     .fallback = "0.025",
     .low = 0,
     .high = 1,
     .help = "learning rate of the weights"},
    {.key = NULL},
};

static double *state_of(const Balancer *balancer, int head)
{
    return balancer->state + head * NUMBERS;
}

static void begin(Balancer *balancer)
{
    for (int h = 0; h < balancer->heads; h++) state_of(balancer, h)[FACTOR] = 1;
}

static void weigh(Balancer *balancer)
{
    for (int h = 0; h < balancer->heads; h++)
        balancer->factor[h] = balancer->given[h] * state_of(balancer, h)[FACTOR];
}

/* Whether the step says something of the head. */
static bool takes_part(const Balancer *balancer, const BalancerStep *step, int head)
{
    return step->labelled[head] && step->norm[head] > 0 && balancer->given[head] > 0 &&
           state_of(balancer, head)[FIRST_LOSS] > 0;
}

static double pull(const Balancer *balancer, const BalancerStep *step, int head)
{
    return balancer->given[head] * state_of(balancer, head)[FACTOR] * step->norm[head];
}

static double share_left(const Balancer *balancer, const BalancerStep *step, int head)
{
    double share = step->loss[head] / state_of(balancer, head)[FIRST_LOSS];
    return share > 1e-12 ? share : 1e-12;
}

static void scale_to_mean(Balancer *balancer)
{
    double sum = 0;
    for (int h = 0; h < balancer->heads; h++) sum += state_of(balancer, h)[FACTOR];
    for (int h = 0; h < balancer->heads; h++)
        state_of(balancer, h)[FACTOR] *= balancer->heads / sum;
}

static void observe(Balancer *balancer, const BalancerStep *step)
{
    const GradnormOptions *given = balancer->options;
    double pulls = 0, shares = 0;
    int parts = 0;
    for (int h = 0; h < balancer->heads; h++) {
        double *first = &state_of(balancer, h)[FIRST_LOSS];
        if (*first == 0 && step->labelled[h] && step->loss[h] > 0) *first = step->loss[h];
        if (!takes_part(balancer, step, h)) continue;
        pulls += pull(balancer, step, h);
        shares += share_left(balancer, step, h);
        parts++;
    }
    if (parts < 2) return;
    double mean = pulls / parts, mean_share = shares / parts;
    for (int h = 0; h < balancer->heads; h++) {
        if (!takes_part(balancer, step, h)) continue;
        double *factor = &state_of(balancer, h)[FACTOR];
        double share = share_left(balancer, step, h) / mean_share;
        double target = mean * plain_exp(given->alpha * plain_log(share));
        double off = pull(balancer, step, h) - target;
        double slope = balancer->given[h] * step->norm[h] / mean;
        *factor -= given->rate * slope * ((off > 0) - (off < 0));
        if (*factor < LEAST_FACTOR) *factor = LEAST_FACTOR;
    }
    scale_to_mean(balancer);
}

const BalancerType balancer_gradnorm = {.name = "gradnorm",
                                        .options = options,
                                        .options_bytes = sizeof(GradnormOptions),
                                        .taps = TAPS_APART,
                                        .numbers_per_head = NUMBERS,
                                        .begin = begin,
                                        .weigh = weigh,
                                        .observe = observe};
