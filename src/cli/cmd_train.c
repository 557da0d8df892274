/* umbel train */
#include "base/log.h"
#include "base/stop.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "config_arguments.h"
#include "train/trainer.h"

#include <argp.h>
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

static error_t parse(int key, char *text, struct argp_state *state)
{
    Arguments *arguments = state->input;
    char *end;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->from;
        return 0;
    case KEY_STEPS:
        arguments->steps = strtol(text, &end, 10);
        if (end == text || *end || arguments->steps < 0)
            argp_error(state, "--steps: must be a number of steps, 0 or more, not \"%s\"", text);
        return 0;
    case KEY_RESUME:
        arguments->resume = true;
        return 0;
    case KEY_KEYS:
        arguments->list_keys = true;
        return 0;
    case KEY_PRINT:
        arguments->print = true;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->from.path && !arguments->list_keys)
            argp_error(state, "no configuration given");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
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

static int train(const Arguments *arguments, Comm *comm, Arena *arena)
{
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
    Comm *comm = comm_open(&argc, &argv);
    Arena *arena = arena_create("configuration");
    int code = train(&arguments, comm, arena);
    arena_destroy(arena);
    comm_close(comm);
    return code;
}
