/* Rules that span several keys of a configuration. */
#include "config_binding.h"

enum { LANES_MAX = 4096 };

static void check_mix(const Binding *binding)
{
    const Config *config = binding->config;
    const MixOptions *mix = &config->mix;
    if (!config_mixes(config)) return;
    if (config->lane == 1)
        error_set(binding->err, ERROR_USAGE,
                  "%s: augment.%s: images are mixed with others of their lane, and lane is 1; "
                  "choose a larger lane",
                  binding->name, mix->mixup > 0 ? "mixup.alpha" : "cutmix.alpha");
    for (int h = 0; h < config->head_count; h++)
        if (!config->heads[h].mix && mix->probability == 1 && mix->off_epochs == 0)
            error_set(binding->err, ERROR_USAGE,
                      "%s: heads[%d].mix: is false, but all images are mixed, so \"%s\" would "
                      "learn nothing; choose augment.mix.probability below 1, or "
                      "augment.mix.off_epochs",
                      binding->name, h, config->heads[h].name);
}

static void check_batch(const Binding *binding)
{
    const Config *config = binding->config;
    const Setting *batch = binding_find(binding, "batch");
    const char *where = batch ? batch->where : binding->name;
    if (config->batch % config->lane != 0)
        error_set(binding->err, ERROR_USAGE, "%s: batch: %d is no multiple of lane, %d", where,
                  config->batch, config->lane);
    else if (config->batch / config->lane > LANES_MAX)
        error_set(binding->err, ERROR_USAGE,
                  "%s: batch: %d images in lanes of %d are %d lanes; at most %d are possible, so "
                  "choose a larger lane",
                  where, config->batch, config->lane, config->batch / config->lane, LANES_MAX);
}

/* GradNorm compares what it knows of all heads. */
static void check_balance(const Binding *binding)
{
    const Config *config = binding->config;
    if (config->balancer->taps != TAPS_APART) return;
    for (int h = 0; h < config->head_count; h++)
        if (config->heads[h].body.pool != HEAD_POOL_TRUNK)
            error_set(binding->err, ERROR_USAGE,
                      "%s: balance.kind: %s compares gradients on the trunk's features, which head "
                      "%s does not read; choose another kind, or pool: features",
                      binding->name, config->balancer->name, config->heads[h].name);
}

static void check_restore(const Binding *binding)
{
    const Config *config = binding->config;
    for (int h = 0; h < config->head_count; h++)
        if (config->heads[h].restore && config->heads[h].patience == 0)
            error_set(
                binding->err, ERROR_USAGE,
                "%s: heads[%d].restore: is true, but without patience \"%s\" never finishes, so "
                "there is nothing to go back from; choose heads[%d].patience",
                binding->name, h, config->heads[h].name, h);
}

void binding_check_together(const Binding *binding)
{
    const Config *config = binding->config;
    if (binding->err->kind != ERROR_NONE) return;
    Error augment = {0};
    if (!augment_check(&config->augment, &augment))
        error_set(binding->err, augment.kind, "%s: %s", binding->name, augment.text);
    check_mix(binding);
    check_batch(binding);
    check_balance(binding);
    check_restore(binding);
}
