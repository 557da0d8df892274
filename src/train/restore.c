/* From a checkpoint to a network. */
#include "train/restore.h"

ModelSpec restore_spec(const Config *config, const CheckpointHead *head, int heads, Arena *arena)
{
    HeadSpec *spec = arena_new(arena, HeadSpec, heads + 1);
    for (int h = 0; h < heads; h++) spec[h] = (HeadSpec){head[h].name, head[h].classes};
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
