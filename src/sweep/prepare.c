/* What a sweep will do, and whether it can: before anything is trained. */
#include "sweep/sweep.h"

#include "base/clock.h"
#include "train/plan.h"

#include <stdio.h>
#include <string.h>

/* --- what trials are made of --- */

const char *const *sweep_values(const Sweep *sweep, int trial)
{
    return sweep->value + (size_t)trial * (size_t)sweep->space.axes;
}

char *sweep_trial_folder(const Sweep *sweep, int trial, char path[SWEEP_PATH_BYTES])
{
    snprintf(path, SWEEP_PATH_BYTES, "%s/trial-%03d", sweep->folder, trial);
    return path;
}

const char *const *sweep_trial_sets(const Sweep *sweep, int trial, int *count, Arena *arena)
{
    const SweepOptions *options = &sweep->options;
    const char *const *value = sweep_values(sweep, trial);
    const char **set = arena_new(arena, const char *, options->sets + sweep->space.axes + 1);
    *count = 0;
    for (int i = 0; i < options->sets; i++) set[(*count)++] = options->set[i];
    for (int a = 0; a < sweep->space.axes; a++)
        set[(*count)++] = arena_printf(arena, "%s=%s", sweep->space.axis[a].key, value[a]);
    return set;
}

/* --- checks --- */

/* What is no option may be a kind or a map, or a slip, which is better told before any value is. */
static bool probe(const Sweep *sweep, const Axis *axis, Error *err)
{
    if (axis->kind != AXIS_LIST || config_find_option(&sweep->config, axis->key)) return true;
    const SweepOptions *options = &sweep->options;
    Arena *arena = arena_create("probe");
    const char **set = arena_new(arena, const char *, options->sets + 1);
    for (int i = 0; i < options->sets; i++) set[i] = options->set[i];
    set[options->sets] = arena_printf(arena, "%s=%s", axis->key, axis->value[0]);
    bool ok = config_load(&(Config){0}, arena, options->config, set, options->sets + 1, err);
    arena_destroy(arena);
    return ok;
}

static bool read_space(Sweep *sweep, Error *err)
{
    for (int i = 0; i < sweep->options.overs; i++)
        if (!space_add(&sweep->space, sweep->options.over[i], &sweep->config, sweep->arena, err) ||
            !probe(sweep, &sweep->space.axis[i], err))
            return false;
    sweep->value =
        space_draw(&sweep->space, sweep->options.seed, sweep->options.trials, sweep->arena, err);
    return sweep->value;
}

static bool check_trial(const Sweep *sweep, int trial, Error *err)
{
    Arena *arena = arena_create("trial");
    Config config;
    int sets;
    const char *const *set = sweep_trial_sets(sweep, trial, &sets, arena);
    bool ok = config_load(&config, arena, sweep->options.config, set, sets, err) ||
              error_context(err, "trial %d", trial);
    arena_destroy(arena);
    return ok;
}

static bool check_trials(const Sweep *sweep, Error *err)
{
    for (int t = 0; t < sweep->options.trials; t++)
        if (!check_trial(sweep, t, err)) return false;
    return true;
}

static bool read_pack(Sweep *sweep, Error *err)
{
    const char *path = sweep->config.pack;
    size_t images = 0;
    Pack *pack = pack_open(path, err);
    if (!pack) return false;
    sweep->pack = pack_hash(pack);
    pack_split(pack, SPLIT_VAL, &images);
    if (images == 0)
        error_set(
            err, ERROR_DATA,
            "%s: has no validation images, by which trials are compared; pack it with --split",
            path);
    bool ok = images > 0 && plan_heads(&sweep->config, pack, sweep->arena, err) &&
              metric_choose(&sweep->metric, sweep->options.metric, &sweep->config, pack, err);
    pack_close(pack);
    return ok;
}

static bool plan_ranks(const Sweep *sweep, Error *err)
{
    int ranks = comm_size(sweep->comm), wanted = sweep->options.ranks_per_trial;
    return wanted <= ranks ||
           error_set(err, ERROR_USAGE,
                     "--ranks-per-trial %d: there %s only %d rank%s; start more "
                     "with mpirun -n",
                     wanted, ranks == 1 ? "is" : "are", ranks, ranks == 1 ? "" : "s");
}

static bool plan_rungs(Sweep *sweep, Error *err)
{
    const SweepOptions *options = &sweep->options;
    int epochs = sweep->config.epochs, trials = options->trials;
    if (options->min_epochs > epochs)
        return error_set(err, ERROR_USAGE,
                         "--min-epochs %d: is more than all epochs of the configuration (%d)",
                         options->min_epochs, epochs);
    sweep->halving = halving_plan(trials, epochs, options->eta, options->min_epochs);
    sweep->result =
        arena_new(sweep->arena, TrialResult, (size_t)sweep->halving.rungs * (size_t)trials);
    sweep->reached = arena_new(sweep->arena, int, trials);
    sweep->standing = arena_new(sweep->arena, Standing, trials);
    return true;
}

/* Room for the names of trials behind it. */
static bool name_folder(Sweep *sweep, Error *err)
{
    enum { LONGEST = OPTION_TEXT_BYTES - 32 };
    const char *given = sweep->options.folder;
    sweep->folder = given ? given : arena_printf(sweep->arena, "%s-sweep", sweep->config.run);
    return strlen(sweep->folder) <= LONGEST ||
           error_set(err, ERROR_USAGE, "--run: a path has at most %d bytes here", LONGEST);
}

static bool prepare(Sweep *sweep, Error *err)
{
    const SweepOptions *options = &sweep->options;
    return config_load(&sweep->config, sweep->arena, options->config, options->set, options->sets,
                       err) &&
           plan_ranks(sweep, err) && name_folder(sweep, err) && plan_rungs(sweep, err) &&
           read_space(sweep, err) && check_trials(sweep, err) && read_pack(sweep, err);
}

bool sweep_prepare(Sweep *sweep, const SweepOptions *options, Comm *comm, Arena *arena, Error *err)
{
    *sweep = (Sweep){.options = *options, .comm = comm, .arena = arena, .started = clock_seconds()};
    prepare(sweep, err);
    return comm_agree(comm, err);
}
