/* umbel sweep: values of a configuration by successive halving. */
#include "arguments.h"
#include "base/log.h"
#include "base/stop.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "config_arguments.h"
#include "frame.h"
#include "sweep_report.h"

#include <argp.h>
#include <limits.h>

enum {
    KEY_OVER = 1,
    KEY_TRIALS,
    KEY_RUN,
    KEY_RANKS,
    KEY_ETA,
    KEY_MIN_EPOCHS,
    KEY_METRIC,
    KEY_SEED,
    KEY_RESUME,
    KEY_JSON
};

typedef struct Arguments {
    ConfigArguments from;
    const char *over[SPACE_AXES_MAX];
    int overs;
    int trials, ranks_per_trial, eta, min_epochs;
    long seed;
    const char *folder, *metric;
    bool resume, json;
} Arguments;

static const struct argp_option options[] = {
    {"over", KEY_OVER, "KEY=VALUES", 0,
     "Vary a key of the configuration: KEY=LOW..HIGH, KEY=LOW..HIGH:log or KEY=A,B,C; may be "
     "repeated",
     0},
    {"trials", KEY_TRIALS, "N", 0, "Draw N trials (default: 16)", 0},
    {"run", KEY_RUN, "DIR", 0,
     "Folder of the trials and their record (default: the configuration's run folder, with "
     "\"-sweep\" behind its name)",
     0},
    {"ranks-per-trial", KEY_RANKS, "N", 0,
     "Ranks that train a trial, at least (default: 1); no result depends on it", 0},
    {"eta", KEY_ETA, "N", 0,
     "One trial of N goes on from each rung, for N times the epochs (default: 3)", 0},
    {"min-epochs", KEY_MIN_EPOCHS, "N", 0, "Epochs of the first rung, at least (default: 1)", 0},
    {"metric", KEY_METRIC, "joint|loss|HEAD", 0,
     "What trials are compared by, on validation images: joint accuracy, mean loss, or the "
     "accuracy "
     "or error of a head (default: joint)",
     0},
    {"seed", KEY_SEED, "N", 0, "Of the draws (default: 1)", 0},
    {"resume", KEY_RESUME, NULL, 0, "Needless: the same line always goes on where it stopped", 0},
    {"json", KEY_JSON, NULL, 0, "Print the outcome as JSON", 0},
    {0},
};

static const Argument kept[] = {
    KEEP_CONFIG(from, "no configuration given"),
    KEEP_INT(KEY_TRIALS, trials, 1, SWEEP_TRIALS_MAX),
    KEEP_TEXT(KEY_RUN, folder),
    KEEP_INT(KEY_RANKS, ranks_per_trial, 1, 1000000),
    KEEP_INT(KEY_ETA, eta, 2, 1000),
    KEEP_INT(KEY_MIN_EPOCHS, min_epochs, 1, 1000000),
    KEEP_TEXT(KEY_METRIC, metric),
    KEEP_FLAG(KEY_RESUME, resume),
    KEEP_FLAG(KEY_JSON, json),
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    Arguments *arguments = state->input;
    switch (key) {
    case KEY_OVER:
        if (arguments->overs == SPACE_AXES_MAX)
            argp_error(state, "more than %d --over", SPACE_AXES_MAX);
        arguments->over[arguments->overs++] = text;
        return 0;
    case KEY_SEED:
        arguments->seed = cli_number(state, "--seed", text, 0, LONG_MAX);
        return 0;
    case ARGP_KEY_END:
        arguments_keep(kept, options, key, text, state);
        if (arguments->overs == 0)
            argp_error(state, "nothing is to vary; name keys, such as --over "
                              "optimizer.lr=1e-4..1e-2:log");
        return 0;
    default:
        return arguments_keep(kept, options, key, text, state);
    }
}

static const struct argp argp = {
    options,
    parse,
    "CONFIG.yaml --over KEY=VALUES",
    "Search values of a configuration: train variations of it a little, the better ones further, "
    "and the best "
    "to the end; also under mpirun or srun, with the same outcome on any number of ranks. The same "
    "line goes "
    "on where it was stopped.\v"
    "Example: mpirun -n 4 umbel sweep parts.yaml --over optimizer.lr=1e-4..1e-2:log --over "
    "optimizer.weight_decay=0.01,0.05",
    config_arguments_child,
    NULL,
    NULL};

/* No trial has a score. */
static int fail_all(const Sweep *sweep)
{
    const Standing *first = &sweep->standing[0];
    const TrialResult *result = sweep_result(sweep, first);
    if (result->state == TRIAL_DIVERGED) {
        log_warning("no trial has come through: all have diverged");
        return EXIT_HOPELESS;
    }
    Error err = {0};
    error_set(&err, result->kind, "no trial has come through; trial %d: %s", first->trial,
              result->reason);
    return cli_fail(&err);
}

static int finish(const Sweep *sweep, const Arguments *arguments, SweepEnd end, const Error *err,
                  Arena *arena)
{
    if (end == SWEEP_FAILED) return cli_fail(err);
    if (end == SWEEP_STOPPED) {
        log_info("stopped (%s), with checkpoints; the same line goes on",
                 stop_reason() ? stop_reason() : "asked of another rank");
        return EXIT_STOPPED;
    }
    if (comm_rank(sweep->comm) == 0)
        (arguments->json ? sweep_print_json : sweep_print)(sweep, arena);
    return sweep->standing[0].failed ? fail_all(sweep) : EXIT_DONE;
}

static int sweep_body(void *context, Comm *comm, Arena *arena)
{
    const Arguments *arguments = context;
    Error failure = {0}, *err = &failure;
    SweepOptions given = {.config = arguments->from.path,
                          .set = arguments->from.set,
                          .sets = arguments->from.sets,
                          .over = arguments->over,
                          .overs = arguments->overs,
                          .folder = arguments->folder,
                          .metric = arguments->metric,
                          .trials = arguments->trials,
                          .eta = arguments->eta,
                          .min_epochs = arguments->min_epochs,
                          .ranks_per_trial = arguments->ranks_per_trial,
                          .seed = (uint64_t)arguments->seed};
    Sweep sweep;
    stop_install();
    if (!sweep_prepare(&sweep, &given, comm, arena, err)) return cli_fail(err);
    SweepEnd end = sweep_run(&sweep, err);
    return finish(&sweep, arguments, end, err, arena);
}

int cmd_sweep(int argc, char **argv)
{
    Arguments arguments = {
        .trials = 16, .ranks_per_trial = 1, .eta = 3, .min_epochs = 1, .seed = 1};
    cli_parse(&argp, argc, argv, &arguments);
    return run_on_ranks(argc, argv, "sweep", sweep_body, &arguments);
}
