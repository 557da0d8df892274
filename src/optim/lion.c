/* Lion (Chen et al. 2023): steps of one size, along the sign of an interpolated momentum. */
#include "optim/optimizer.h"
#include "options.h"

typedef struct Lion {
    OptimizerCommon common;
    double beta1, beta2;
} Lion;

#define AT(member) offsetof(Lion, member)
static const Option options[] = {
    OPTION_LR("1e-4", "learning rate after warm-up: the size of each step"),
    OPTION_WEIGHT_DECAY("0.5", "decoupled weight decay of kernels and matrices"),
    OPTION_BETA1("share of the momentum in the direction of a step"),
    OPTION_BETA2("0.99", "decay of the momentum"),
    {.key = NULL},
};
#undef AT

static void update(const void *values, const UpdateSlice *slice)
{
    const Lion *lion = values;
    float lr = (float)slice->lr, scale = slice->grad_scale;
    float decay = slice->decay ? (float)(slice->lr * lion->common.weight_decay) : 0;
    float beta1 = (float)lion->beta1, rest1 = (float)(1 - lion->beta1);
    float beta2 = (float)lion->beta2, rest2 = (float)(1 - lion->beta2);
    float *value = slice->value, *m = slice->slot[0];
    for (size_t i = 0; i < slice->count; i++) {
        float g = slice->grad[i] * scale, blend = beta1 * m[i] + rest1 * g;
        float sign = (float)((blend > 0) - (blend < 0));
        value[i] -= decay * value[i] + lr * sign;
        m[i] = beta2 * m[i] + rest2 * g;
    }
}

static const char *const slot_names[] = {"momentum"};

const OptimizerType optimizer_lion = {.name = "lion",
                                      .slots = 1,
                                      .slot_name = slot_names,
                                      .options = options,
                                      .options_bytes = sizeof(Lion),
                                      .update = update};
