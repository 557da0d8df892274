/* One trial of a sweep: a run in a folder of its own, trained up to an epoch, and what came of it. */
#pragma once

#include "dist/comm.h"
#include "sweep/metric.h"

typedef enum TrialState {
    TRIAL_OPEN,     /* nothing is known yet */
    TRIAL_SCORED,   /* has come to the epoch, with a score */
    TRIAL_DIVERGED, /* its numbers are none, or its images too bad: another try would end alike */
    TRIAL_FAILED,   /* an error, which may be mended */
    TRIAL_STOPPED,  /* on request, with a checkpoint */
} TrialState;

/* Plain data, so that it can be sent to other ranks. */
typedef struct TrialResult {
    TrialState state;
    double score;     /* of TRIAL_SCORED */
    ErrorKind kind;   /* of TRIAL_FAILED */
    char reason[256]; /* of a trial that diverged or failed: one line */
} TrialResult;

typedef struct TrialTask {
    Comm *comm;             /* the ranks that train it */
    const char *config;     /* path */
    const char *const *set; /* (sets), values of the trial last */
    int sets;
    const char *folder;
    int epochs;
    const Metric *metric;
    double job_started; /* as in TrainerOptions */
} TrialTask;

/* Goes on from the trial's newest checkpoint, if there is one, until it has done its epochs by the schedule of the whole
 * run, or until the run ends of itself. The score is that of its last validation, read from its records. Says nothing
 * on the way. Only the first rank of `comm` learns the score. Collective over it. */
TrialResult trial_run(const TrialTask *task);
