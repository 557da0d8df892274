/* The engine: building it, preparing weights, loading lanes. */
#include "train/engine.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/pulse.h"
#include "train/head_labels.h"

#include <string.h>

static bool match_heads(Engine *engine, const EngineOptions *options, Arena *run, Error *err)
{
    engine->labels = arena_new(run, LabelGroup, options->spec.heads + 1);
    for (int h = 0; h < options->spec.heads; h++)
        head_labels_match(&engine->labels[h], options->pack, &options->spec.head[h], run, err);
    return err->kind == ERROR_NONE;
}

/* --- workers --- */

/* Says once per rank and record why it could not be read. */
static void report_bad(void *context, uint32_t record, const char *reason)
{
    Engine *engine = context;
    if (atomic_exchange(&engine->reported[record], 1)) return;
    log_rank("masked image %u (%s): %s", record, pack_record_path(engine->pack, record), reason);
    if (engine->report) engine->report(engine->report_context, record, reason);
}

/* The most floats that any form of the network needs. */
typedef struct Needs {
    size_t workspace, dparam, prepared;
} Needs;

static void raise_to(size_t *most, size_t floats)
{
    if (floats > *most) *most = floats;
}

static Needs needs_of(const Engine *engine, bool training)
{
    Needs needs = {0};
    for (int f = -1; f < engine->forms; f++) {
        const Graph *graph = f < 0 ? engine->model.graph : engine->form[f].model.graph;
        raise_to(&needs.workspace, graph->eval.floats);
        if (training) raise_to(&needs.workspace, graph->train.floats);
        raise_to(&needs.dparam, graph->dparam_floats);
        raise_to(&needs.prepared, graph->prepared_floats);
    }
    return needs;
}

static void open_worker(Engine *engine, LaneWorker *worker, const EngineOptions *options,
                        Arena *run)
{
    const Graph *graph = engine->model.graph;
    Needs needs = needs_of(engine, options->training);
    int heads = engine->model.heads, lane = engine->lane;
    worker->workspace = arena_new(run, float, needs.workspace);
    worker->record = arena_new(run, uint32_t, lane);
    worker->bad = arena_new(run, bool, lane);
    worker->target = arena_new(run, Target *, heads + 1);
    HeadRun *head = arena_new(run, HeadRun, heads + 1);
    for (int h = 0; h < heads; h++) {
        worker->target[h] = arena_new(run, Target, lane * engine->parts);
        head[h] = (HeadRun){.target = worker->target[h]};
    }
    if (options->mixed)
        worker->spare = arena_new(run, float, (size_t)engine->image *(size_t)engine->image * 3);
    worker->loader = lane_loader_create(&(LaneLoaderOptions){.pack = engine->pack,
                                                             .augment = options->augment,
                                                             .still = options->still,
                                                             .seed = engine->seed,
                                                             .forbidden = engine->flips.forbidden,
                                                             .report = report_bad,
                                                             .context = engine},
                                        run);
    worker->run = (Run){.graph = graph,
                        .kernel = kernels(),
                        .workspace = worker->workspace,
                        .value = graph->params->value,
                        .state = graph->state->value,
                        .prepared = engine->prepared,
                        .dparam = options->training ? arena_new(run, float, needs.dparam) : NULL,
                        .seed = engine->seed,
                        .record = worker->record,
                        .head = head};
}

static void init_thread(void *context, int worker)
{
    (void)context;
    if (worker == 0)
        gemm_init();
    else
        gemm_init_thread();
}

/* --- forms --- */

/* Whether the stores of a form have everything where the model's have it. */
static bool same_layout(const ParamStore *form, const ParamStore *model)
{
    bool same = form->count == model->count && form->total == model->total;
    for (int i = 0; same && i < form->count; i++)
        same = form->list[i]->offset == model->list[i]->offset &&
               shape_equal(form->list[i]->shape, model->list[i]->shape);
    return same;
}

static bool build_form(Engine *engine, EngineForm *form, ModelSpec spec, Arena *run, Error *err)
{
    ModelTraining training = *spec.training;
    training.freeze = form->freeze;
    spec.training = &training;
    spec.image = form->image;
    if (!model_build(&form->model, &spec, run, err))
        return error_context(err, "with images of side %d", form->image);
    const Graph *graph = form->model.graph, *model = engine->model.graph;
    return (same_layout(graph->params, model->params) && same_layout(graph->state, model->state)) ||
           error_set(err, ERROR_USAGE,
                     "progressive.sides: a %s has parameters that depend on the side of the input; "
                     "leave progressive.sides out",
                     spec.trunk->name);
}

static bool build_forms(Engine *engine, const EngineOptions *options, Arena *run, Error *err)
{
    engine->form = options->form;
    bool ok = true;
    for (; ok && engine->forms < options->forms; engine->forms++)
        ok = build_form(engine, &engine->form[engine->forms], options->spec, run, err);
    return ok;
}

