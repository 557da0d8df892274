/*
 * A sweep: trials with values drawn from a space, cut down by successive halving, each an ordinary run trained by some of
 * the ranks. Since a run's numbers do not depend on how many, neither does the outcome.
 */
#pragma once

#include "base/hash.h"
#include "dist/comm.h"
#include "sweep/halving.h"
#include "sweep/metric.h"
#include "sweep/space.h"
#include "sweep/trial.h"

enum { SWEEP_TRIALS_MAX = 1000 };

/* As given. */
typedef struct SweepOptions {
    const char *config; /* path */
    const char *const *set;
    int sets;
    const char *const *over; /* texts as in space_add */
    int overs;
    const char *folder; /* NULL: the configuration's run folder with "-sweep" behind it */
    const char *metric; /* NULL: by default */
    int trials, eta, min_epochs, ranks_per_trial;
    uint64_t seed;
} SweepOptions;

/* Equal on all ranks, but for `comm`. */
typedef struct Sweep {
    SweepOptions options;
    Comm *comm;
    Arena *arena;
    const char *folder;
    Config config; /* of which all trials are variations; its heads are settled */
    Hash128 pack;
    Space space;
    const char **value; /* (trials, axes) */
    Halving halving;
    Metric metric;
    double started;      /* clock_seconds */
    TrialResult *result; /* (rungs, trials) */
    int *reached;        /* (trials): the last rung that each was chosen for */
    Standing *standing;  /* (trials): of sweep_run, best first */
} Sweep;

/* Reads configuration and pack and plans everything; finds the mistakes in the configuration of any trial. Memory comes
 * from `arena`. The same Error on all ranks. Collective. */
bool sweep_prepare(Sweep *sweep, const SweepOptions *options, Comm *comm, Arena *arena, Error *err);

typedef enum SweepEnd {
    SWEEP_DONE,
    SWEEP_STOPPED, /* on request, with checkpoints: the same line goes on */
    SWEEP_FAILED,  /* err tells: the record cannot be read or written */
} SweepEnd;

/* Trains what FOLDER/sweep.jsonl does not know yet. A trial that fails does not stop the others; what failed by an error
 * in an earlier process is tried again. Tells each result in a line. Looks for requests to stop (base/stop.h). Collective. */
SweepEnd sweep_run(Sweep *sweep, Error *err);

/* Values of a trial: (axes) texts. */
const char *const *sweep_values(const Sweep *sweep, int trial);
/* What came of a trial at the last rung that it was trained for. */
const TrialResult *sweep_result(const Sweep *sweep, const Standing *standing);
/* FOLDER/trial-003 into `path`; returns it. */
enum { SWEEP_PATH_BYTES = OPTION_TEXT_BYTES };
char *sweep_trial_folder(const Sweep *sweep, int trial, char path[SWEEP_PATH_BYTES]);
/* --set arguments of a trial: the options' own, then its values; *count of them. Memory comes from `arena`. */
const char *const *sweep_trial_sets(const Sweep *sweep, int trial, int *count, Arena *arena);
