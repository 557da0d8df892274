/* From a checkpoint to a network. */
#include "train/restore.h"

#include <string.h>

static HeadSpec restore_head(const Config *config, const CheckpointHead *head)
{
    HeadSpec spec = {.name = head->name,
                     .classes = head->classes,
                     .class_name = head->class_name,
                     .facts = head->facts};
    for (int h = 0; h < config->head_count; h++) {
        const HeadConfig *found = &config->heads[h];
        if (strcmp(found->name, head->name) != 0) continue;
        spec.type = found->type;
        spec.options = found->options;
        spec.body = &found->body;
    }
    return spec;
}

ModelSpec restore_spec(const Config *config, const CheckpointHead *head, int heads, Arena *arena)
{
    HeadSpec *spec = arena_new(arena, HeadSpec, heads + 1);
    for (int h = 0; h < heads; h++) spec[h] = restore_head(config, &head[h]);
    return (ModelSpec){.trunk = config->trunk,
                       .kind = config->trunk_kind,
                       .trunk_options = config->trunk_options,
                       .head = spec,
                       .heads = heads,
                       .image = config->image,
                       .lane = config->lane,
                       .conv = (ConvChoice)config->conv,
                       .only_evaluation = true};
}

bool restore_values(const Checkpoint *checkpoint, const Model *model, const char *path, Error *err)
{
    const ParamStore *params = model->graph->params, *state = model->graph->state;
    bool ok = checkpoint_copy(checkpoint, checkpoint_group(checkpoint, "param"), params,
                              params->value, err);
    ok &= checkpoint_copy(checkpoint, checkpoint_group(checkpoint, "state"), state, state->value,
                          err);
    return ok || error_context(err, "%s", path);
}
