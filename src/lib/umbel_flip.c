/* Images seen twice, the second time in a mirror. */
#include "context.h"

#include "data/flips.h"

#include <math.h>
#include <string.h>

/* --- what a mirror means for the heads --- */

static const char *rules_of(const UmbelModel *model, int head)
{
    for (int h = 0; h < model->config.head_count; h++)
        if (strcmp(model->config.heads[h].name, model->head[head].name) == 0)
            return model->config.heads[h].flips;
    return "";
}

static double period_of(const ModelHead *head)
{
    return head->type->measure == MEASURE_ANGLE ? head->type->unit(head->options, &head->facts) : 0;
}

static bool read_rules(UmbelContext *context, int head, Error *err)
{
    const CheckpointHead *facts = &context->model->head[head];
    LabelGroup group = {.name = facts->name,
                        .kind = context->network.head[head].type->label,
                        .classes = facts->classes,
                        .class_name = facts->class_name};
    FlipRule *rule = &context->rule[head];
    int count = facts->classes > 0 ? facts->classes : 1;
    rule->becomes = arena_new(context->arena, int32_t, count);
    rule->period = period_of(&context->network.head[head]);
    if (!flips_parse(rules_of(context->model, head), &group, rule, err)) return false;
    for (int k = 0; k < count; k++)
        if (rule->becomes[k] == FLIP_FORBIDDEN) {
            rule->becomes = NULL;
            break;
        }
    return true;
}

static bool prepare(UmbelContext *context, Error *err)
{
    size_t floats = shape_count(context->network.images->shape);
    if (!arena_reserve(context->arena, sizeof(float) * floats))
        return error_set(err, ERROR_SYSTEM, "no memory for mirrored images: %zu MiB",
                         sizeof(float) * floats >> 20);
    float *mirrored = arena_new(context->arena, float, floats);
    context->rule = arena_new(context->arena, FlipRule, context->network.heads + 1);
    for (int h = 0; h < context->network.heads; h++)
        if (!read_rules(context, h, err)) return false;
    context->mirrored = mirrored;
    return true;
}

int umbel_set_flip(UmbelContext *context, int flip, UmbelError *error)
{
    Error err = {0};
    bool ok = !flip || context->mirrored || prepare(context, &err);
    context->flip = flip && ok;
    context->count = 0;
    report_error(error, &err);
    return ok;
}

/* --- both runs --- */

void flip_take(UmbelContext *context)
{
    enum { CHANNELS = 3 };
    size_t side = (size_t)context->model->config.image;
    const float *row = run_value(&context->run, context->network.images);
    float *out = context->mirrored;
    for (size_t y = 0; y < (size_t)context->run.images * side; y++, row += CHANNELS * side)
        for (size_t x = side; x-- > 0; out += CHANNELS)
            memcpy(out, row + CHANNELS * x, sizeof(float) * CHANNELS);
}

static float mean_of(float a, float b)
{
    return (float)(((double)a + (double)b) / 2);
}

/* The middle of the shorter arc. */
static float mean_angle(float a, float b, double period)
{
    double way = remainder((double)b - (double)a, period), middle = (double)a + way / 2;
    middle -= period * floor(middle / period);
    return (double)(float)middle < period ? (float)middle : 0;
}

/* A mirror undoes itself, so the rule of flips leads back to the image's own number. */
static float merge_value(float own, float other, const FlipRule *rule)
{
    float back = (float)flips_value(rule, (double)other);
    return rule->period > 0 ? mean_angle(own, back, rule->period) : mean_of(own, back);
}

static void merge_head(UmbelContext *context, int h, int begin)
{
    const ModelHead *head = &context->network.head[h];
    const FlipRule *rule = &context->rule[h];
    const float *other = run_value(&context->run, head->prediction);
    int length = head->prediction->shape.dim[1];
    bool values = head->type->label == LABEL_VALUE;
    float *own = context->prediction[h] + (size_t)begin * (size_t)length;
    for (int n = 0; n < context->run.images; n++, own += length, other += length)
        for (int k = 0; k < length; k++)
            own[k] = values ? merge_value(own[k], other[k], rule)
                            : mean_of(own[k], other[rule->becomes[k]]);
}

void flip_merge(UmbelContext *context, int begin)
{
    size_t images = (size_t)context->run.images, side = (size_t)context->model->config.image;
    memcpy(run_value(&context->run, context->network.images), context->mirrored,
           sizeof(float) * images * side * side * 3);
    graph_forward(&context->run);
    for (int h = 0; h < context->network.heads; h++)
        if (context->rule[h].becomes) merge_head(context, h, begin);
    size_t length = (size_t)context->network.features->shape.dim[1];
    const float *other = run_value(&context->run, context->network.features);
    float *own = context->features + (size_t)begin * length;
    for (size_t i = 0; i < images * length; i++) own[i] = mean_of(own[i], other[i]);
}
