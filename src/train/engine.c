/* The engine: building it, preparing weights, loading lanes. */
#include "train/engine.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/pulse.h"
#include "train/class_names.h"

#include <string.h>

/* --- labels --- */

static int find_class(const char *const *names, int count, const char *name)
{
    for (int k = 0; k < count; k++)
        if (strcmp(names[k], name) == 0) return k;
    return -1;
}

/* The pack's classes as the head's, by name; -1: the head has not learnt it. Returns how many of those
 * that records carry are lacking. */
static int match_classes(const LabelGroup *group, const int64_t *used, const HeadSpec *head,
                         const char *const *class_name, int *class_of)
{
    int lacking = 0;
    for (int k = 0; k < group->classes; k++) {
        class_of[k] = find_class(class_name, head->classes, group->class_name[k]);
        lacking += class_of[k] < 0 && used[k] > 0;
    }
    return lacking;
}

static bool report_lacking(const Pack *pack, const LabelGroup *group, const int64_t *used,
                           const HeadSpec *head, const int *class_of, Error *err)
{
    for (int k = 0; k < group->classes; k++)
        if (class_of[k] < 0 && used[k] > 0)
            error_set(
                err, ERROR_DATA,
                "%s: label group %s: class \"%s\" (%lld images) is not among the %d classes of the "
                "checkpoint's head; evaluate on a pack with the classes it was trained on",
                pack_path(pack), group->name, group->class_name[k], (long long)used[k],
                head->classes);
    return false;
}

/* The pack's labels of one group in terms of the head's classes. A class that the head has not
 * learnt is an error if a record carries it. */
static bool map_labels(const Pack *pack, const LabelGroup *group, const HeadSpec *head,
                       const char *const *class_name, const int32_t **out, Arena *run, Error *err)
{
    int *class_of = arena_new(run, int, group->classes + 1);
    int64_t *used = arena_new(run, int64_t, group->classes + 1);
    size_t records = pack_records(pack);
    for (size_t r = 0; r < records; r++)
        if (group->label[r] >= 0) used[group->label[r]]++;
    if (match_classes(group, used, head, class_name, class_of) > 0) {
        if (group->classes != head->classes || !class_names_are_numbers(class_name, head->classes))
            return report_lacking(pack, group, used, head, class_of, err);
        for (int k = 0; k < group->classes; k++) class_of[k] = k;
    }
    int32_t *label = arena_new(run, int32_t, records + 1);
    for (size_t r = 0; r < records; r++)
        label[r] = group->label[r] < 0 ? LABEL_MISSING : class_of[group->label[r]];
    *out = label;
    return true;
}

static bool match_heads(Engine *engine, const EngineOptions *options, Arena *run, Error *err)
{
    const Pack *pack = options->pack;
    engine->label = arena_new(run, const int32_t *, options->spec.heads + 1);
    for (int h = 0; h < options->spec.heads; h++) {
        const HeadSpec *head = &options->spec.head[h];
        int g = pack_find_group(pack, head->name);
        if (g < 0) {
            error_set(err, ERROR_DATA, "%s: has no label group \"%s\", which a head needs",
                      pack_path(pack), head->name);
            continue;
        }
        const LabelGroup *group = pack_group(pack, g);
        if (!options->class_name)
            engine->label[h] = group->label;
        else
            map_labels(pack, group, head, options->class_name[h], &engine->label[h], run, err);
    }
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
    worker->label = arena_new(run, int32_t *, heads + 1);
    HeadRun *head = arena_new(run, HeadRun, heads + 1);
    for (int h = 0; h < heads; h++)
        head[h].label = worker->label[h] = arena_new(run, int32_t, lane);
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
                                 .label = engine->label,
                                 .turned = {options->turned[0], options->turned[1]}};
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

int engine_load(Engine *engine, LaneWorker *worker, int count, bool training, uint64_t epoch)
{
    double begin = clock_seconds();
    Run *run = &worker->run;
    run->plan = training ? &engine->now->graph->train : &engine->now->graph->eval;
    run->training = training;
    run->images = count;
    int bad = lane_loader_load(worker->loader, run_value(run, engine->now->images), engine->image,
                               worker->bad, worker->record, count, training, epoch);
    for (int h = 0; h < engine->model.heads; h++)
        for (int n = 0; n < count; n++)
            worker->label[h][n] =
                worker->bad[n] ? LABEL_MISSING
                : training     ? label_flips_class(&engine->flips, h, worker->record[n], epoch)
                               : engine->label[h][worker->record[n]];
    worker->load_seconds += clock_seconds() - begin;
    pulse_tick();
    return bad;
}
