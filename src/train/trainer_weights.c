/* The start of a new run from trunk.weights: a checkpoint, or a safetensors file of another program. */
#include "config_tables.h"
#include "trainer.h"

#include "base/log.h"
#include "models/foreign.h"
#include "models/weights.h"

#include <string.h>

/* --- from a checkpoint --- */

/* Learnt places of a picture of another size. */
static bool copy_places(const CheckpointArray *array, const Param *param, float *value)
{
    static const char name[] = "trunk.pos_embed";
    if (strcmp(param->name, name) != 0 || array->shape.rank != 2 ||
        array->shape.dim[1] != param->shape.dim[1])
        return false;
    return weights_resample_places(value, param->shape.dim[0], array->value, array->shape.dim[0],
                                   param->shape.dim[1]);
}

static void copy_trunk_array(const Checkpoint *saved, const char *group, const ParamStore *store,
                             const Param *param, Error *err)
{
    char has[SHAPE_TEXT_BYTES], wants[SHAPE_TEXT_BYTES];
    const CheckpointArray *array = checkpoint_find(saved, group, param->name);
    if (!array)
        error_set(err, ERROR_DATA, "%s/%s: is missing", group, param->name);
    else if (shape_equal(array->shape, param->shape))
        memcpy(store->value + param->offset, array->value, sizeof(float) * param->count);
    else if (!copy_places(array, param, store->value + param->offset))
        error_set(err, ERROR_DATA, "%s/%s: has shape %s, this trunk needs %s", group, param->name,
                  shape_print(array->shape, has), shape_print(param->shape, wants));
}

static void copy_trunk(const Checkpoint *saved, const char *group, const ParamStore *store,
                       Error *err)
{
    for (int i = 0; i < store->count; i++)
        if (store->list[i]->head < 0) copy_trunk_array(saved, group, store, store->list[i], err);
}

static const CheckpointHead *find_head(const Checkpoint *saved, const char *name)
{
    for (int h = 0; h < saved->heads; h++)
        if (strcmp(saved->head[h].name, name) == 0) return &saved->head[h];
    return NULL;
}

static bool same_classes(const CheckpointHead *head, const LabelGroup *labels)
{
    if (head->classes != labels->classes) return false;
    for (int k = 0; k < head->classes; k++)
        if (strcmp(head->class_name[k], labels->class_name[k]) != 0) return false;
    return true;
}

static const HeadType *saved_type(const Config *config, const char *name)
{
    for (int h = 0; h < config->head_count; h++)
        if (strcmp(config->heads[h].name, name) == 0) return config->heads[h].type;
    return head_for(LABEL_CLASS);
}

/* Whether the head of the weights means the same and is built alike; `why` it does not. */
static bool fits(const Trainer *trainer, int h, const Checkpoint *saved, const Config *config,
                 const CheckpointHead *head, const char **why)
{
    const ModelHead *now = &trainer->engine.model.head[h];
    const ParamStore *params = trainer->engine.model.graph->params;
    *why = ", since the classes of the weights differ from the pack's";
    if (!same_classes(head, &trainer->engine.labels[h])) return false;
    *why = ", since that of the weights is of another kind or has other layers";
    if (saved_type(config, head->name) != now->type) return false;
    for (int i = 0; i < params->count; i++) {
        if (params->list[i]->head != h || params->list[i]->of_loss) continue;
        const CheckpointArray *array = checkpoint_find(saved, "param", params->list[i]->name);
        if (!array || !shape_equal(array->shape, params->list[i]->shape)) return false;
    }
    return true;
}

/* A head that means the same is taken over, with what it knows of its labels; any other starts anew. */
static void copy_head(Trainer *trainer, int h, const Checkpoint *saved, const Config *config)
{
    const ParamStore *params = trainer->engine.model.graph->params;
    ModelHead *now = &trainer->engine.model.head[h];
    const CheckpointHead *head = find_head(saved, now->name);
    const char *why = "";
    if (!head || !fits(trainer, h, saved, config, head, &why)) {
        log_info("head %s: starts anew%s", now->name, why);
        return;
    }
    for (int i = 0; i < params->count; i++) {
        const Param *param = params->list[i];
        if (param->head != h || param->of_loss) continue;
        const CheckpointArray *array =
            checkpoint_find(saved, checkpoint_group(saved, "param"), param->name);
        memcpy(params->value + param->offset, array->value, sizeof(float) * param->count);
    }
    model_set_facts(now,
                    &(HeadFacts){.mean = head->facts.mean, .deviation = head->facts.deviation});
    log_info("head %s: taken over from the weights", now->name);
}

static bool start_from_checkpoint(Trainer *trainer, const char *path, Arena *arena, Error *err)
{
    const Graph *graph = trainer->engine.model.graph;
    Checkpoint saved;
    Config config;
    if (!checkpoint_load(&saved, path, arena, err) ||
        !config_parse(&config, arena, saved.config, path, err))
        return false;
    copy_trunk(&saved, checkpoint_group(&saved, "param"), graph->params, err);
    copy_trunk(&saved, checkpoint_group(&saved, "state"), graph->state, err);
    if (err->kind != ERROR_NONE) return error_context(err, "%s", path);
    log_info("the trunk starts from %s", path);
    for (int h = 0; h < trainer->config->head_count; h++) copy_head(trainer, h, &saved, &config);
    return true;
}

/* --- from another program's file --- */

static bool start_from_safetensors(Trainer *trainer, const char *path, Error *err)
{
    const Graph *graph = trainer->engine.model.graph;
    const TrunkType *trunk = trainer->config->trunk;
    ForeignModel model;
    ForeignOptions options = {.path = path};
    Safetensors *file = safetensors_open(path, err);
    if (!file) return false;
    bool ok = foreign_open(&model, file, path, trunk->name,
                           trunk->kinds[trainer->config->trunk_kind], graph->params, err) &&
              foreign_load(&model, &options, graph->params, graph->state, err);
    if (ok) log_info("the trunk starts from %s (%s)", path, naming_scheme(model.naming));
    safetensors_close(file);
    return ok;
}

bool trainer_start(Trainer *trainer, Error *err)
{
    const char *path = trainer->config->weights;
    if (!*path) return true;
    Arena *arena = arena_create("weights");
    if (config_is_safetensors(path))
        start_from_safetensors(trainer, path, err);
    else
        start_from_checkpoint(trainer, path, arena, err);
    arena_destroy(arena);
    return comm_agree(trainer->comm, err);
}
