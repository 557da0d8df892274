/* What a configuration means for a pack. */
#include "train/plan.h"

#include "base/log.h"
#include "dist/reduce.h"

ModelSpec plan_model_with(const Config *config, const HeadSpec *head, Arena *run)
{
    /* Stages that thaw later must have room for their gradients. */
    ModelTraining *training = arena_new(run, ModelTraining, 1);
    *training = config->training;
    if (config->unfreeze_epochs > 0) training->freeze = 0;
    training->taps = config->balancer->taps;
    if (training->taps == TAPS_WATCH && !config->interference) training->taps = TAPS_NONE;
    training->log_variances = config->balancer->log_variances;
    return (ModelSpec){.trunk = config->trunk,
                       .kind = config->trunk_kind,
                       .trunk_options = config->trunk_options,
                       .head = head,
                       .heads = config->head_count,
                       .image = config->image,
                       .lane = config->lane,
                       .conv = (ConvChoice)config->conv,
                       .training = training};
}

ModelSpec plan_model(const Config *config, const Pack *pack, Arena *run)
{
    return plan_model_with(config, plan_head_specs(config, pack, run), run);
}

static uint64_t count_parameters(const ParamStore *store)
{
    uint64_t count = 0;
    for (int i = 0; i < store->count; i++) count += store->list[i]->count;
    return count;
}

/* The sum of a step's gradient, as reduce_create allocates it. */
static uint64_t accumulator_bytes(const Config *config, uint64_t total, uint64_t workers)
{
    return config->reduce == REDUCE_EXACT ? sizeof(int64_t) * total
                                          : sizeof(float) * total * workers;
}

static bool shares_accumulator(const Config *config)
{
    return config->node_reduce && config->reduce == REDUCE_EXACT;
}

/* What grows with the network, as engine_open, reduce_create and optimizer_create allocate it. */
static uint64_t rank_bytes(const Config *config, const Graph *graph, int workers)
{
    uint64_t total = graph->params->total, state = graph->state->total;
    uint64_t slots = (uint64_t)config->optimizer->slots, threads = (uint64_t)workers;
    uint64_t accumulators =
        shares_accumulator(config) ? 0 : accumulator_bytes(config, total, threads);
    uint64_t workspace =
        graph->train.floats > graph->eval.floats ? graph->train.floats : graph->eval.floats;
    uint64_t spare =
        config_mixes(config) ? 3 * (uint64_t)config->image * (uint64_t)config->image : 0;
    uint64_t averages = config->ema.decay > 0 ? total + state : 0;
    return sizeof(float) * (total * (1 + slots) + averages + state + graph->prepared_floats) +
           accumulators + sizeof(int64_t) * state +
           sizeof(float) * threads * (workspace + graph->dparam_floats + spare);
}

bool plan_footprint(const Config *config, const ModelSpec *spec, int workers, Footprint *footprint,
                    Error *err)
{
    Arena *arena = arena_create("footprint");
    Model model;
    /* What is to be said of the network is said when it is built for use. */
    bool quiet = log_set_quiet(true);
    bool ok = model_build(&model, spec, arena, err);
    log_set_quiet(quiet);
    if (ok) {
        const Graph *graph = model.graph;
        uint64_t parameters = count_parameters(graph->params);
        footprint->parameters = parameters;
        footprint->rank = rank_bytes(config, graph, workers);
        footprint->node =
            shares_accumulator(config) ? accumulator_bytes(config, graph->params->total, 1) : 0;
        footprint->checkpoint =
            sizeof(float) *
            (parameters * (1 + (uint64_t)config->optimizer->slots + (config->ema.decay > 0)) +
             count_parameters(graph->state) * (1 + (config->ema.decay > 0)));
    }
    arena_destroy(arena);
    return ok;
}
