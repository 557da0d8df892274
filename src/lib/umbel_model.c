/* Loading models, and what they tell about themselves. */
#include "handles.h"

#include "base/version.h"
#include "kernels/kernels.h"
#include "nn/run.h"

#include <pthread.h>
#include <string.h>

const char *umbel_version(void)
{
    return version_text();
}

_Static_assert((int)UMBEL_TEXT_BYTES == (int)ERROR_TEXT_BYTES, "texts are copied whole");

void report_error(UmbelError *error, const Error *err)
{
    static const UmbelErrorKind kind[] = {[ERROR_NONE] = UMBEL_ERROR_NONE,
                                          [ERROR_USAGE] = UMBEL_ERROR_ARGUMENT,
                                          [ERROR_DATA] = UMBEL_ERROR_DATA,
                                          [ERROR_SYSTEM] = UMBEL_ERROR_SYSTEM};
    if (!error) return;
    error->kind = kind[err->kind];
    memcpy(error->text, err->text, sizeof error->text);
}

/* --- loading --- */

/* The checkpoint goes when its arrays have been copied; the names of its heads and classes stay. */
static void keep_heads(UmbelModel *model, const Checkpoint *checkpoint)
{
    model->heads = checkpoint->heads;
    model->head = arena_new(model->arena, CheckpointHead, checkpoint->heads + 1);
    for (int h = 0; h < checkpoint->heads; h++) {
        const CheckpointHead *head = &checkpoint->head[h];
        const char **name = arena_new(model->arena, const char *, head->classes + 1);
        for (int k = 0; k < head->classes; k++)
            name[k] = arena_strdup(model->arena, head->class_name[k]);
        model->head[h] = (CheckpointHead){
            .name = arena_strdup(model->arena, head->name),
            .classes = head->classes,
            .class_name = name,
            /* weights of classes are of training only */
            .facts = {.mean = head->facts.mean,
                      .deviation = head->facts.deviation,
                      .temperature = head->facts.temperature},
        };
    }
}

static bool build_network(UmbelModel *model, const Checkpoint *checkpoint, const char *path,
                          Error *err)
{
    if (!config_parse(&model->config, model->arena, checkpoint->config, path, err)) return false;
    keep_heads(model, checkpoint);
    model->spec = restore_spec(&model->config, model->head, model->heads, model->arena);
    ModelSpec spec = model->spec;
    spec.lane = 1;
    return model_build(&model->network, &spec, model->arena, err) || error_context(err, "%s", path);
}

static bool allocate_values(UmbelModel *model, const char *path, Error *err)
{
    Graph *graph = model->network.graph;
    size_t floats = graph->params->total + graph->state->total + graph->prepared_floats + 64;
    if (!arena_reserve(model->arena, sizeof(float) * floats))
        return error_set(err, ERROR_SYSTEM, "%s: no memory for %zu MiB of parameters", path,
                         sizeof(float) * floats >> 20);
    param_allocate(graph->params);
    param_allocate(graph->state);
    model->prepared = arena_new(model->arena, float, graph->prepared_floats + 1);
    return true;
}

static bool fill_model(UmbelModel *model, const Checkpoint *checkpoint, const char *path,
                       Error *err)
{
    if (!build_network(model, checkpoint, path, err)) {
        err->kind = ERROR_DATA; /* a mistake in a configuration is the file's here */
        return false;
    }
    const Graph *graph = model->network.graph;
    if (!allocate_values(model, path, err) ||
        !restore_values(checkpoint, &model->network, path, err))
        return false;
    for (int i = 0; i < graph->op_count; i++)
        graph_prepare(graph, i, graph->params->value, model->prepared);
    return true;
}

static UmbelModel *load_model(const char *path, Error *err)
{
    Arena *arena = arena_create("model"), *file = arena_create("checkpoint");
    UmbelModel *model = arena_new(arena, UmbelModel, 1);
    Checkpoint checkpoint;
    model->arena = arena;
    bool ok =
        checkpoint_load(&checkpoint, path, file, err) && fill_model(model, &checkpoint, path, err);
    arena_destroy(file);
    if (ok) return model;
    arena_destroy(arena);
    return NULL;
}

UmbelModel *umbel_load(const char *path, UmbelError *error)
{
    /* HDF5 files, and tables that are built when first asked for, are for one thread at a time. */
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    Error err = {0};
    UmbelModel *model = NULL;
    if (!path) {
        error_set(&err, ERROR_USAGE, "no path of a checkpoint was given");
    } else if (kernels_check(&err)) {
        pthread_mutex_lock(&lock);
        model = load_model(path, &err);
        pthread_mutex_unlock(&lock);
    } else {
        err.kind = ERROR_SYSTEM; /* the environment's mistake, not the call's */
    }
    report_error(error, &err);
    return model;
}

void umbel_free(UmbelModel *model)
{
    if (model) arena_destroy(model->arena); /* which holds the handle, too */
}

/* --- facts --- */

static const CheckpointHead *find(const UmbelModel *model, int head)
{
    return head >= 0 && head < model->heads ? &model->head[head] : NULL;
}

int umbel_head_count(const UmbelModel *model)
{
    return model->heads;
}

const char *umbel_head_name(const UmbelModel *model, int head)
{
    const CheckpointHead *found = find(model, head);
    return found ? found->name : NULL;
}

int umbel_class_count(const UmbelModel *model, int head)
{
    const CheckpointHead *found = find(model, head);
    return found ? found->classes : 0;
}

UmbelHeadKind umbel_head_kind(const UmbelModel *model, int head)
{
    static const UmbelHeadKind kind[] = {[MEASURE_CLASS] = UMBEL_HEAD_CLASS,
                                         [MEASURE_RANK] = UMBEL_HEAD_ORDINAL,
                                         [MEASURE_SET] = UMBEL_HEAD_MULTI,
                                         [MEASURE_VALUE] = UMBEL_HEAD_VALUE,
                                         [MEASURE_ANGLE] = UMBEL_HEAD_ANGLE};
    return find(model, head) ? kind[model->network.head[head].type->measure] : UMBEL_HEAD_NONE;
}

int umbel_output_count(const UmbelModel *model, int head)
{
    return find(model, head) ? model->network.head[head].logits->shape.dim[1] : 0;
}

double umbel_temperature(const UmbelModel *model, int head)
{
    const CheckpointHead *found = find(model, head);
    return found && found->facts.temperature > 0 ? found->facts.temperature : 1;
}

const char *umbel_class_name(const UmbelModel *model, int head, int index)
{
    const CheckpointHead *found = find(model, head);
    return found && index >= 0 && index < found->classes ? found->class_name[index] : NULL;
}

int umbel_find_head(const UmbelModel *model, const char *name)
{
    for (int h = 0; h < model->heads; h++)
        if (strcmp(model->head[h].name, name) == 0) return h;
    return -1;
}

int umbel_feature_count(const UmbelModel *model)
{
    return model->network.features->shape.dim[1];
}

int umbel_input_side(const UmbelModel *model)
{
    return model->config.image;
}

int umbel_lane(const UmbelModel *model)
{
    return model->spec.lane;
}
