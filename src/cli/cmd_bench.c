/* umbel bench: how fast training is here, and where its time goes. */
#include "arguments.h"
#include "bench_kernels.h"
#include "bench_report.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "config_arguments.h"
#include "frame.h"

#include <argp.h>
#include <stdlib.h>

enum { PICTURES_MAX = 64, STEPS_MAX = 100000 };
enum {
    KEY_TRUNK = 1,
    KEY_CLASSES,
    KEY_STEPS,
    KEY_SYNTHETIC,
    KEY_PROFILE,
    KEY_TRACE,
    KEY_JSON,
    KEY_KERNELS,
    KEY_ONLY,
    KEY_ONCE,
    KEY_PICTURE
};

typedef struct Arguments {
    ConfigArguments from;
    const char *trunk; /* in place of a configuration */
    const char *classes, *trace;
    int steps;
    bool synthetic, profile, json;
    bool kernels, once;
    const char *only;
    const char *picture[PICTURES_MAX];
    int pictures;
} Arguments;

static const struct argp_option options[] = {
    {"trunk", KEY_TRUNK, "KIND", 0,
     "Instead of a configuration: this trunk, all else by default, such as resnet50", 0},
    {"classes", KEY_CLASSES, "N,N,...", 0,
     "Classes of the heads on still pictures (default: those of the pack, else 22,176,7)", 0},
    {"steps", KEY_STEPS, "N", 0, "Steps that are measured (default: 10)", 0},
    {"synthetic", KEY_SYNTHETIC, NULL, 0, "Only on still pictures, not on the configured pack", 0},
    {"profile", KEY_PROFILE, NULL, 0, "Time of each op, and of what lies between the ops", 0},
    {"trace", KEY_TRACE, "FILE", 0,
     "A step of rank 0 as JSON for chrome://tracing or Perfetto: a line of time per worker", 0},
    {"json", KEY_JSON, NULL, 0, "As JSON", 0},
    {"kernels", KEY_KERNELS, NULL, 0, "No training: single kernels on one thread", 0},
    {"only", KEY_ONLY, "TEXT", 0, "With --kernels: those whose names contain TEXT", 0},
    {"once", KEY_ONCE, NULL, 0, "With --kernels: one call each, for tools that count instructions",
     0},
    {"picture", KEY_PICTURE, "FILE", 0,
     "No training: decoding, random crop and flip of a picture on one thread; may be repeated", 0},
    {0},
};

static void check(const Arguments *given, struct argp_state *state)
{
    bool parts = given->kernels || given->pictures;
    if (given->from.path && given->trunk)
        argp_error(state, "--trunk takes the place of the configuration %s; give one of them",
                   given->from.path);
    if (!given->from.path && !given->trunk && !parts)
        argp_error(state, "no configuration given, and none of --trunk, --kernels, --picture");
}

static const Argument kept[] = {
    KEEP_CONFIG(from, NULL),
    KEEP_TEXT(KEY_TRUNK, trunk),
    KEEP_TEXT(KEY_CLASSES, classes),
    KEEP_INT(KEY_STEPS, steps, 1, STEPS_MAX),
    KEEP_FLAG(KEY_SYNTHETIC, synthetic),
    KEEP_FLAG(KEY_PROFILE, profile),
    KEEP_TEXT(KEY_TRACE, trace),
    KEEP_FLAG(KEY_JSON, json),
    KEEP_FLAG(KEY_KERNELS, kernels),
    KEEP_TEXT(KEY_ONLY, only),
    KEEP_FLAG(KEY_ONCE, once),
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    Arguments *given = state->input;
    switch (key) {
    case KEY_PICTURE:
        if (given->pictures == PICTURES_MAX)
            argp_error(state, "more than %d --picture", PICTURES_MAX);
        given->picture[given->pictures++] = text;
        return 0;
    case ARGP_KEY_END:
        check(given, state);
        return 0;
    default:
        return arguments_keep(kept, options, key, text, state);
    }
}

