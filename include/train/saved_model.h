/* A checkpoint's model, ready to be run on a pack for evaluation. */
#pragma once

#include "train/checkpoint.h"
#include "train/config.h"
#include "train/engine.h"

typedef struct SavedModel {
    Checkpoint checkpoint;
    Config config;
    Pack *pack;
    Engine engine;
} SavedModel;

/* Loads the checkpoint, opens the pack (NULL: the one named in its configuration), builds the model
 * with its parameters and statistics. `workers` 0: the cores this rank may use. All ranks go on or
 * fail with the same Error. Memory comes from `arena`. Collective. */
bool saved_model_open(SavedModel *model, const char *checkpoint, const char *pack, int workers,
                      Comm *comm, Arena *arena, Error *err);
void saved_model_close(SavedModel *model);
