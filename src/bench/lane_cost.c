/* The cost of a lane, measured or assumed. */
#include "bench/lane_cost.h"

#include "base/clock.h"
#include "bench/profile.h"
#include "median.h"

#include <stdlib.h>

enum { STEPS = 3 };

static bool has_gradient(const Op *op)
{
    return op->param_count > 0;
}

/* Times of the ops' backward passes, one after the other from the last op on. */
static void add_up(LaneCost *cost, const Graph *graph, double forward, const double *backward)
{
    double now = forward;
    for (int i = graph->op_count - 1; i >= 0; i--) cost->ready[i] = now += backward[i];
}

/* --- measured --- */

static void take_profile(LaneCost *cost, const Profile *profile, const Graph *graph, Arena *run)
{
    double lanes = profile->images / profile->lane;
    double *backward = arena_new(run, double, graph->op_count);
    for (int i = 0; i < graph->op_count; i++)
        backward[i] = (profile->op[i].backward + profile->op[i].sum) / lanes;
    cost->lane_seconds = profile->kind[SPAN_LANE] / lanes;
    cost->update_seconds = profile->kind[SPAN_OPTIMIZER] + profile->kind[SPAN_PREPARE];
    add_up(cost, graph, (profile->kind[SPAN_INPUT] + profile->kind[SPAN_FORWARD]) / lanes,
           backward);
}

static bool time_checkpoint(LaneCost *cost, Rig *rig, Error *err)
{
    double begin = clock_seconds();
    bool ok = trainer_save(rig->trainer, err);
    cost->checkpoint_seconds = clock_seconds() - begin;
    return ok;
}

bool lane_cost_measure(LaneCost *cost, const RigOptions *options, const Graph *graph, Arena *run,
                       Error *err)
{
    *cost = (LaneCost){.ready = arena_new(run, double, graph->op_count), .measured = true};
    Config config = *options->config;
    int cores = pool_cores();
    if (config.workers == 0 || config.workers > cores) config.workers = cores;
    config.batch = config.workers * config.lane;
    RigOptions small = *options;
    small.config = &config;
    Rig rig;
    bool ok = rig_open(&rig, &small, err);
    if (ok) {
        Profile profile;
        rig_step(&rig); /* touches memory for the first time */
        profile_begin(&profile, &rig, run);
        for (int s = 0; s < STEPS; s++) {
            rig_step(&rig);
            profile_add_step(&profile);
        }
        profile_end(&profile, &rig);
        take_profile(cost, &profile, graph, run);
        ok = time_checkpoint(cost, &rig, err);
    }
    rig_close(&rig);
    return ok;
}

/* --- assumed --- */

void lane_cost_assume(LaneCost *cost, double lane_seconds, const Graph *graph, Arena *run)
{
    *cost =
        (LaneCost){.lane_seconds = lane_seconds, .ready = arena_new(run, double, graph->op_count)};
    Work all = graph_work(graph);
    double second = lane_seconds / (double)(all.forward + all.backward);
    double *backward = arena_new(run, double, graph->op_count);
    for (int i = 0; i < graph->op_count; i++)
        backward[i] = second * (double)op_work(graph->op[i]).backward;
    add_up(cost, graph, second * (double)all.forward, backward);
}

/* --- buckets --- */

/* When everything from `begin` on is summed: the op that holds `begin` is the last to come. */
static double ready_from(const LaneCost *cost, const Graph *graph, size_t begin)
{
    for (int i = graph->op_count - 1; i >= 0; i--)
        if (has_gradient(graph->op[i]) && graph->op[i]->param_begin <= begin) return cost->ready[i];
    return cost->lane_seconds;
}

const BucketModel *lane_cost_buckets(const LaneCost *cost, const Graph *graph,
                                     const ReduceOptions *reduce, Arena *run, int *count)
{
    size_t size = reduce_bucket_size(reduce), element = reduce->kind == REDUCE_EXACT ? 8 : 4;
    size_t end = reduce->count;
    BucketModel *bucket = arena_new(run, BucketModel, reduce->count / size + 1);
    for (*count = 0; end > 0; (*count)++) {
        size_t begin = end > size ? end - size : 0;
        bucket[*count] = (BucketModel){.bytes = element * (end - begin),
                                       .ready = ready_from(cost, graph, begin)};
        end = begin;
    }
    return bucket;
}

double adding_rate(void)
{
    enum { COUNT = 1 << 18, ROUNDS = 9 }; /* a bucket */
    int64_t *sum = calloc(COUNT, sizeof *sum), *received = calloc(COUNT, sizeof *received);
    double seconds[ROUNDS];
    if (!sum || !received) die("adding: out of memory");
    for (int r = -1; r < ROUNDS; r++) {
        double begin = clock_seconds();
        for (size_t i = 0; i < COUNT; i++) sum[i] += received[i] + r;
        __asm__ volatile("" : : "r"(sum) : "memory"); /* the sums are wanted */
        if (r >= 0) seconds[r] = clock_seconds() - begin;
    }
    free(sum);
    free(received);
    return sizeof(int64_t) * COUNT / median_of(seconds, ROUNDS);
}