static const struct argp argp = {
    options,
    parse,
    "CONFIG.yaml",
    "Measure whole training steps of a configuration, first on still pictures without any input, "
    "then "
    "on its pack; also under mpirun or srun. Nothing is kept.\v"
    "Examples:\n"
    "  mpirun -n 2 umbel bench parts.yaml --profile\n"
    "  umbel bench --trunk resnet50 --set batch=16 --set lane=8 --trace step.json\n"
    "  umbel bench --kernels --only gemm",
    config_arguments_child,
    NULL,
    NULL};

static bool load_config(const Arguments *given, Config *config, Arena *arena, Error *err)
{
    return given->trunk ? config_for_kind(config, arena, given->trunk, given->from.set,
                                          given->from.sets, err)
                        : config_load(config, arena, given->from.path, given->from.set,
                                      given->from.sets, err);
}

/* Heads for still pictures: as asked for, or as the pack has them, or three. */
static bool choose_heads(const Arguments *given, const Config *config, bool has_pack,
                         RigHeads *heads, Arena *arena, Error *err)
{
    if (given->classes || !has_pack)
        return rig_heads_parse(heads, given->classes ? given->classes : "22,176,7", config, arena,
                               err);
    return rig_heads_of_pack(heads, config, arena, err);
}

/* Measures on one kind of pictures; the report gets its pace. */
static bool measure(const Arguments *given, const RigOptions *kind, Profile *profile,
                    BenchReport *report, Arena *arena, Error *err)
{
    Rig rig;
    if (rig_open(&rig, kind, err)) {
        Engine *engine = trainer_engine(rig.trainer);
        report->workers = pool_workers(engine->pool);
        report->work = graph_work(engine->model.graph);
        report->sgemm = sgemm_rate_faster(report->sgemm, sgemm_rate(rig.comm, engine->pool));
        Pace pace = pace_measure(&rig, given->steps, profile, arena);
        report->sgemm = sgemm_rate_faster(report->sgemm, sgemm_rate(rig.comm, engine->pool));
        *(kind->still ? &report->still : &report->pack) = pace;
        if (given->trace && comm_rank(rig.comm) == 0)
            profile_write_trace(profile, given->trace, err);
    }
    bool ok = comm_agree(kind->comm, err);
    rig_close(&rig);
    return ok;
}

static int bench(void *context, Comm *comm, Arena *arena)
{
    const Arguments *given = context;
    Error failure = {0}, *err = &failure;
    Config config;
    RigHeads heads;
    Profile profile, *watched = given->profile || given->trace ? &profile : NULL;
    BenchReport report = {.config = &config, .heads = &heads, .ranks = comm_size(comm)};
    if (load_config(given, &config, arena, err)) {
        report.kind = config.trunk->kinds[config.trunk_kind];
        report.has_pack = *config.pack && !given->synthetic;
        choose_heads(given, &config, report.has_pack, &heads, arena, err);
    }
    if (!comm_agree(comm, err)) return cli_fail(err);
    RigOptions kind = {.comm = comm, .config = &config, .still = &heads};
    if (!measure(given, &kind, watched, &report, arena, err)) return cli_fail(err);
    kind.still = NULL;
    if (report.has_pack && !measure(given, &kind, watched, &report, arena, err))
        return cli_fail(err);
    if (given->profile) report.profile = &profile;
    if (comm_rank(comm) == 0) (given->json ? bench_print_json : bench_print)(&report);
    return EXIT_DONE;
}

int cmd_bench(int argc, char **argv)
{
    Arguments given = {.steps = 10, .only = ""};
    cli_parse(&argp, argc, argv, &given);
    if (given.kernels) return bench_kernels(given.only, given.once, given.json);
    if (given.pictures) return bench_pictures(given.picture, given.pictures, given.json);
    return run_on_ranks(argc, argv, "bench", bench, &given);
}
