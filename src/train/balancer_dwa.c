/* Dynamic weight averaging (Liu, Johns and Davison 2019): what has got less better lately weighs more. With r the ratio of
 * a head's mean losses in the last two epochs, its factor is heads * softmax(r / temperature); 1 before there are two. */
#include "train/balancer.h"

#include "base/plain_exp.h"

#include <stddef.h>

/* Of a head: sum and number of its losses in the epoch so far; its mean loss in the last epoch, and in the one before. */
enum { SUM, STEPS, LAST, BEFORE, NUMBERS };

typedef struct DwaOptions {
    double temperature;
} DwaOptions;

static const Option options[] = {
    {.key = "temperature",
     .type = OPTION_FLOAT,
     .added = true,
     .offset = offsetof(DwaOptions, temperature),
     .fallback = "2",
     .low = 0.01,
     .high = 1e6,
     .help = "of the softmax over heads; the higher, the more alike they weigh"},
    {.key = NULL},
};

static double *state_of(const Balancer *balancer, int head)
{
    return balancer->state + head * NUMBERS;
}

/* A loss of 0 has nothing to gain. */
static double ratio(const double *state)
{
    return state[BEFORE] > 0 ? state[LAST] / state[BEFORE] : 1;
}

static void weigh(Balancer *balancer)
{
    const DwaOptions *given = balancer->options;
    double most = 0, sum = 0;
    for (int h = 0; h < balancer->heads; h++)
        if (ratio(state_of(balancer, h)) > most) most = ratio(state_of(balancer, h));
    for (int h = 0; h < balancer->heads; h++) {
        double share = plain_exp((ratio(state_of(balancer, h)) - most) / given->temperature);
        balancer->factor[h] = share;
        sum += share;
    }
    for (int h = 0; h < balancer->heads; h++)
        balancer->factor[h] *= balancer->given[h] * balancer->heads / sum;
}

static void observe(Balancer *balancer, const BalancerStep *step)
{
    for (int h = 0; h < balancer->heads; h++) {
        if (!step->labelled[h]) continue;
        state_of(balancer, h)[SUM] += step->loss[h];
        state_of(balancer, h)[STEPS]++;
    }
}

static void end_epoch(Balancer *balancer)
{
    for (int h = 0; h < balancer->heads; h++) {
        double *state = state_of(balancer, h);
        if (state[STEPS] == 0) continue; /* nothing was learnt of it */
        state[BEFORE] = state[LAST];
        state[LAST] = state[SUM] / state[STEPS];
        state[SUM] = state[STEPS] = 0;
    }
}

const BalancerType balancer_dwa = {.name = "dwa",
                                   .options = options,
                                   .options_bytes = sizeof(DwaOptions),
                                   .taps = TAPS_WATCH,
                                   .numbers_per_head = NUMBERS,
                                   .weigh = weigh,
                                   .observe = observe,
                                   .end_epoch = end_epoch};