bool engine_open(Engine *engine, const EngineOptions *options, Arena *run, Error *err)
{
    *engine = (Engine){.comm = options->comm,
                       .pack = options->pack,
                       .lane = options->spec.lane,
                       .image = options->spec.image,
                       .parts = options->mixed ? MIX_PARTS : 1,
                       .mixed = options->mixed,
                       .seed = options->seed,
                       .report = options->report,
                       .report_context = options->report_context};
    bool matched = match_heads(engine, options, run, err);
    if (!model_build(&engine->model, &options->spec, run, err) || !matched) return false;
    if (!build_forms(engine, options, run, err)) return false;
    engine->now = &engine->model;
    engine->flips = (LabelFlips){.augment = options->augment,
                                 .seed = options->seed,
                                 .heads = options->spec.heads,
                                 .labels = engine->labels,
                                 .rules = {options->rules[0], options->rules[1]}};
    label_flips_find(&engine->flips, pack_records(options->pack), run);
    Graph *graph = engine->model.graph;
    param_layout(graph->params, options->seed);
    param_layout(graph->state, options->seed);
    engine->value = graph->params->value;
    engine->prepared = arena_new(run, float, needs_of(engine, options->training).prepared + 1);
    engine->reported = (atomic_uchar *)arena_alloc(run, pack_records(options->pack) + 1);
    engine->worker = arena_new(run, LaneWorker, options->workers);
    for (int w = 0; w < options->workers; w++)
        open_worker(engine, &engine->worker[w], options, run);
    engine->pool = pool_create(options->workers);
    pool_run(engine->pool, init_thread, NULL);
    return true;
}

void engine_close(Engine *engine)
{
    if (!engine->pool) return;
    for (int w = 0; w < pool_workers(engine->pool); w++)
        lane_loader_destroy(engine->worker[w].loader);
    pool_destroy(engine->pool);
    engine->pool = NULL;
}

/* --- work --- */

static void prepare_some(void *context, int worker)
{
    (void)worker;
    Engine *engine = context;
    const Graph *graph = engine->now->graph;
    int i;
    while ((i = atomic_fetch_add(&engine->next_op, 1)) < graph->op_count)
        graph_prepare(graph, i, engine->value, engine->prepared);
}

void engine_prepare(Engine *engine)
{
    atomic_store(&engine->next_op, 0);
    pool_run(engine->pool, prepare_some, engine);
}

void engine_enter(Engine *engine, int index)
{
    engine->now = index < 0 ? &engine->model : &engine->form[index].model;
    engine->image = engine->now->images->shape.dim[1];
    for (int w = 0; w < pool_workers(engine->pool); w++)
        engine->worker[w].run.graph = engine->now->graph;
    engine_prepare(engine);
}

void engine_use(Engine *engine, const float *value, const float *state)
{
    engine->value = value;
    for (int w = 0; w < pool_workers(engine->pool); w++) {
        engine->worker[w].run.value = value;
        engine->worker[w].run.state = state;
    }
    engine_prepare(engine);
}

Target engine_target(const Engine *engine, int head, uint32_t record, bool training, uint64_t epoch)
{
    const LabelGroup *labels =
        training ? label_flips_group(&engine->flips, head, record, epoch) : &engine->labels[head];
    return head_target(labels, &engine->model.head[head].facts, record);
}

static Target training_target(const Engine *engine, int head, const LaneImages *images, int n)
{
    if (images->bad && images->bad[n]) return (Target){0};
    return engine_target(engine, head, images->record[n], true, images->epoch);
}

void engine_targets(const Engine *engine, int head, const LaneImages *images, int n, Target *part)
{
    const Mix *mix = images->mix ? &images->mix[n] : NULL;
    Target own = training_target(engine, head, images, n), partner = {0};
    if (mix) partner = training_target(engine, head, images, mix->partner);
    if (engine->mixed)
        mix_targets(part, own, partner, mix, engine->mixed[head]);
    else
        part[0] = own;
}

static void find_training_targets(const Engine *engine, LaneWorker *worker, int count,
                                  uint64_t epoch)
{
    LaneImages images = {worker->record, worker->bad, worker->mix, epoch};
    for (int h = 0; h < engine->model.heads; h++)
        for (int n = 0; n < count; n++)
            engine_targets(engine, h, &images, n, &worker->target[h][n * engine->parts]);
}

static void find_targets(const Engine *engine, LaneWorker *worker, int count)
{
    for (int h = 0; h < engine->model.heads; h++)
        for (int n = 0; n < count; n++)
            worker->target[h][n] = worker->bad[n]
                                       ? (Target){0}
                                       : engine_target(engine, h, worker->record[n], false, 0);
}

int engine_load(Engine *engine, LaneWorker *worker, int count, bool training, uint64_t epoch)
{
    double begin = clock_seconds();
    Run *run = &worker->run;
    run->plan = training ? &engine->now->graph->train : &engine->now->graph->eval;
    run->training = training;
    run->images = count;
    float *input = run_value(run, engine->now->images);
    int bad = lane_loader_load(worker->loader, input, engine->image, worker->bad, worker->record,
                               count, training, epoch);
    for (int h = 0; h < engine->model.heads; h++) run->head[h].parts = training ? engine->parts : 1;
    if (training) {
        if (worker->mix) mix_apply(input, count, engine->image, worker->mix, worker->spare);
        find_training_targets(engine, worker, count, epoch);
    } else {
        find_targets(engine, worker, count);
    }
    worker->load_seconds += clock_seconds() - begin;
    pulse_tick();
    return bad;
}
