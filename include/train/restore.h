/* From a checkpoint to a network: what to build, and the numbers to put into it. */
#pragma once

#include "models/model.h"
#include "train/checkpoint.h"
#include "train/config.h"

/* The network of a checkpoint's configuration and heads, for evaluation, in lanes as it was trained.
 * Names and trunk options are referred to, not copied; the list of heads comes from `arena`. */
ModelSpec restore_spec(const Config *config, const CheckpointHead *head, int heads, Arena *arena);

/* Copies parameters and statistics (their averages, if it has any) into the model's stores, whose values are allocated. All that do
 * not fit are reported, after `path`. */
bool restore_values(const Checkpoint *checkpoint, const Model *model, const char *path, Error *err);
