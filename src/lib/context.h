/* What a run of a model holds. Private to lib. */
#pragma once

#include "handles.h"

#include "data/augment.h"
#include "nn/run.h"
#include "train/mirror.h"

enum { PROBLEM_BYTES = 256 };

struct UmbelContext {
    const UmbelModel *model;
    Arena *arena;
    Model network; /* the model's, for lanes of `lane` images; values are the model's */
    int lane, batch;
    Run run;
    AugmentScratch scratch;
    int count;                      /* images of the last call */
    char (*problem)[PROBLEM_BYTES]; /* (batch): empty where there is none */
    float *features;                /* (batch,D) */
    float **logits, **prediction;   /* (heads)(batch,outputs), (heads)(batch,classes or 1) */
    bool flip;
    Mirror mirror; /* without an input until there was a flip */
};

/* Runs the lane that mirror_take kept, and takes the means with the results from image `begin` on. */
void flip_merge(UmbelContext *context, int begin);
