/* umbel train */
#include "base/log.h"
#include "base/stop.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "train/trainer.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

enum { SETS_MAX = 256 };
enum { KEY_SET = 1, KEY_STEPS, KEY_RESUME, KEY_KEYS, KEY_PRINT };

typedef struct Arguments {
    const char *config;
    const char *set[SETS_MAX];
    int sets;
    long steps; /* -1: to the end */
    bool resume, list_keys, print;
} Arguments;

static const struct argp_option options[] = {
    {"set", KEY_SET, "KEY=VALUE", 0, "Override a key of the configuration; may be repeated", 0},
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
    case KEY_SET:
        if (arguments->sets == SETS_MAX) argp_error(state, "more than %d --set", SETS_MAX);
        arguments->set[arguments->sets++] = text;
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
    case ARGP_KEY_ARG:
        if (arguments->config) argp_error(state, "%s: a second configuration", text);
        arguments->config = text;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->config && !arguments->list_keys)
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
    NULL,
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
    config_load(&config, arena, arguments->config, arguments->set, arguments->sets, err);
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
    bool ok = config_load(&config, arena, arguments->config, arguments->set, arguments->sets, &err);
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
