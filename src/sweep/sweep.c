/* The rungs of a sweep: trials are dealt to groups of ranks in waves, one trial per group. */
#include "sweep/sweep.h"

#include "base/log.h"
#include "base/pulse.h"
#include "base/stop.h"
#include "data/stage.h"
#include "dist/watchdog.h"
#include "journal.h"

#include <stdio.h>
#include <string.h>

static TrialResult *result_at(const Sweep *sweep, int rung, int trial)
{
    return &sweep->result[(size_t)rung * (size_t)sweep->options.trials + (size_t)trial];
}

const TrialResult *sweep_result(const Sweep *sweep, const Standing *standing)
{
    return result_at(sweep, standing->rung, standing->trial);
}

/* --- words --- */

static void tell_result(const Sweep *sweep, int rung, int trial)
{
    const TrialResult *result = result_at(sweep, rung, trial);
    const char *const *value = sweep_values(sweep, trial);
    char text[1024] = "";
    for (int a = 0; a < sweep->space.axes; a++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "  %s %s", sweep->space.axis[a].key, value[a]);
    }
    if (result->state == TRIAL_SCORED)
        log_info("trial %d  epoch %d  %s %.4f%s", trial, sweep->halving.epochs[rung],
                 sweep->metric.name, result->score, text);
    else
        log_info("trial %d  epoch %d  %s: %s%s", trial, sweep->halving.epochs[rung],
                 result->state == TRIAL_DIVERGED ? "diverged" : "failed", result->reason, text);
}

static void tell_rung(const Sweep *sweep, int rung, int trials, int open)
{
    log_info("rung %d of %d: %d trial%s to epoch %d, %d of them to be trained", rung + 1,
             sweep->halving.rungs, trials, trials == 1 ? "" : "s", sweep->halving.epochs[rung],
             open);
}

/* Where the cut before a rung goes through trials that are alike, chance decides. `standing` is as halving_choose has left
 * it. */
static void tell_tie(const Sweep *sweep, int rung, int chosen)
{
    const Standing *in = &sweep->standing[chosen - 1], *out = in + 1;
    if (rung == 0 || chosen == sweep->options.trials || out->failed || in->rung != out->rung ||
        in->merit != out->merit)
        return;
    log_warning("trials %d and %d have the same %s after epoch %d, and only the first goes on; "
                "--metric loss tells more apart, a larger --min-epochs gives more time",
                in->trial, out->trial, sweep->metric.name, sweep->halving.epochs[rung - 1]);
}

/* --- waves --- */

/* The first rank of a group, where rank r of `ranks` is in group r * groups / ranks. */
static int first_rank(int group, int groups, int ranks)
{
    return (group * ranks + groups - 1) / groups;
}

static TrialResult train_own(const Sweep *sweep, Comm *comm, int rung, int trial)
{
    Arena *arena = arena_create("trial's settings");
    char folder[SWEEP_PATH_BYTES];
    TrialTask task = {.comm = comm,
                      .config = sweep->options.config,
                      .folder = sweep_trial_folder(sweep, trial, folder),
                      .epochs = sweep->halving.epochs[rung],
                      .metric = &sweep->metric,
                      .job_started = sweep->started};
    task.set = sweep_trial_sets(sweep, trial, &task.sets, arena);
    TrialResult result = trial_run(&task);
    arena_destroy(arena);
    return result;
}

/* All learn what came of a trial; rank 0 writes it down. */
static void take_result(Sweep *sweep, int rung, int trial, Error *err)
{
    if (result_at(sweep, rung, trial)->state == TRIAL_STOPPED) return;
    if (comm_rank(sweep->comm) != 0 || err->kind != ERROR_NONE) return;
    tell_result(sweep, rung, trial);
    journal_add(sweep, rung, trial, err);
}

