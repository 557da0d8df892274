/* Adding up spans. */
#include "bench/profile.h"

#include <stdlib.h>
#include <string.h>

/* A lane has three spans per op, its input and itself; a step five more on worker 0. One worker may
 * get all the rank's lanes. */
static size_t most_spans(const Rig *rig, const Graph *graph)
{
    size_t lanes = (size_t)(rig->config.batch / rig->config.lane);
    return lanes * (3 * (size_t)graph->op_count + 2) + SPAN_KINDS;
}

void profile_begin(Profile *profile, Rig *rig, Arena *run)
{
    Engine *engine = trainer_engine(rig->trainer);
    const Graph *graph = engine->model.graph;
    *profile = (Profile){.ops = graph->op_count,
                         .workers = pool_workers(engine->pool),
                         .lane = rig->config.lane,
                         .op = arena_new(run, OpTime, graph->op_count)};
    for (int i = 0; i < graph->op_count; i++)
        profile->op[i] = (OpTime){.name = arena_strdup(run, graph->op[i]->name),
                                  .type = graph->op[i]->type->name,
                                  .work = op_work(graph->op[i])};
    profile->spans = arena_new(run, Spans, profile->workers);
    size_t capacity = most_spans(rig, graph);
    for (int w = 0; w < profile->workers; w++)
        profile->spans[w] = (Spans){.list = arena_new(run, Span, capacity), .capacity = capacity};
    trainer_watch(rig->trainer, profile->spans);
}

static void add_span(Profile *profile, const Span *span)
{
    double seconds = span->end - span->begin;
    profile->kind[span->kind] += seconds;
    if (span->kind == SPAN_LANE) profile->images += profile->lane;
    if (span->kind == SPAN_FORWARD) profile->op[span->index].forward += seconds;
    if (span->kind == SPAN_BACKWARD) profile->op[span->index].backward += seconds;
    if (span->kind == SPAN_SUM) profile->op[span->index].sum += seconds;
}

void profile_add_step(Profile *profile)
{
    profile->steps++;
    for (int w = 0; w < profile->workers; w++)
        for (size_t i = 0; i < profile->spans[w].count; i++)
            add_span(profile, &profile->spans[w].list[i]);
}

void profile_end(Profile *profile, Rig *rig)
{
    trainer_watch(rig->trainer, NULL);
    double share = 1.0 / profile->steps;
    profile->images *= share;
    for (int k = 0; k < SPAN_KINDS; k++) profile->kind[k] *= share;
    for (int i = 0; i < profile->ops; i++) {
        OpTime *time = &profile->op[i];
        time->forward *= share, time->backward *= share, time->sum *= share;
    }
}

double op_time_total(const OpTime *time)
{
    return time->forward + time->backward;
}

double op_time_flops(const Profile *profile, const OpTime *time)
{
    double total = op_time_total(time);
    return total > 0 ? work_flops(time->work) * profile->images / total : 0;
}

typedef struct Ranked {
    int index;
    double seconds;
} Ranked;

static int longer_first(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    if (x->seconds != y->seconds) return x->seconds < y->seconds ? 1 : -1;
    return x->index - y->index;
}

int *profile_slowest(const Profile *profile, Arena *run)
{
    int ops = profile->ops;
    Ranked *ranked = arena_new(run, Ranked, ops);
    int *order = arena_new(run, int, ops);
    for (int i = 0; i < ops; i++) ranked[i] = (Ranked){i, op_time_total(&profile->op[i])};
    qsort(ranked, (size_t)ops, sizeof *ranked, longer_first);
    for (int i = 0; i < ops; i++) order[i] = ranked[i].index;
    return order;
}
