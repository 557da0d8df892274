/* umbel plan: what a configuration would do on other numbers of ranks. */
#include "arguments.h"
#include "base/machine.h"
#include "bench/network_parse.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "config_arguments.h"
#include "frame.h"
#include "plan_report.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

enum { LANES_MAX = 4096 }; /* images in a lane, and lanes in a step */
enum {
    KEY_RANKS = 1,
    KEY_NETWORK,
    KEY_COMPUTE,
    KEY_PER_NODE,
    KEY_MEMORY,
    KEY_IMAGES,
    KEY_CLASSES,
    KEY_JSON
};

/* Between two polls of a worker lies about a millisecond (nn/run.h). */
static const double POLL_SECONDS = 0.5e-3;

typedef struct Arguments {
    ConfigArguments from;
    int ranks[PLAN_RANKS_MAX], rank_count;
    const char *network, *classes;
    double compute, memory; /* seconds; bytes per node; 0: to be found out */
    long images;
    int per_node;
    bool json;
} Arguments;

static const struct argp_option options[] = {
    {"ranks", KEY_RANKS, "N,N,...", 0, "Numbers of ranks (default: 1,2,4,8,16,32,64)", 0},
    {"network", KEY_NETWORK, "BANDWIDTH[,LATENCY]", 0,
     "A node's link, such as 100Gbit or 10Gbit,30us (default: 10Gbit,20us)", 0},
    {"ranks-per-node", KEY_PER_NODE, "N", 0, "Ranks that share a node and its link (default: 1)",
     0},
    {"memory", KEY_MEMORY, "GB", 0, "Memory of a node (default: what is available here)", 0},
    {"compute", KEY_COMPUTE, "SECONDS", 0,
     "Of a lane on one worker, forward and backward, instead of measuring three steps here", 0},
    {"images", KEY_IMAGES, "N", 0, "Training images of an epoch (default: those of the pack)", 0},
    {"classes", KEY_CLASSES, "N,N,...", 0,
     "Classes of the heads where the configuration names no pack (default: 22,176,7)", 0},
    {"json", KEY_JSON, NULL, 0, "As JSON", 0},
    {0},
};

static double number_of(const char *text, const char *name, const char *what,
                        struct argp_state *state)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value > 0) || value > 1e15)
        argp_error(state, "--%s: must be %s, more than 0, not \"%s\"", name, what, text);
    return value;
}

static void parse_ranks(Arguments *given, const char *text, struct argp_state *state)
{
    enum { MOST = 1000000 };
    for (const char *at = text; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        char *end;
        long ranks = strtol(at, &end, 10);
        if (end == at || (*end && *end != ',') || ranks < 1 || ranks > MOST ||
            given->rank_count == PLAN_RANKS_MAX)
            argp_error(state,
                       "--ranks: must be at most %d numbers of ranks from 1 to %d, such as 2,8,64, "
                       "not \"%s\"",
                       PLAN_RANKS_MAX, MOST, text);
        given->ranks[given->rank_count++] = (int)ranks;
    }
}

static const Argument kept[] = {
    KEEP_CONFIG(from, "no configuration given"),
    KEEP_TEXT(KEY_NETWORK, network),
    KEEP_TEXT(KEY_CLASSES, classes),
    KEEP_INT(KEY_PER_NODE, per_node, 1, 1024),
    KEEP_FLAG(KEY_JSON, json),
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    Arguments *given = state->input;
    switch (key) {
    case KEY_RANKS:
        given->rank_count = 0;
        parse_ranks(given, text, state);
        return 0;
    case KEY_COMPUTE:
        given->compute = number_of(text, "compute", "the seconds of a lane", state);
        return 0;
    case KEY_MEMORY:
        given->memory = 1e9 * number_of(text, "memory", "the GB of a node", state);
        return 0;
    case KEY_IMAGES:
        given->images = cli_number(state, "--images", text, 1, 1000000000000);
        return 0;
    default:
        return arguments_keep(kept, options, key, text, state);
    }
}

static const struct argp argp = {
    options,
    parse,
    "CONFIG.yaml",
    "Foretell steps, memory and time of a configuration on other numbers of ranks, from three "
    "steps "
    "here and a model of the network; alone, without mpirun.\v"
    "Example: umbel plan parts.yaml --ranks 2,8,64 --network 100Gbit --set workers=32",
    config_arguments_child,
    NULL,
    NULL};

/* --- gathering --- */

static bool read_pack(PlanReport *report, const Arguments *given, RigHeads *heads, Config *config,
                      Arena *arena, Error *err)
{
    report->images = (uint64_t)given->images;
    if (given->classes || !*config->pack)
        return rig_heads_parse(heads, given->classes ? given->classes : "22,176,7", config, arena,
                               err);
    if (!rig_heads_of_pack(heads, config, arena, err)) return false;
    Pack *pack = pack_open(config->pack, err);
    size_t count = 0;
    if (pack) pack_split(pack, SPLIT_TRAIN, &count);
    pack_close(pack);
    if (!report->images) report->images = count;
    return err->kind == ERROR_NONE;
}

static ModelSpec spec_of(const Config *config, const RigHeads *heads, Arena *arena)
{
    ModelSpec spec = plan_model_with(config, heads->spec, arena);
    spec.heads = heads->count;
    return spec;
}

static bool fits(const PlanReport *report, ModelSpec spec, int lane)
{
    Error err = {0};
    Footprint footprint;
    spec.lane = lane;
    return plan_footprint(report->config, &spec, report->model.workers, &footprint, &err) &&
           footprint.rank + footprint.node / (uint64_t)report->model.ranks_per_node +
                   PLAN_BASE_BYTES <=
               report->memory;
}

