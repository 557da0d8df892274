/* Assembling trunk and heads into one graph. */
#include "models/model.h"

#include "nn/ops.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int last_stage(const ParamStore *params)
{
    int last = 0;
    for (int i = 0; i < params->count; i++)
        if (params->list[i]->stage > last) last = params->list[i]->stage;
    return last;
}

/* Distances count from the trunk's last stage, whose rate is the one that is given; or, as timm has it, from the
 * layer of the heads. */
static void scale_rates(const Graph *graph, const ModelTraining *training)
{
    bool by_block = training->lr_decay_by == DECAY_BY_BLOCK;
    int last = by_block ? graph->layer : last_stage(graph->params);
    for (int i = 0; i < graph->params->count; i++) {
        Param *param = graph->params->list[i];
        int place = by_block ? param->layer : param->stage;
        param->lr_scale =
            param->head < 0 ? pow(training->lr_decay, last - place) : training->heads_lr_scale;
    }
}

static void check_layers(Graph *graph, const ModelSpec *spec)
{
    if (spec->training->lr_decay_by == DECAY_BY_BLOCK && graph->layer == 0)
        error_set(&graph->err, ERROR_USAGE,
                  "trunk.lr_decay_by: a %s has no blocks; leave it out, so that lr_decay goes by "
                  "stages",
                  spec->trunk->name);
}

/* --- heads --- */

/* What the trunk's pooling reads: the input of the last op that makes one row per image of a map or of tokens.
 * NULL: there is none. */
static Tensor *find_map(const Graph *graph)
{
    for (int i = graph->op_count - 1; i >= 0; i--) {
        const Op *op = graph->op[i];
        if (op->out->shape.rank == 2 && op->in[0]->shape.rank > 2) return op->in[0];
    }
    return NULL;
}

/* Places are normalised first: maps come out of trunks at any scale. */
static Tensor *attend(Graph *graph, Tensor *map, Tensor *features, const char *name)
{
    static const float EPSILON = 1e-6F;
    if (!map) {
        error_set(&graph->err, ERROR_USAGE,
                  "head %s: pool: attention needs a trunk that pools a map; this one has none",
                  name);
        return features;
    }
    return nn_attention_pool(graph, "pool", nn_layernorm(graph, "pool.norm", map, EPSILON));
}

static Tensor *drop(Graph *graph, const char *name, Tensor *x, const HeadBody *body)
{
    return body->dropout > 0 ? nn_dropout(graph, name, x, (float)body->dropout) : x;
}

/* The last layer starts as timm's classifiers do: truncated normal, deviation 0.02. */
static Tensor *build_body(Graph *graph, Tensor *x, const HeadBody *body, int outputs)
{
    for (int i = 0; i < body->hidden.count; i++) {
        char name[32];
        snprintf(name, sizeof name, "hidden.%d.dropout", i);
        x = drop(graph, name, x, body);
        snprintf(name, sizeof name, "hidden.%d", i);
        double deviation = sqrt(2.0 / x->shape.dim[1]); /* Kaiming's, over the fan-in */
        x = nn_linear(
            graph, name, x,
            (Linear){.out = body->hidden.value[i], .gelu = true, .init = {INIT_NORMAL, deviation}});
    }
    x = drop(graph, "dropout", x, body);
    return nn_linear(graph, "linear", x,
                     (Linear){.out = outputs, .init = {INIT_TRUNC_NORMAL, 0.02}});
}

static const void *default_options(const HeadType *type, Arena *run)
{
    void *options = arena_alloc(run, type->options_bytes + 1);
    option_defaults(type->options, options);
    return options;
}

static void describe_head(ModelHead *head, const HeadSpec *spec, Arena *run)
{
    const HeadType *type = spec->type ? spec->type : head_for(LABEL_CLASS);
    *head = (ModelHead){.name = arena_strdup(run, spec->name),
                        .classes = spec->classes,
                        .type = type,
                        .options = spec->options ? spec->options : default_options(type, run),
                        .facts = spec->facts};
    if (head->facts.deviation == 0) head->facts.deviation = 1;
    if (!spec->facts.class_weight) return;
    double *weight = arena_new(run, double, spec->classes);
    memcpy(weight, spec->facts.class_weight, sizeof *weight * (size_t)spec->classes);
    head->facts.class_weight = weight;
}

