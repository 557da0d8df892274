/*
 * LARS (You et al. 2017): momentum at a rate of its own for each parameter, in the ratio of the norm of
 * its values to that of its gradient. As timm computes it; `trust_clip` makes it LARC.
 */
#include "kernels/kernels.h"
#include "optim/optimizer.h"
#include "options.h"

typedef struct Lars {
    OptimizerCommon common;
    double momentum, trust_coefficient, epsilon;
    bool nesterov, trust_clip, always_adapt;
} Lars;

#define AT(member) offsetof(Lars, member)
static const Option options[] = {
    OPTION_LR("1", "learning rate after warm-up"),
    OPTION_WEIGHT_DECAY("1e-4", "weight decay of kernels and matrices, added to the gradient"),
    OPTION_MOMENTUM,
    OPTION_SWITCH("nesterov", AT(nesterov), "look ahead along the momentum"),
    OPTION_NUMBER("trust_coefficient", AT(trust_coefficient), "1e-3", 1e-9, 1e3,
                  "factor on the ratio of norms"),
    OPTION_NUMBER("epsilon", AT(epsilon), "1e-8", 0, 1, "added to the denominator of the ratio"),
    OPTION_SWITCH("trust_clip", AT(trust_clip), "a parameter's rate is at most lr: LARC"),
    OPTION_SWITCH("always_adapt", AT(always_adapt),
                  "parameters without decay get the ratio of norms too"),
    {.key = NULL},
};
#undef AT

static double decay_of(const Lars *lars, const UpdateSlice *slice)
{
    return slice->decay ? lars->common.weight_decay : 0;
}

static void measure(const void *values, const UpdateSlice *slice, UpdateNorms *squares)
{
    (void)values;
    double scale = (double)slice->grad_scale;
    squares->value += kernels()->sum_squares(slice->value, slice->count);
    squares->direction += scale * scale * kernels()->sum_squares(slice->grad, slice->count);
}

static double trust(const void *values, const UpdateSlice *slice, const UpdateNorms *norms)
{
    const Lars *lars = values;
    double decay = decay_of(lars, slice);
    if ((decay == 0 && !lars->always_adapt) || norms->value == 0 || norms->direction == 0) return 1;
    double ratio = lars->trust_coefficient * norms->value /
                   (norms->direction + norms->value * decay + lars->epsilon);
    if (!lars->trust_clip) return ratio;
    return ratio < slice->lr ? ratio / slice->lr : 1;
}

/* SGD with gradient and decay times the ratio. */
static void update(const void *values, const UpdateSlice *slice)
{
    const Lars *lars = values;
    SgdStep step = {.lr = (float)slice->lr,
                    .momentum = (float)lars->momentum,
                    .weight_decay = (float)(slice->trust * decay_of(lars, slice)),
                    .nesterov = lars->nesterov,
                    .grad_scale = (float)(slice->trust * (double)slice->grad_scale)};
    kernels()->sgd(slice->value, slice->slot[0], slice->grad, &step, slice->count);
}

static const char *const slot_names[] = {"momentum"};

const OptimizerType optimizer_lars = {.name = "lars",
                                      .slots = 1,
                                      .slot_name = slot_names,
                                      .options = options,
                                      .options_bytes = sizeof(Lars),
                                      .measure = measure,
                                      .trust = trust,
                                      .update = update};
