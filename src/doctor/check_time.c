/* Time: the trial, the limit of the batch system, the clocks of the hosts, workers without a lane. */
#include "checks.h"

#include <math.h>

/* Deadlines and the times of files are compared between hosts. */
static const double CLOCK_SECONDS = 1;
/* Share of the workers' time in a step that may be idle without a word. */
static const double IDLE_SHARE = 0.25;

void check_trial(const Survey *survey, Findings *findings)
{
    if (survey->trial_problem[0])
        finding_add(findings, PROBLEM, "training cannot start: %s", survey->trial_problem);
}

void check_time_limit(const Survey *survey, Findings *findings)
{
    double epoch = survey_epoch_seconds(survey);
    char left[AMOUNT_BYTES], needed[AMOUNT_BYTES];
    if (survey->seconds_left < 0 || survey->seconds_left >= epoch) return;
    finding_add(findings, PROBLEM,
                "the job ends in %s, but an epoch takes about %s; ask for more time (sbatch "
                "--time), more ranks, or set checkpoint_every to save within an epoch",
                print_seconds(survey->seconds_left, left), print_seconds(epoch, needed));
}

void check_clocks(const Survey *survey, Findings *findings)
{
    char amount[AMOUNT_BYTES];
    for (int r = 1; r < survey->ranks; r++) {
        double ahead = survey->rank[r].clock_ahead;
        if (!survey_leads(survey, r) || fabs(ahead) < CLOCK_SECONDS) continue;
        finding_add(findings, ADVICE,
                    "the clock of %s is %s %s that of %s; let chrony or ntpd set them",
                    survey->rank[r].host, print_seconds(fabs(ahead), amount),
                    ahead > 0 ? "ahead of" : "behind", survey->rank[0].host);
    }
}

void check_lanes(const Survey *survey, Findings *findings)
{
    if (!survey->has_config) return;
    int lanes = survey->batch / survey->lane, workers = survey_workers(survey);
    int rounds = survey_rounds(survey);
    double busy = (double)lanes / ((double)workers * rounds);
    if (busy >= 1 - IDLE_SHARE) return;
    if (lanes < workers)
        finding_add(
            findings, ADVICE,
            "%d of %d workers have nothing to do, as a step has only %d lanes; raise batch, "
            "lower lane, or use fewer cores",
            workers - lanes, workers, lanes);
    else
        finding_add(
            findings, ADVICE,
            "%d lanes over %d workers take %d rounds, not all of them full, so %.0f %% of the "
            "workers' time is idle; choose batch so that batch / lane is a multiple of %d",
            lanes, workers, rounds, 100 * (1 - busy), workers);
}
