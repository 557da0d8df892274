/* What the losses share: targets, and the functions of a logit in double, whose bits are the same everywhere. */
#pragma once

#include "base/plain_exp.h"
#include "base/plain_log.h"
#include "nn/run.h"

static inline void loss_begin(HeadRun *head)
{
    head->loss = head->error = 0;
    head->correct = 0;
}

/* The targets of image n: head->parts of them. */
static inline const Target *loss_targets(const HeadRun *head, int n)
{
    return head->target + (size_t)n * (size_t)head->parts;
}

/* What logits are divided by where they become probabilities. A network that learns has no temperature, so
 * its gradients need not know of any. */
static inline double temperature_of(double given)
{
    return given > 0 ? given : 1;
}

static inline double sigmoid(double x)
{
    double e = plain_exp(x < 0 ? x : -x);
    return x < 0 ? e / (1 + e) : 1 / (1 + e);
}

/* log(1 + exp(x)) */
static inline double softplus(double x)
{
    return (x > 0 ? x : 0) + plain_log(1 + plain_exp(x < 0 ? x : -x));
}

/* x^exponent of x in [0,1] */
static inline double power(double x, double exponent)
{
    if (exponent == 0) return 1;
    return x > 1e-300 ? plain_exp(exponent * plain_log(x)) : 0;
}
