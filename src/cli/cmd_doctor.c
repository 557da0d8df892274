/* umbel doctor: whether machine, launch and configuration will work and be fast. */
#include "arguments.h"
#include "base/machine.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "config_arguments.h"
#include "doctor/doctor.h"
#include "doctor/layout.h"
#include "doctor_report.h"

#include <argp.h>
#include <stdio.h>

enum { KEY_JSON = 1, KEY_LAYOUT };

typedef struct Arguments {
    ConfigArguments from;
    bool json, layout;
} Arguments;

static const struct argp_option options[] = {
    {"json", KEY_JSON, NULL, 0, "As JSON", 0},
    {"layout", KEY_LAYOUT, NULL, 0,
     "Only print how to spread a job over this machine: ranks=R workers=W bind=POLICY", 0},
    {0},
};

static const Argument kept[] = {
    KEEP_CONFIG(from, NULL),
    KEEP_FLAG(KEY_JSON, json),
    KEEP_FLAG(KEY_LAYOUT, layout),
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    Arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_END:
        if (arguments->from.sets && !arguments->from.path)
            argp_error(state, "--set: no configuration given");
        return 0;
    default:
        return arguments_keep(kept, options, key, text, state);
    }
}

static const struct argp argp = {
    options,
    parse,
    "[CONFIG.yaml]",
    "Check over all ranks that this machine, this launch and this configuration will work and be "
    "fast. Start it as training will be started: alone, under mpirun or under srun.\v"
    "Example: mpirun -n 2 umbel doctor parts.yaml",
    config_arguments_child,
    NULL,
    NULL};

/* Without MPI, so that a script can ask before it starts mpirun. */
static int print_layout(void)
{
    Machine machine;
    Error err = {0};
    if (!machine_examine(&machine)) {
        error_set(&err, ERROR_SYSTEM, "cannot find this machine's cores (hwloc); try lstopo");
        return cli_fail(&err);
    }
    Layout layout = layout_suggest(&machine);
    printf("ranks=%d workers=%d bind=%s\n", layout.ranks, layout.workers, layout.bind);
    return EXIT_DONE;
}

static bool load_config(const Arguments *arguments, Config *config, Comm *comm, Arena *arena,
                        Error *err)
{
    if (arguments->from.path)
        config_load(config, arena, arguments->from.path, arguments->from.set, arguments->from.sets,
                    err);
    return comm_agree(comm, err);
}

static int examine(const Arguments *arguments, Launcher launcher, Comm *comm, Arena *arena)
{
    Config config;
    Error err = {0};
    Survey survey;
    Findings findings;
    if (!load_config(arguments, &config, comm, arena, &err)) return cli_fail(&err);
    DoctorOptions doctor = {
        .comm = comm, .config = arguments->from.path ? &config : NULL, .launcher = launcher};
    doctor_examine(&doctor, &survey, &findings, arena);
    if (comm_rank(comm) == 0)
        (arguments->json ? doctor_print_json : doctor_print)(&survey, &findings);
    comm_broadcast(comm, &findings.problems, sizeof findings.problems, 0);
    return findings.problems ? EXIT_SYSTEM : EXIT_DONE;
}

int cmd_doctor(int argc, char **argv)
{
    Arguments arguments = {0};
    cli_parse(&argp, argc, argv, &arguments);
    if (arguments.layout) return print_layout();
    Launcher launcher = doctor_launcher();
    Comm *comm = comm_open(&argc, &argv);
    Arena *arena = arena_create("doctor");
    int code = examine(&arguments, launcher, comm, arena);
    arena_destroy(arena);
    comm_close(comm);
    return code;
}
