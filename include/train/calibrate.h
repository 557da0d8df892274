/* What a checkpoint's heads say of a split, gathered to find their temperatures. */
#pragma once

#include "train/engine.h"
#include "train/temperature.h"

/* On rank 0: the answers of each head of classes to the images of the split that could be read, in pack order;
 * `images` is 0 for other heads. They are the same for any ranks and workers. *bad: images that could not be
 * read. Memory comes from `arena`. False, on all ranks, if a stop was requested on any. Collective. */
bool calibrate_collect(HeadAnswers *answers, size_t *bad, Engine *engine, Split split,
                       Arena *arena);

/* Whether a head has a temperature: it tells probabilities of classes. */
bool head_has_temperature(const HeadType *type);
