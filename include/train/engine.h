/*
 * The engine: a model with its parameters, the workers of this rank, and what each needs to compute
 * a lane from image bytes to probabilities or gradients. Trainer and evaluation both run on it.
 */
#pragma once

#include "base/pool.h"
#include "data/lane_loader.h"
#include "dist/comm.h"
#include "models/model.h"
#include "nn/run.h"
#include "train/head_labels.h"

#include <stdatomic.h>

/* What one worker owns. */
typedef struct LaneWorker {
    Run run;
    LaneLoader *loader;
    float *workspace;
    uint32_t *record; /* (lane) */
    bool *bad;        /* (lane) */
    Target **target;  /* (heads)(lane): of weight 0 where missing or bad */
    double load_seconds, compute_seconds;
} LaneWorker;

typedef struct Engine {
    Comm *comm;
    Pool *pool;
    const Pack *pack;
    Model model;
    int lane, image;
    uint64_t seed;
    LabelGroup *labels;     /* (heads): the pack's, with classes of the heads */
    LaneWorker *worker;     /* (workers) */
    float *prepared;        /* prepared weights, shared */
    atomic_uchar *reported; /* (records): the bad record's reason has been logged */
    void (*report)(void *context, uint32_t record, const char *reason);
    void *report_context;
    atomic_int next_op; /* of engine_prepare */
} Engine;

typedef struct EngineOptions {
    Comm *comm;
    const Pack *pack;
    ModelSpec spec; /* heads whose classes have no names take those of the pack */
    const AugmentOptions *augment;
    uint64_t seed;
    int workers;
    bool training; /* false: workspaces only for evaluation */
    /* Told once per rank of each record that cannot be read; on any worker. May be NULL. */
    void (*report)(void *context, uint32_t record, const char *reason);
    void *report_context;
} EngineOptions;

/* Builds model, parameters (initialised by the seed), pool and workers. Labels are matched to the
 * heads by name. Memory comes from `run`; engine_close frees the rest. */
bool engine_open(Engine *engine, const EngineOptions *options, Arena *run, Error *err);
void engine_close(Engine *engine);

/* Makes the prepared weights anew, on all workers; after every change of the parameters. */
void engine_prepare(Engine *engine);

/* A record's label as head number `head` sees it, whether the image can be read or not. */
Target engine_target(const Engine *engine, int head, uint32_t record);

/* Loads worker->record[0 … count-1] into the worker's input and targets; returns the number of bad
 * records. The run is ready for graph_forward afterwards. */
int engine_load(Engine *engine, LaneWorker *worker, int count, bool training, uint64_t epoch);
