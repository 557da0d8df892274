/*
 * The trainer: lanes over workers and ranks, the exact sum, the optimizer, validation, checkpoints
 * and logs. The only place where nn, data and dist meet. Everything here is called by the main
 * thread of every rank, and is collective.
 */
#pragma once

#include "base/arena.h"
#include "base/spans.h"
#include "dist/comm.h"
#include "train/config.h"
#include "train/engine.h"

typedef struct Trainer Trainer;

typedef struct TrainerOptions {
    Comm *comm;
    Config *config;    /* kept; its heads are filled in from the pack if it names none */
    bool resume;       /* go on from the run folder's newest checkpoint, if there is one */
    const char *title; /* of the progress bar; NULL: no bar */
    /* clock_seconds at the start of a job of which this run is only a part: time_limit counts from there, and the
     * watchdog and the removal of a staged pack are the job's. 0: the run is the job. */
    double job_started;
    StillPictures still; /* in place of the pack's; for measurements */
} TrainerOptions;

/* Opens pack and run folder, builds the model, restores a checkpoint if asked to. NULL on a mistake
 * of the user or bad data, with the same Error on all ranks. */
Trainer *trainer_open(const TrainerOptions *options, Error *err);
void trainer_close(Trainer *trainer); /* NULL is allowed */

typedef enum TrainerEnd {
    TRAINER_DONE,
    TRAINER_STOPPED,  /* by a signal or a time limit, with a checkpoint: to be resumed */
    TRAINER_HOPELESS, /* gradients or images are too bad, with a checkpoint from before */
    TRAINER_FAILED,   /* err tells: the last checkpoint cannot be written */
} TrainerEnd;

/* Trains until the end of the run or until step `until` (whichever comes first; until < 0: the
 * end), validating after each epoch, and leaves a checkpoint of the last step. Looks for requests to
 * stop (base/stop.h) on any rank after each step. Checkpoints and records that cannot be written on
 * the way are warned of. */
TrainerEnd trainer_run(Trainer *trainer, long until, Error *err);

/* One optimizer step. Allocates nothing. */
void trainer_step(Trainer *trainer);

/* Has the coming steps write down what they spend their time on: one list per worker, emptied as each
 * step begins; NULL: no more. Local. */
void trainer_watch(Trainer *trainer, Spans *spans);
/* Writes a checkpoint of this moment. Collective. */
bool trainer_save(Trainer *trainer, Error *err);
/* What it computes with, for evaluations and measurements. Local. */
Engine *trainer_engine(Trainer *trainer);

/* Steps done. */
uint64_t trainer_steps(const Trainer *trainer);
uint64_t trainer_steps_per_epoch(const Trainer *trainer);
/* Why the state that the run has come to is good for nothing: its last step was skipped, or too many images could not
 * be read. NULL: it is sound. The same for a run that was interrupted. */
const char *trainer_trouble(const Trainer *trainer);
/* Memory of this rank for model, workers and sums; without the pack's tables. */
size_t trainer_bytes(const Trainer *trainer);
