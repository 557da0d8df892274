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
#include "train/label_flips.h"

#include <stdatomic.h>

/* What one worker owns. */
typedef struct LaneWorker {
    Run run;
    LaneLoader *loader;
    float *workspace;
    uint32_t *record; /* (lane) */
    bool *bad;        /* (lane) */
    int32_t **label;  /* (heads)(lane): masked where missing or bad */
    double load_seconds, compute_seconds;
} LaneWorker;

/* The network as training has it in some epochs: for another side of the input, or with stages frozen.
 * Parameters and statistics are those of the engine's model, in the same places. */
typedef struct EngineForm {
    int image;  /* side, pixels */
    int freeze; /* the trunk's first stages that do not learn */
    Model model;
} EngineForm;

typedef struct Engine {
    Comm *comm;
    Pool *pool;
    const Pack *pack;
    Model model;
    EngineForm *form; /* (forms) */
    int forms;
    const Model *now; /* the model, or that of a form */
    int lane, image;  /* of `now`: side of the input */
    uint64_t seed;
    const int32_t **label;  /* (heads)(records): the pack's labels as classes of the heads */
    LabelFlips flips;       /* of the same */
    LaneWorker *worker;     /* (workers) */
    const float *value;     /* parameters in use */
    float *prepared;        /* prepared weights, shared */
    atomic_uchar *reported; /* (records): the bad record's reason has been logged */
    void (*report)(void *context, uint32_t record, const char *reason);
    void *report_context;
    atomic_int next_op; /* of engine_prepare */
} Engine;

typedef struct EngineOptions {
    Comm *comm;
    const Pack *pack;
    ModelSpec spec;
    /* (heads)(classes) names of the heads' classes; NULL: those of the pack's groups */
    const char *const *const *class_name;
    EngineForm *form; /* (forms): image and freeze given; kept, and their models built */
    int forms;
    const AugmentOptions *augment;
    /* (heads)(classes) of horizontal and vertical flips; NULL, or NULL for a head: labels stay */
    const int32_t *const *turned[2];
    uint64_t seed;
    StillPictures still; /* in place of the pack's; for measurements */
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

/* Uses form `index`, or the model itself if it is negative, from here on; weights are prepared for it. */
void engine_enter(Engine *engine, int index);

/* Makes the prepared weights anew, on all workers; after every change of the parameters. */
void engine_prepare(Engine *engine);

/* Uses other parameters and statistics than those of the model's stores, such as an average of them; they
 * are prepared. */
void engine_use(Engine *engine, const float *value, const float *state);

/* Loads worker->record[0 … count-1] into the worker's input and labels; returns the number of bad
 * records. The run is ready for graph_forward afterwards. */
int engine_load(Engine *engine, LaneWorker *worker, int count, bool training, uint64_t epoch);
