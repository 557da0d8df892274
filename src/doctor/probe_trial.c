/*
 * A trial: the configured training itself for a few steps, with a lane on every worker, so that it
 * takes seconds where a step of the whole batch takes minutes. It writes to a temporary folder.
 */
#include "probe.h"

#include "base/clock.h"
#include "io/file.h"
#include "train/trainer.h"

#include <limits.h>
#include <stdio.h>

/* The first step also touches memory for the first time; if even so it is as slow as this, it must
 * do. */
static const double LONG_STEP_SECONDS = 3;

/* The configuration of the trial: at most a lane per worker, the pack where it is, and silence. */
static Config shorten(const Config *config, int workers, const char *folder)
{
    Config trial = *config;
    int lanes = config->batch / config->lane;
    trial.batch = (workers < lanes ? workers : lanes) * config->lane;
    trial.log_every = INT_MAX;
    trial.tensorboard = false;
    trial.epochs = 1000000;
    trial.time_limit = 0;
    trial.stage[0] = 0; /* the copy would take longest, and tells nothing of the step */
    snprintf(trial.run, sizeof trial.run, "%s", folder);
    return trial;
}

/* Seconds of a step, the longest over ranks. */
static double time_step(Comm *comm, Trainer *trainer)
{
    double begin = clock_seconds();
    trainer_step(trainer);
    uint64_t nanoseconds = (uint64_t)(1e9 * (clock_seconds() - begin));
    comm_max_u64(comm, &nanoseconds, 1);
    return 1e-9 * (double)nanoseconds;
}

static double time_steps(Comm *comm, Trainer *trainer)
{
    double first = time_step(comm, trainer);
    if (first > LONG_STEP_SECONDS) return first;
    double second = time_step(comm, trainer), third = time_step(comm, trainer);
    return second < third ? second : third;
}

void probe_trial(Comm *comm, const Config *config, int workers, Survey *survey)
{
    Error err = {0};
    char folder[OPTION_TEXT_BYTES] = "";
    bool first = comm_rank(comm) == 0;
    if (first) file_make_temporary_folder(folder, sizeof folder, "doctor", &err);
    if (comm_agree(comm, &err)) {
        Config trial = shorten(config, workers, folder);
        Trainer *trainer = trainer_open(&(TrainerOptions){.comm = comm, .config = &trial}, &err);
        if (trainer) {
            double seconds = time_steps(comm, trainer);
            if (first) {
                Survey part = *survey;
                part.batch = trial.batch;
                survey->round_seconds = seconds / survey_rounds(&part);
            }
            trainer_close(trainer);
        }
        if (first && *folder) file_remove_folder(folder);
    }
    if (first) survey_keep_reason(survey->trial_problem, &err);
}
