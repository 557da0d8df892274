/* Stochastic gradient descent with momentum, as PyTorch computes it. */
#include "kernels/kernels.h"
#include "optim/optimizer.h"
#include "options.h"

typedef struct Sgd {
    OptimizerCommon common;
    double momentum;
    bool nesterov;
} Sgd;

#define AT(member) offsetof(Sgd, member)
static const Option options[] = {
    OPTION_LR("0.1", "learning rate after warm-up"),
    OPTION_WEIGHT_DECAY("1e-4", "weight decay of kernels and matrices, added to the gradient"),
    OPTION_MOMENTUM,
    OPTION_SWITCH("nesterov", AT(nesterov), "look ahead along the momentum"),
    {.key = NULL},
};
#undef AT

static void update(const void *values, const UpdateSlice *slice)
{
    const Sgd *sgd = values;
    SgdStep step = {.lr = (float)slice->lr,
                    .momentum = (float)sgd->momentum,
                    .weight_decay = slice->decay ? (float)sgd->common.weight_decay : 0,
                    .nesterov = sgd->nesterov,
                    .grad_scale = slice->grad_scale};
    kernels()->sgd(slice->value, slice->slot[0], slice->grad, &step, slice->count);
}

static const char *const slot_names[] = {"momentum"};

const OptimizerType optimizer_sgd = {.name = "sgd",
                                     .slots = 1,
                                     .slot_name = slot_names,
                                     .options = options,
                                     .options_bytes = sizeof(Sgd),
                                     .update = update};
