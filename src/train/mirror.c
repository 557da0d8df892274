/* The test-time flip. */
#include "train/mirror.h"

#include <math.h>
#include <string.h>

enum { CHANNELS = 3 };

/* --- what a mirror means for the heads --- */

static const char *rules_of(const Config *config, const char *head)
{
    for (int h = 0; h < config->head_count; h++)
        if (strcmp(config->heads[h].name, head) == 0) return config->heads[h].flips;
    return "";
}

static double period_of(const ModelHead *head)
{
    return head->type->measure == MEASURE_ANGLE ? head->type->unit(head->options, &head->facts) : 0;
}

static bool read_rule(FlipRule *rule, const ModelHead *head, const CheckpointHead *facts,
                      const char *rules, Arena *arena, Error *err)
{
    LabelGroup group = {.name = facts->name,
                        .kind = head->type->label,
                        .classes = facts->classes,
                        .class_name = facts->class_name};
    int count = facts->classes > 0 ? facts->classes : 1;
    rule->becomes = arena_new(arena, int32_t, count);
    rule->period = period_of(head);
    if (!flips_parse(rules, &group, rule, err)) return false;
    for (int k = 0; k < count; k++)
        if (rule->becomes[k] == FLIP_FORBIDDEN) {
            rule->becomes = NULL;
            break;
        }
    return true;
}

bool mirror_create(Mirror *mirror, const Model *network, const Config *config,
                   const CheckpointHead *head, Arena *arena, Error *err)
{
    size_t floats = shape_count(network->images->shape);
    if (!arena_reserve(arena, sizeof(float) * floats))
        return error_set(err, ERROR_SYSTEM, "no memory for mirrored images: %zu MiB",
                         sizeof(float) * floats >> 20);
    *mirror = (Mirror){.network = network,
                       .rule = arena_new(arena, FlipRule, network->heads + 1),
                       .input = arena_new(arena, float, floats)};
    for (int h = 0; h < network->heads; h++)
        if (!read_rule(&mirror->rule[h], &network->head[h], &head[h],
                       rules_of(config, head[h].name), arena, err))
            return false;
    return true;
}

bool mirror_allows(const Mirror *mirror, int h)
{
    return mirror->rule[h].becomes != NULL;
}

/* --- the second run --- */

static size_t side_of(const Mirror *mirror)
{
    return (size_t)mirror->network->images->shape.dim[1];
}

void mirror_take(const Mirror *mirror, const Run *run)
{
    size_t side = side_of(mirror);
    const float *row = run_value(run, mirror->network->images);
    float *out = mirror->input;
    for (size_t y = 0; y < (size_t)run->images * side; y++, row += CHANNELS * side)
        for (size_t x = side; x-- > 0; out += CHANNELS)
            memcpy(out, row + CHANNELS * x, sizeof(float) * CHANNELS);
}

void mirror_forward(const Mirror *mirror, Run *run)
{
    size_t side = side_of(mirror);
    memcpy(run_value(run, mirror->network->images), mirror->input,
           sizeof(float) * (size_t)run->images * side * side * CHANNELS);
    graph_forward(run);
}

/* --- both runs --- */

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

void mirror_merge(const Mirror *mirror, const Run *run, int h, float *own)
{
    if (!mirror_allows(mirror, h)) return;
    const ModelHead *head = &mirror->network->head[h];
    const FlipRule *rule = &mirror->rule[h];
    const float *other = run_value(run, head->prediction);
    int length = head->prediction->shape.dim[1];
    bool values = head->type->label == LABEL_VALUE;
    for (int n = 0; n < run->images; n++, own += length, other += length)
        for (int k = 0; k < length; k++)
            own[k] = values ? merge_value(own[k], other[k], rule)
                            : mean_of(own[k], other[rule->becomes[k]]);
}

void mirror_mean(float *own, const float *other, size_t count)
{
    for (size_t i = 0; i < count; i++) own[i] = mean_of(own[i], other[i]);
}
