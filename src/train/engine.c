/* The engine: building it, preparing weights, loading lanes. */
#include "train/engine.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/pulse.h"

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

static void open_worker(Engine *engine, LaneWorker *worker, const EngineOptions *options,
                        Arena *run)
{
    const Graph *graph = engine->model.graph;
    size_t floats = graph->eval.floats;
    if (options->training && graph->train.floats > floats) floats = graph->train.floats;
    int heads = engine->model.heads, lane = engine->lane;
    worker->workspace = arena_new(run, float, floats);
    worker->record = arena_new(run, uint32_t, lane);
    worker->bad = arena_new(run, bool, lane);
    worker->target = arena_new(run, Target *, heads + 1);
    HeadRun *head = arena_new(run, HeadRun, heads + 1);
    for (int h = 0; h < heads; h++) {
        worker->target[h] = arena_new(run, Target, lane);
        head[h] = (HeadRun){.target = worker->target[h], .parts = 1};
    }
    worker->loader = lane_loader_create(&(LaneLoaderOptions){.pack = engine->pack,
                                                             .augment = options->augment,
                                                             .side = engine->image,
                                                             .seed = engine->seed,
                                                             .report = report_bad,
                                                             .context = engine},
                                        run);
    worker->run =
        (Run){.graph = graph,
              .kernel = kernels(),
              .workspace = worker->workspace,
              .value = graph->params->value,
              .state = graph->state->value,
              .prepared = engine->prepared,
              .dparam = options->training ? arena_new(run, float, graph->dparam_floats) : NULL,
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

bool engine_open(Engine *engine, const EngineOptions *options, Arena *run, Error *err)
{
    *engine = (Engine){.comm = options->comm,
                       .pack = options->pack,
                       .lane = options->spec.lane,
                       .image = options->spec.image,
                       .seed = options->seed,
                       .report = options->report,
                       .report_context = options->report_context};
    bool matched = match_heads(engine, options, run, err);
    if (!model_build(&engine->model, &options->spec, run, err) || !matched) return false;
    Graph *graph = engine->model.graph;
    param_layout(graph->params, options->seed);
    param_layout(graph->state, options->seed);
    engine->prepared = arena_new(run, float, graph->prepared_floats + 1);
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
    const Graph *graph = engine->model.graph;
    int i;
    while ((i = atomic_fetch_add(&engine->next_op, 1)) < graph->op_count)
        graph_prepare(graph, i, graph->params->value, engine->prepared);
}

void engine_prepare(Engine *engine)
{
    atomic_store(&engine->next_op, 0);
    pool_run(engine->pool, prepare_some, engine);
}

Target engine_target(const Engine *engine, int head, uint32_t record)
{
    return head_target(&engine->labels[head], &engine->model.head[head].facts, record);
}

int engine_load(Engine *engine, LaneWorker *worker, int count, bool training, uint64_t epoch)
{
    double begin = clock_seconds();
    Run *run = &worker->run;
    run->plan = training ? &engine->model.graph->train : &engine->model.graph->eval;
    run->training = training;
    run->images = count;
    int bad = lane_loader_load(worker->loader, run_value(run, engine->model.images), worker->bad,
                               worker->record, count, training, epoch);
    for (int h = 0; h < engine->model.heads; h++)
        for (int n = 0; n < count; n++)
            worker->target[h][n] =
                worker->bad[n] ? (Target){0} : engine_target(engine, h, worker->record[n]);
    worker->load_seconds += clock_seconds() - begin;
    pulse_tick();
    return bad;
}
