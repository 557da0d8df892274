/*
 * Predictions for a stream of images, on all workers of all ranks, in the order of the images. Lanes are cut from the
 * whole stream, so the numbers depend neither on ranks nor on workers. Images go through in rounds of a few lanes per
 * worker: memory does not grow with their number.
 */
#pragma once

#include "dist/comm.h"
#include "predict/source.h"
#include "umbel.h"

/* What is said of one image. */
typedef struct PredictRow {
    size_t index; /* from 0 */
    const char *name;
    const char *problem;        /* why it could not be read; NULL: it could */
    const float *const *number; /* (heads): probabilities (classes), or the value (1) */
    const int *best;            /* (heads): umbel_best_class */
    const float *features; /* (umbel_feature_count); NULL: were not wanted, or there are none */
} PredictRow;

/* Who is told, on rank 0. */
typedef struct PredictSink {
    void *context;
    bool (*row)(void *context, const PredictRow *row, Error *err);
    /* A round is over. */
    bool (*flush)(void *context, Error *err);
} PredictSink;

typedef struct PredictOptions {
    Comm *comm;
    const UmbelModel *model; /* of each rank */
    Source source;
    PredictSink sink;
    int workers;
    int batch; /* images of a lane, at most those of the model's */
    bool flip; /* umbel_set_flip */
    bool features;
} PredictOptions;

typedef struct PredictCounts {
    size_t images, bad; /* that have been told of; bad: could not be read */
    bool stopped;       /* a stop was requested on some rank */
} PredictCounts;

/* Tells the sink of each image. All ranks go on or fail alike, with the counts so far. Collective. */
bool predict_run(const PredictOptions *options, PredictCounts *counts, Error *err);
