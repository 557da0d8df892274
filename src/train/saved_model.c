/* A checkpoint's model, ready to be run. */
#include "train/saved_model.h"

#include "train/provenance.h"
#include "train/restore.h"

static bool open_files(SavedModel *model, const char *checkpoint, const char *pack, Arena *arena,
                       Error *err)
{
    if (!checkpoint_load(&model->checkpoint, checkpoint, arena, err) ||
        !config_parse(&model->config, arena, model->checkpoint.config, checkpoint, err))
        return false;
    if (!pack && !*model->config.pack)
        return error_set(err, ERROR_USAGE,
                         "%s: was imported, not trained on a pack; name one with --pack",
                         checkpoint);
    model->pack = pack_open(pack ? pack : model->config.pack, err);
    return model->pack != NULL;
}

static bool open_engine(SavedModel *model, int workers, Comm *comm, Arena *arena, Error *err)
{
    const Checkpoint *checkpoint = &model->checkpoint;
    EngineOptions options = {
        .comm = comm,
        .pack = model->pack,
        .spec = restore_spec(&model->config, checkpoint->head, checkpoint->heads, arena),
        .augment = &model->config.augment,
        .seed = (uint64_t)model->config.seed,
        .workers = workers > 0 ? workers : pool_cores(),
        .training = false};
    return engine_open(&model->engine, &options, arena, err);
}

bool saved_model_open(SavedModel *model, const char *checkpoint, const char *pack, int workers,
                      Comm *comm, Arena *arena, Error *err)
{
    *model = (SavedModel){0};
    bool ok = open_files(model, checkpoint, pack, arena, err) &&
              open_engine(model, workers, comm, arena, err);
    if (ok) restore_values(&model->checkpoint, &model->engine.model, checkpoint, err);
    if (!comm_agree(comm, err) || !provenance_agree(comm, provenance_text(arena), err)) {
        saved_model_close(model);
        return false;
    }
    engine_prepare(&model->engine);
    return true;
}

void saved_model_close(SavedModel *model)
{
    engine_close(&model->engine);
    pack_close(model->pack);
}
