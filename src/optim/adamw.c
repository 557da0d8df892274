/* AdamW (Loshchilov and Hutter 2019), as PyTorch computes it. */
#include "kernels/kernels.h"
#include "optim/optimizer.h"
#include "options.h"
#include "power.h"

typedef struct AdamW {
    OptimizerCommon common;
    double beta1, beta2, epsilon;
} AdamW;

#define AT(member) offsetof(AdamW, member)
static const Option options[] = {
    OPTION_LR("1e-3", "learning rate after warm-up"),
    OPTION_WEIGHT_DECAY("0.05", "decoupled weight decay of kernels and matrices"),
    OPTION_BETA1("decay of the gradient's running mean"),
    OPTION_BETA2("0.999", "decay of the squared gradient's running mean"),
    OPTION_NUMBER("epsilon", AT(epsilon), "1e-8", 1e-30, 1, "added to the denominator"),
    {.key = NULL},
};
#undef AT

static void update(const void *values, const UpdateSlice *slice)
{
    const AdamW *adamw = values;
    AdamWStep step = {.lr = (float)slice->lr,
                      .beta1 = (float)adamw->beta1,
                      .beta2 = (float)adamw->beta2,
                      .rest1 = (float)(1 - adamw->beta1),
                      .rest2 = (float)(1 - adamw->beta2),
                      .epsilon = (float)adamw->epsilon,
                      .weight_decay = slice->decay ? (float)adamw->common.weight_decay : 0,
                      .correction1 = (float)(1 - power(adamw->beta1, slice->updates)),
                      .correction2 = (float)(1 - power(adamw->beta2, slice->updates)),
                      .grad_scale = slice->grad_scale};
    kernels()->adamw(slice->value, slice->slot[0], slice->slot[1], slice->grad, &step,
                     slice->count);
}

static const char *const slot_names[] = {"m", "v"};

const OptimizerType optimizer_adamw = {.name = "adamw",
                                       .slots = 2,
                                       .slot_name = slot_names,
                                       .options = options,
                                       .options_bytes = sizeof(AdamW),
                                       .update = update};
