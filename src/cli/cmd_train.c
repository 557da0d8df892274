/* umbel train */
#include "arguments.h"
#include "base/log.h"
#include "base/stop.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "config_arguments.h"
#include "frame.h"
#include "train/trainer.h"

#include <argp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_STEPS = 1, KEY_RESUME, KEY_KEYS, KEY_PRINT };

typedef struct Arguments {
    ConfigArguments from;
    long steps; /* -1: to the end */
    bool resume, list_keys, print;
} Arguments;

static const struct argp_option options[] = {
    {"steps", KEY_STEPS, "N", 0, "Stop when the run's step number is N", 0},
    {"resume", KEY_RESUME, NULL, 0,
     "Go on from the newest checkpoint of the run folder, if there is one", 0},
    {"print", KEY_PRINT, NULL, 0, "Only print the whole configuration, defaults and --set included",
     0},
    {"keys", KEY_KEYS, NULL, 0, "List every key of a configuration with its default and range", 0},
    {0},
};

static const Argument kept[] = {
    KEEP_CONFIG(from, NULL),
    KEEP_FLAG(KEY_RESUME, resume),
    KEEP_FLAG(KEY_KEYS, list_keys),
    KEEP_FLAG(KEY_PRINT, print),
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    Arguments *arguments = state->input;
    switch (key) {
    case KEY_STEPS:
        arguments->steps = cli_number(state, "--steps", text, 0, LONG_MAX);
        return 0;
    case ARGP_KEY_END:
        if (!arguments->from.path && !arguments->list_keys)
            argp_error(state, "no configuration given");
        return 0;
    default:
        return arguments_keep(kept, options, key, text, state);
    }
}

static const struct argp argp = {
    options,
    parse,
    "CONFIG.yaml",
    "Train a model as CONFIG.yaml describes; also under mpirun or srun.\v"
    "Example: mpirun -n 2 umbel train parts.yaml --set epochs=5",
    config_arguments_child,
    NULL,
    NULL};

static int exit_code(TrainerEnd end, const Error *err)
{
    switch (end) {
    case TRAINER_DONE:
        return EXIT_DONE;
    case TRAINER_STOPPED:
        return EXIT_STOPPED;
    case TRAINER_HOPELESS:
        return EXIT_HOPELESS;
    case TRAINER_FAILED:
        break;
    }
    return cli_fail(err);
}

static int train(void *context, Comm *comm, Arena *arena)
{
    const Arguments *arguments = context;
    Error failure = {0}, *err = &failure;
    Config config;
    config_load(&config, arena, arguments->from.path, arguments->from.set, arguments->from.sets,
                err);
    if (!comm_agree(comm, err)) return cli_fail(err);
    stop_install();
    TrainerOptions trainer_options = {
        .comm = comm, .config = &config, .resume = arguments->resume, .title = "training"};
    Trainer *trainer = trainer_open(&trainer_options, err);
    if (!trainer) return cli_fail(err);
    TrainerEnd end = trainer_run(trainer, arguments->steps, err);
    trainer_close(trainer);
    return exit_code(end, err);
}

/* Without MPI, so that a script can ask before it starts the ranks. */
static int print_config(const Arguments *arguments)
{
    Arena *arena = arena_create("configuration");
    Error err = {0};
    Config config;
    bool ok = config_load(&config, arena, arguments->from.path, arguments->from.set,
                          arguments->from.sets, &err);
    if (ok) fputs(config_print(&config, arena), stdout);
    arena_destroy(arena);
    return ok ? EXIT_DONE : cli_fail(&err);
}

int cmd_train(int argc, char **argv)
{
    Arguments arguments = {.steps = -1};
    cli_parse(&argp, argc, argv, &arguments);
    if (arguments.list_keys) {
        config_help(stdout);
        return EXIT_DONE;
    }
    if (arguments.print) return print_config(&arguments);
    return run_on_ranks(argc, argv, "configuration", train, &arguments);
}
