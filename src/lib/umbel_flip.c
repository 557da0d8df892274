/* Images seen twice, the second time in a mirror. */
#include "context.h"

static bool prepare(UmbelContext *context, Error *err)
{
    const UmbelModel *model = context->model;
    Mirror mirror;
    if (!mirror_create(&mirror, &context->network, &model->config, model->head, context->arena,
                       err))
        return false;
    context->mirror = mirror;
    return true;
}

int umbel_set_flip(UmbelContext *context, int flip, UmbelError *error)
{
    Error err = {0};
    bool ok = !flip || context->mirror.input || prepare(context, &err);
    context->flip = flip && ok;
    context->count = 0;
    report_error(error, &err);
    return ok;
}

void flip_merge(UmbelContext *context, int begin)
{
    const Model *network = &context->network;
    Run *run = &context->run;
    mirror_forward(&context->mirror, run);
    for (int h = 0; h < network->heads; h++) {
        size_t length = (size_t)network->head[h].prediction->shape.dim[1];
        mirror_merge(&context->mirror, run, h, context->prediction[h] + (size_t)begin * length);
    }
    size_t length = (size_t)network->features->shape.dim[1];
    mirror_mean(context->features + (size_t)begin * length, run_value(run, network->features),
                (size_t)run->images * length);
}