void model_set_facts(ModelHead *head, const HeadFacts *facts)
{
    head->facts.mean = facts->mean;
    head->facts.deviation = facts->deviation == 0 ? 1 : facts->deviation;
    if (head->facts.class_weight && facts->class_weight)
        memcpy((double *)head->facts.class_weight, facts->class_weight,
               sizeof(double) * (size_t)head->classes);
}

/* A file may say of a head what cannot be. */
static bool check_classes(Graph *graph, const ModelHead *head)
{
    bool values = head->type->label == LABEL_VALUE;
    if (values ? head->classes == 0 : head->classes > 0 && head->type->outputs(head->classes) > 0)
        return true;
    return error_set(&graph->err, ERROR_DATA,
                     "head %s: a head of the kind %s cannot have %d classes", head->name,
                     head->type->name, head->classes);
}

/* What the heads are built on. */
typedef struct Stem {
    Tensor *features; /* for the next head */
    Tensor *map;
    Taps taps;
    bool log_variances;
} Stem;

/* Taps and what they are for; there are none where no gradients meet. */
static Stem find_stem(Model *model, const ModelSpec *spec, Arena *run)
{
    const ModelTraining *training = spec->training;
    Stem stem = {.features = model->features, .map = find_map(model->graph)};
    if (!training || spec->only_evaluation) return stem;
    if (training->dropout > 0)
        stem.features =
            nn_dropout(model->graph, "dropout", stem.features, (float)training->dropout);
    stem.log_variances = training->log_variances;
    for (int h = 0; h < spec->heads; h++)
        stem.taps.count += !spec->head[h].body || spec->head[h].body->pool == HEAD_POOL_TRUNK;
    if (stem.taps.count > 1 && stem.features->wants_grad) stem.taps.use = training->taps;
    model->tapped = arena_new(run, int, stem.taps.count + 1);
    return stem;
}

/* What the head reads of the features. */
static Tensor *tap(Model *model, int index, Stem *stem)
{
    if (stem->taps.use == TAPS_NONE) return stem->features;
    stem->features = nn_tap(model->graph, "tap", stem->features, model->taps, stem->taps);
    model->tapped[model->taps++] = index;
    return stem->features;
}

static void build_head(Model *model, int index, const HeadSpec *spec, Stem *stem, Arena *run)
{
    static const HeadBody plain = {{0}, 0, HEAD_POOL_TRUNK};
    Graph *graph = model->graph;
    ModelHead *head = &model->head[index];
    const HeadBody *body = spec->body ? spec->body : &plain;
    describe_head(head, spec, run);
    if (!check_classes(graph, head)) return;
    graph_head(graph, index);
    graph_push_scope(graph, "heads.%s", head->name);
    Tensor *x = body->pool == HEAD_POOL_ATTENTION
                    ? attend(graph, stem->map, stem->features, head->name)
                    : tap(model, index, stem);
    head->logits = build_body(graph, x, body, head->type->outputs(head->classes));
    head->logits->is_output = true;
    head->prediction = head->type->loss(graph, head->logits, index, head->options, &head->facts);
    if (stem->log_variances)
        head->log_variance = nn_log_variance(graph, "log_variance", head->prediction, index);
    graph_pop_scope(graph);
}

bool model_build(Model *model, const ModelSpec *spec, Arena *run, Error *err)
{
    Graph *graph = graph_create(run);
    graph->only_evaluation = spec->only_evaluation;
    graph->conv = spec->conv;
    *model = (Model){
        .graph = graph, .heads = spec->heads, .head = arena_new(run, ModelHead, spec->heads)};
    model->images =
        graph_input(graph, "images", shape_of(4, spec->lane, spec->image, spec->image, 3));
    if (spec->training) {
        graph->frozen = spec->training->freeze;
        graph->fixed_norm = spec->training->freeze_norm;
        graph->recompute = spec->training->recompute;
    }
    graph_push_scope(graph, "trunk");
    model->features = spec->trunk->build(graph, spec->kind, spec->trunk_options, model->images);
    model->features->is_output = true;
    graph_pop_scope(graph);
    graph_stage(graph, 0);
    Stem stem = find_stem(model, spec, run);
    for (int h = 0; h < spec->heads; h++) build_head(model, h, &spec->head[h], &stem, run);
    graph_head(graph, -1);
    if (spec->training) {
        check_layers(graph, spec);
        scale_rates(graph, spec->training);
    }
    return graph_finish(graph, err);
}
