/* How facts are found; private to doctor. */
#pragma once

#include "dist/comm.h"
#include "doctor/survey.h"
#include "train/config.h"

/* What this process sees by itself: cores, BLAS, libraries, limits. No communication. */
void probe_process(RankFacts *facts, const Config *config);
void probe_interfaces(RankFacts *facts);

/* Opens the pack and plans the run: pack hash and problem, memory needed, configuration's hash and
 * problem; sizes into `survey`. No communication. */
void probe_plan(RankFacts *facts, Survey *survey, Config *config, Arena *arena);

/* Rank 0 makes the run folder and writes a file there, all look for it; then what was made is
 * removed. Collective. */
void probe_run_folder(Comm *comm, const Config *config, RankFacts *facts, Survey *survey);

/* Seconds by which each rank's clock is ahead of rank 0's: `ahead` (size), filled in on rank 0.
 * Collective. */
void probe_clocks(Comm *comm, double *ahead);

/* Measures the link to the next rank into `facts`. Collective. */
void probe_links(Comm *comm, RankFacts *facts);

/* Trains a few steps with a lane on every worker, in a temporary folder. On rank 0 fills in
 * round_seconds or trial_problem. `workers`: of all ranks. Collective. */
void probe_trial(Comm *comm, const Config *config, int workers, Survey *survey);