/* Trains the first trials of `trial` (count), as many as there are groups; returns their number, 0 on an error. */
static int run_wave(Sweep *sweep, int rung, const int *trial, int count, Error *err)
{
    int ranks = comm_size(sweep->comm), rank = comm_rank(sweep->comm);
    int groups = ranks / sweep->options.ranks_per_trial;
    if (groups > count) groups = count;
    int own = rank * groups / ranks;
    Comm *comm = comm_split(sweep->comm, own);
    TrialResult result = train_own(sweep, comm, rung, trial[own]);
    comm_free(comm);
    pulse_phase("waiting for other trials");
    for (int g = 0; g < groups; g++) {
        TrialResult *place = result_at(sweep, rung, trial[g]);
        if (g == own) *place = result;
        comm_broadcast(sweep->comm, place, sizeof *place, first_rank(g, groups, ranks));
        take_result(sweep, rung, trial[g], err);
    }
    return comm_agree(sweep->comm, err) ? groups : 0;
}

/* --- rungs --- */

/* Whether any rank has been asked to stop. */
static bool is_stopped(const Sweep *sweep)
{
    int64_t asked = stop_requested();
    comm_sum_i64(sweep->comm, &asked, 1);
    return asked > 0;
}

static void find_standings(Sweep *sweep)
{
    for (int t = 0; t < sweep->options.trials; t++) {
        const TrialResult *result = result_at(sweep, sweep->reached[t], t);
        sweep->standing[t] = (Standing){.trial = t,
                                        .rung = sweep->reached[t],
                                        .failed = result->state != TRIAL_SCORED,
                                        .merit = metric_merit(&sweep->metric, result->score)};
    }
}

/* Trains the trials that are still open at the rung. */
static SweepEnd run_open(Sweep *sweep, int rung, const int *trial, int count, Error *err)
{
    for (int done = 0; done < count;) {
        if (is_stopped(sweep)) return SWEEP_STOPPED;
        int groups = run_wave(sweep, rung, trial + done, count - done, err);
        if (groups == 0) return SWEEP_FAILED;
        for (int g = 0; g < groups; g++)
            if (result_at(sweep, rung, trial[done + g])->state == TRIAL_STOPPED)
                return SWEEP_STOPPED;
        done += groups;
    }
    return SWEEP_DONE;
}

static SweepEnd run_rung(Sweep *sweep, int rung, int *trial, Error *err)
{
    find_standings(sweep);
    int chosen =
            halving_choose(&sweep->halving, rung, sweep->standing, sweep->options.trials, trial),
        open = 0;
    if (chosen == 0) return SWEEP_DONE; /* none has come through the rung before */
    tell_tie(sweep, rung, chosen);
    for (int i = 0; i < chosen; i++) sweep->reached[trial[i]] = rung;
    int *todo = arena_new(sweep->arena, int, chosen + 1);
    for (int i = 0; i < chosen; i++)
        if (result_at(sweep, rung, trial[i])->state == TRIAL_OPEN) todo[open++] = trial[i];
    tell_rung(sweep, rung, chosen, open);
    return run_open(sweep, rung, todo, open, err);
}

static SweepEnd run_rungs(Sweep *sweep, Error *err)
{
    SweepEnd end = SWEEP_DONE;
    int *trial = arena_new(sweep->arena, int, sweep->options.trials);
    for (int r = 0; end == SWEEP_DONE && r < sweep->halving.rungs; r++)
        end = run_rung(sweep, r, trial, err);
    find_standings(sweep);
    halving_sort(sweep->standing, sweep->options.trials);
    return end;
}

/* --- around them --- */

static bool open_journal(Sweep *sweep, Error *err)
{
    if (comm_rank(sweep->comm) == 0) journal_open(sweep, err);
    if (!comm_agree(sweep->comm, err)) return false;
    size_t results = (size_t)sweep->halving.rungs * (size_t)sweep->options.trials;
    comm_broadcast(sweep->comm, sweep->result, sizeof *sweep->result * results, 0);
    return true;
}

SweepEnd sweep_run(Sweep *sweep, Error *err)
{
    const Config *config = &sweep->config;
    Staged staged = {0};
    SweepEnd end = SWEEP_FAILED;
    Watchdog *watchdog = watchdog_start(sweep->comm, config->hang_seconds);
    /* Staged once for all, so that groups on one node do not copy at the same time. */
    if ((!*config->stage ||
         stage_pack(&staged, config->pack, config->stage, sweep->arena, sweep->comm, err)) &&
        open_journal(sweep, err))
        end = run_rungs(sweep, err);
    if (staged.copy && config->stage_remove) stage_remove(&staged, sweep->comm);
    watchdog_stop(watchdog);
    return end;
}
