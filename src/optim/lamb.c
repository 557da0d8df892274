/*
 * LAMB (You et al. 2020): Adam's direction, decay included, at a rate of its own for each parameter,
 * the norm of its values / the norm of that direction. As timm computes it.
 */
#include "kernels/kernels.h"
#include "optim/optimizer.h"
#include "options.h"
#include "power.h"

#include <string.h>

typedef struct Lamb {
    OptimizerCommon common;
    double beta1, beta2, epsilon;
    bool trust_clip, always_adapt;
} Lamb;

#define AT(member) offsetof(Lamb, member)
static const Option options[] = {
    OPTION_LR("5e-3", "learning rate after warm-up"),
    OPTION_WEIGHT_DECAY("0.02", "weight decay of kernels and matrices, added to the direction"),
    OPTION_BETA1("decay of the gradient's running mean"),
    OPTION_BETA2("0.999", "decay of the squared gradient's running mean"),
    OPTION_NUMBER("epsilon", AT(epsilon), "1e-6", 1e-30, 1, "added to the denominator"),
    OPTION_SWITCH("trust_clip", AT(trust_clip), "a parameter's ratio of norms is at most 1"),
    OPTION_SWITCH("always_adapt", AT(always_adapt),
                  "parameters without decay get the ratio of norms too"),
    {.key = NULL},
};
#undef AT

static float decay_of(const Lamb *lamb, const UpdateSlice *slice)
{
    return slice->decay ? (float)lamb->common.weight_decay : 0;
}

/* direction (count) = m / (sqrt(v) + epsilon), corrected, plus the decay. `learns`: m and v take in the
 * gradient first. It is what AdamW makes of zeros at a rate of -1. */
static void find_direction(const Lamb *lamb, const UpdateSlice *slice, bool learns,
                           float *direction)
{
    AdamWStep step = {.lr = -1,
                      .beta1 = learns ? (float)lamb->beta1 : 1,
                      .beta2 = learns ? (float)lamb->beta2 : 1,
                      .rest1 = learns ? (float)(1 - lamb->beta1) : 0,
                      .rest2 = learns ? (float)(1 - lamb->beta2) : 0,
                      .epsilon = (float)lamb->epsilon,
                      .correction1 = (float)(1 - power(lamb->beta1, slice->updates)),
                      .correction2 = (float)(1 - power(lamb->beta2, slice->updates)),
                      .grad_scale = slice->grad_scale};
    float decay = decay_of(lamb, slice);
    memset(direction, 0, sizeof *direction * slice->count);
    kernels()->adamw(direction, slice->slot[0], slice->slot[1], slice->grad, &step, slice->count);
    for (size_t i = 0; i < slice->count; i++) direction[i] += decay * slice->value[i];
}

static void measure(const void *values, const UpdateSlice *slice, UpdateNorms *squares)
{
    float direction[OPTIMIZER_BLOCK];
    find_direction(values, slice, true, direction);
    squares->value += kernels()->sum_squares(slice->value, slice->count);
    squares->direction += kernels()->sum_squares(direction, slice->count);
}

static double trust(const void *values, const UpdateSlice *slice, const UpdateNorms *norms)
{
    const Lamb *lamb = values;
    bool adapts = decay_of(lamb, slice) != 0 || lamb->always_adapt;
    if (!adapts || norms->value == 0 || norms->direction == 0) return 1;
    double ratio = norms->value / norms->direction;
    return lamb->trust_clip && ratio > 1 ? 1 : ratio;
}

static void update(const void *values, const UpdateSlice *slice)
{
    float direction[OPTIMIZER_BLOCK], rate = (float)(slice->lr * slice->trust);
    find_direction(values, slice, false, direction);
    for (size_t i = 0; i < slice->count; i++) slice->value[i] -= rate * direction[i];
}

static const char *const slot_names[] = {"m", "v"};

const OptimizerType optimizer_lamb = {.name = "lamb",
                                      .slots = 2,
                                      .slot_name = slot_names,
                                      .options = options,
                                      .options_bytes = sizeof(Lamb),
                                      .measure = measure,
                                      .trust = trust,
                                      .update = update};