/* From the configured lane on, since very small ones may be none that batch norm takes: doubles while it
 * fits, then halves the gap. */
static int largest_lane(const PlanReport *report, ModelSpec spec)
{
    int good = 0, bad = report->config->lane;
    while (bad <= LANES_MAX && fits(report, spec, bad)) good = bad, bad *= 2;
    if (bad > LANES_MAX) bad = LANES_MAX + 1;
    while (bad - good > 1) {
        int middle = (good + bad) / 2;
        *(fits(report, spec, middle) ? &good : &bad) = middle;
    }
    return good;
}

/* Lanes take turns on the workers, so memory does not grow with the batch: it ends where lanes or images do. */
static int largest_batch(const PlanReport *report)
{
    int lane = report->config->lane,
        most = LANES_MAX * lane < BATCH_MAX ? LANES_MAX * lane : BATCH_MAX;
    if (report->largest_lane < lane) return 0;
    if (report->images > 0 && report->images < (uint64_t)most) most = (int)report->images;
    return most / lane * lane;
}

static bool find_cost(PlanReport *report, const Arguments *given, const RigHeads *heads,
                      const Graph *graph, Comm *comm, Arena *arena, Error *err)
{
    if (given->compute > 0) {
        lane_cost_assume(&report->cost, given->compute, graph, arena);
        return true;
    }
    bool still = given->classes || !*report->config->pack;
    RigOptions rig = {.comm = comm, .config = report->config, .still = still ? heads : NULL};
    return lane_cost_measure(&report->cost, &rig, graph, arena, err);
}

static bool make_model(PlanReport *report, const Arguments *given, const RigHeads *heads,
                       ModelSpec spec, Comm *comm, Arena *arena, Error *err)
{
    const Config *config = report->config;
    Model model;
    if (!model_build(&model, &spec, arena, err)) return false;
    const Graph *graph = model.graph;
    if (!find_cost(report, given, heads, graph, comm, arena, err)) return false;
    StepModel *step = &report->model;
    ReduceOptions reduce = {.kind = (ReduceKind)config->reduce, .count = graph->params->total};
    step->bucket = lane_cost_buckets(&report->cost, graph, &reduce, arena, &step->buckets);
    step->side_bytes = sizeof(int64_t) * (graph->state->total + 4 * (size_t)heads->count + 4);
    step->lane_seconds = report->cost.lane_seconds;
    step->update_seconds = report->cost.update_seconds;
    step->lanes = config->batch / config->lane;
    step->node_reduce = config->node_reduce && reduce.kind == REDUCE_EXACT;
    step->network.poll = POLL_SECONDS;
    step->network.add_rate = adding_rate();
    return true;
}

static void forecast_rows(PlanReport *report, const Arguments *given)
{
    const Config *config = report->config;
    report->best = -1;
    for (int i = 0; i < given->rank_count; i++) {
        PlanRow *row = &report->row[report->rows++];
        row->forecast = step_forecast(&report->model, given->ranks[i]);
        row->images_per_second = config->batch / row->forecast.step;
        uint64_t steps = report->images / (uint64_t)config->batch;
        row->epoch_seconds = (double)steps * row->forecast.step;
        row->batch_needed = config->lane * step_lanes_for(&report->model, given->ranks[i],
                                                          PLAN_EFFICIENCY, LANES_MAX);
        if (row->forecast.efficiency >= PLAN_EFFICIENCY &&
            (report->best < 0 || row->forecast.ranks > report->row[report->best].forecast.ranks))
            report->best = i;
    }
}

static bool gather(PlanReport *report, const Arguments *given, Config *config, Comm *comm,
                   Arena *arena, Error *err)
{
    RigHeads heads;
    report->program = machine_memory_peak();
    report->config = config;
    report->kind = config->trunk->kinds[config->trunk_kind];
    report->model.workers = config->workers > 0 ? config->workers : pool_cores();
    report->model.ranks_per_node = (int)given->per_node;
    double node = given->memory > 0 ? given->memory : (double)machine_memory();
    report->memory = (uint64_t)(node / (double)given->per_node);
    if (!network_parse(&report->model.network, given->network, err) ||
        !read_pack(report, given, &heads, config, arena, err))
        return false;
    ModelSpec spec = spec_of(config, &heads, arena);
    if (!plan_footprint(config, &spec, report->model.workers, &report->footprint, err) ||
        !make_model(report, given, &heads, spec, comm, arena, err))
        return false;
    report->largest_lane = largest_lane(report, spec);
    report->largest_batch = largest_batch(report);
    forecast_rows(report, given);
    return true;
}

static int plan(void *context, Comm *comm, Arena *arena)
{
    const Arguments *given = context;
    Error err = {0};
    Config config;
    PlanReport report = {0};
    if (comm_size(comm) > 1)
        error_set(
            &err, ERROR_USAGE,
            "umbel plan foretells %d ranks from one; start it without mpirun, with --ranks %d",
            comm_size(comm), comm_size(comm));
    if (!comm_agree(comm, &err)) return cli_fail(&err);
    if (!config_load(&config, arena, given->from.path, given->from.set, given->from.sets, &err) ||
        !gather(&report, given, &config, comm, arena, &err))
        return cli_fail(&err);
    (given->json ? plan_print_json : plan_print)(&report);
    return EXIT_DONE;
}

int cmd_plan(int argc, char **argv)
{
    Arguments given = {.ranks = {1, 2, 4, 8, 16, 32, 64},
                       .rank_count = 7,
                       .network = "10Gbit,20us",
                       .per_node = 1};
    cli_parse(&argp, argc, argv, &given);
    return run_on_ranks(argc, argv, "plan", plan, &given);
}
