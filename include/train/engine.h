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
#include "train/mix_targets.h"

#include <stdatomic.h>

/* What one worker owns. */
typedef struct LaneWorker {
    Run run;
    LaneLoader *loader;
    float *workspace;
    uint32_t *record; /* (lane) */
    bool *bad;        /* (lane) */
    Target **target;  /* (heads)(lane,parts): of weight 0 where missing or bad */
    const Mix *mix; /* (lane) of the lane that is trained on next; NULL: its images are not mixed */
    float *spare;   /* (image,image,3) of mixing; NULL: images are never mixed */
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
    LabelGroup *labels;     /* (heads): the pack's, with classes of the heads */
    LabelFlips flips;       /* of the same */
    int parts;              /* targets of an image in training */
    const bool *mixed;      /* (heads): learns from mixed images */
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
    ModelSpec spec;   /* heads whose classes have no names take those of the pack */
    EngineForm *form; /* (forms): image and freeze given; kept, and their models built */
    int forms;
    const AugmentOptions *augment;
    const FlipRule *rules[2]; /* as in LabelFlips */
    const bool *mixed;        /* (heads): learns from mixed images; NULL: images are never mixed */
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

/* A record's label as head number `head` sees it, whether the image can be read or not; in training, as the
 * flips of `epoch` make it. */
Target engine_target(const Engine *engine, int head, uint32_t record, bool training,
                     uint64_t epoch);

/* The images of a lane in training. */
typedef struct LaneImages {
    const uint32_t *record; /* (lane) */
    const bool *bad;        /* (lane): cannot be read, so it has no target; NULL: as if all could */
    const Mix *mix;         /* (lane); NULL: none is mixed */
    uint64_t epoch;
} LaneImages;

/* The targets of image n for head number `head`: part (engine->parts). */
void engine_targets(const Engine *engine, int head, const LaneImages *images, int n, Target *part);

/* Loads worker->record[0 … count-1] into the worker's input and targets; returns the number of bad
 * records. In training, images are mixed by worker->mix. The run is ready for graph_forward afterwards. */
int engine_load(Engine *engine, LaneWorker *worker, int count, bool training, uint64_t epoch);
