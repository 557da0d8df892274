/* Assembling trunk and heads into one graph. */
#include "models/model.h"

#include "models/head.h"
#include "nn/ops.h"

#include <math.h>

/* Distances count from the trunk's last stage, whose rate is the one that is given. */
static void scale_rates(const ParamStore *params, const ModelTraining *training)
{
    int last = 0;
    for (int i = 0; i < params->count; i++)
        if (params->list[i]->stage > last) last = params->list[i]->stage;
    for (int i = 0; i < params->count; i++) {
        Param *param = params->list[i];
        param->lr_scale = param->stage > 0 ? pow(training->lr_decay, last - param->stage)
                                           : training->heads_lr_scale;
    }
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
    Tensor *features = model->features;
    if (spec->training && spec->training->dropout > 0)
        features = nn_dropout(graph, "dropout", features, (float)spec->training->dropout);
    for (int h = 0; h < spec->heads; h++) {
        ModelHead *head = &model->head[h];
        head->name = arena_strdup(run, spec->head[h].name);
        head->classes = spec->head[h].classes;
        graph_push_scope(graph, "heads.%s", head->name);
        head_softmax(graph, features, h, head->classes, &head->logits, &head->probability);
        head->logits->is_output = true;
        graph_pop_scope(graph);
    }
    if (spec->training) scale_rates(graph->params, spec->training);
    return graph_finish(graph, err);
}
