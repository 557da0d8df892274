/* A checkpoint's outputs for a split, gathered to find the temperatures of its heads. */
#pragma once

#include "train/engine.h"
#include "train/temperature.h"

/* On rank 0: the outputs of each head of classes for the images of the split, in pack order, unreadable ones
 * without a target; `images` is 0 for other heads. They are the same for any ranks and workers. *bad: images that
 * could not be read. Memory comes from `arena`. False, on all ranks: there is none (ERROR_SYSTEM), or without an
 * error if a stop was requested on any. Collective. */
bool calibrate_collect(HeadLogits *logits, size_t *bad, Engine *engine, Split split, Arena *arena,
                       Error *err);

/* Whether a head has a temperature: it tells probabilities of classes. */
bool head_has_temperature(const HeadType *type);
