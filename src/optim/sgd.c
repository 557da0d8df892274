/* Stochastic gradient descent with momentum, as PyTorch computes it. */
#include "kernels/kernels.h"
#include "optim/optimizer.h"

typedef struct Sgd {
    OptimizerCommon common;
    double momentum;
    bool nesterov;
} Sgd;

#define AT(member) offsetof(Sgd, member)
static const Option options[] = {
    {.key = "lr",
     .type = OPTION_FLOAT,
     .scope = SCOPE_SCHEDULE,
     .offset = AT(common.lr),
     .fallback = "0.1",
     .low = 0,
     .high = 1e3,
     .help = "learning rate after warm-up"},
    {.key = "weight_decay",
     .type = OPTION_FLOAT,
     .offset = AT(common.weight_decay),
     .fallback = "1e-4",
     .low = 0,
     .high = 1e3,
     .help = "weight decay of kernels and matrices, added to the gradient"},
    {.key = "momentum",
     .type = OPTION_FLOAT,
     .offset = AT(momentum),
     .fallback = "0.9",
     .low = 0,
     .high = 0.999999,
     .help = "share of the last step's direction"},
    {.key = "nesterov",
     .type = OPTION_BOOL,
     .offset = AT(nesterov),
     .fallback = "false",
     .help = "look ahead along the momentum"},
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
