/* Evaluation of a split: every image exactly once, in lanes of the pack's order, on all ranks. */
#pragma once

#include "data/pack.h"
#include "train/engine.h"
#include "train/mirror.h"
#include "train/predictions.h"
#include "train/score.h"

typedef struct Evaluator Evaluator;

/* Buffers for evaluating on `engine`, from `run`. */
Evaluator *evaluator_create(Engine *engine, Arena *run);

/* From here on evaluations of this split also fill `predictions`, which rank 0 then holds as a whole. */
void evaluator_keep(Evaluator *evaluator, Predictions *predictions);

/* From here on predictions are the means over each image and its mirror image; losses stay those of the images
 * themselves. mirror (workers) is kept, memory comes from `run`. */
void evaluator_flip(Evaluator *evaluator, const Mirror *mirror, Arena *run);

/* The first of `images` images that a rank scores; of `rank` = ranks: all of them. Ranks have theirs in a row. */
size_t evaluate_begin(const Engine *engine, size_t images, int rank);

/* Scores the split with the engine's parameters as they are prepared. The counts are the same for
 * any ranks and workers. Valid until the next call. NULL, on all ranks, if a stop was requested on
 * any of them meanwhile (base/stop.h). Collective. */
const Score *evaluate(Evaluator *evaluator, Split split, const char *progress_label);
