/*
 * One training step. The lanes of the global batch are dealt to ranks and workers; each adds its
 * gradient, already divided by global counts, to the exact sum; then every rank makes the same
 * update.
 */
#include "trainer.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/pulse.h"
#include "base/stop.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Share of a step's statistic in the running one (PyTorch's default). */
static const double NORM_MOMENTUM = 0.1;

size_t side_of_head(int head, int what)
{
    return SIDE_FIXED + (size_t)(head * SIDE_PER_HEAD + what);
}

static size_t side_of_state(const Trainer *trainer)
{
    return side_of_head(trainer->config->head_count, 0) +
           interference_pairs(trainer->engine.model.taps);
}

/* --- lanes --- */

static void on_poll(void *context)
{
    LaneContext *lane = context;
    reduce_poll(lane->trainer->reduce);
}

static void on_grad_ready(void *context, size_t offset, const float *gradient, size_t count)
{
    LaneContext *lane = context;
    if (reduce_add(lane->trainer->reduce, lane->worker, offset, gradient, count) ||
        lane->overflowed)
        return;
    lane->overflowed = true;
    lane->overflow_offset = offset;
}

static void on_statistic(void *context, const Param *state, const float *lane_value)
{
    LaneContext *lane = context;
    Trainer *trainer = lane->trainer;
    double share = (double)trainer->config->lane / (double)trainer->config->batch;
    for (size_t i = 0; i < state->count; i++)
        reduce_add_side(trainer->reduce, side_of_state(trainer) + state->offset + i,
                        (double)lane_value[i] * share);
}

/* The sum of a lane's distances, for the log: a wild one must not look like an overflow of the gradient. */
static double bounded(double error)
{
    static const double MOST = 0x1p17;
    return error < MOST ? error : MOST;
}

static void add_scores(Trainer *trainer, LaneContext *lane, const LaneWorker *worker, int bad)
{
    const Run *run = &worker->run;
    for (int h = 0; h < trainer->config->head_count; h++) {
        int scored = 0;
        for (int n = 0; n < run->images; n++)
            scored += worker->target[h][n * run->head[h].parts].weight != 0;
        if (!reduce_add_side(trainer->reduce, side_of_head(h, SIDE_LOSS),
                             run->head[h].loss * trainer->head_share[h]))
            lane->overflowed = true;
        reduce_add_side(trainer->reduce, side_of_head(h, SIDE_ERROR), bounded(run->head[h].error));
        reduce_count_side(trainer->reduce, side_of_head(h, SIDE_CORRECT), run->head[h].correct);
        reduce_count_side(trainer->reduce, side_of_head(h, SIDE_SCORED), scored);
    }
    if (bad) reduce_count_side(trainer->reduce, SIDE_BAD, bad);
}

/* The parameter whose gradient lies at `offset`. */
static const char *parameter_at(const Trainer *trainer, size_t offset)
{
    const ParamStore *params = trainer->engine.model.graph->params;
    for (int i = 0; i < params->count; i++)
        if (offset < params->list[i]->offset + params->list[i]->count) return params->list[i]->name;
    return "the loss";
}

/* Which images did it: one of them may be the reason. */
static void tell_overflow(const Trainer *trainer, const LaneContext *context, int lane)
{
    const LaneWorker *worker = &trainer->engine.worker[context->worker];
    char records[256] = "";
    for (int i = 0; i < worker->run.images; i++) {
        size_t used = strlen(records);
        snprintf(records + used, sizeof records - used, " %u", worker->record[i]);
    }
    log_rank("step %" PRIu64 ": lane %d: the gradient of %s is not finite or too large; its images "
             "are records%s",
             trainer->step, lane, parameter_at(trainer, context->overflow_offset), records);
}

static void compute_lane(Trainer *trainer, int index, int lane)
{
    LaneWorker *worker = &trainer->engine.worker[index];
    Run *run = &worker->run;
    LaneContext *context = &trainer->lane[index];
    context->overflowed = false;
    context->overflow_offset = SIZE_MAX;
    double arrival = clock_seconds();
    int bad = trainer_load_lane(trainer, worker, lane);
    double begin = clock_seconds();
    if (run->spans) spans_add(run->spans, SPAN_INPUT, lane, arrival);
    balance_prepare_lane(trainer, run);
    run->step = trainer->step;
    run->context = context;
    run->poll = index == 0 ? on_poll : NULL; /* only the main thread may call MPI */
    run->grad_ready = on_grad_ready;
    run->statistic = on_statistic;
    graph_forward(run);
    add_scores(trainer, context, worker, bad);
    graph_backward(run);
    balance_add_lane(trainer, run);
    if (context->overflowed) tell_overflow(trainer, context, lane);
    worker->compute_seconds += clock_seconds() - begin;
    if (run->spans) spans_add(run->spans, SPAN_LANE, lane, arrival);
}

/* Exact sums do not care who computes a lane; the float sum needs a fixed deal. */
static void compute_lanes(void *context, int index)
{
    Trainer *trainer = context;
    if (trainer->config->reduce == REDUCE_FLOAT) {
        int workers = pool_workers(trainer->engine.pool);
        for (int lane = trainer->first_lane + index; lane < trainer->last_lane; lane += workers)
            compute_lane(trainer, index, lane);
        return;
    }
    int lane;
    while ((lane = atomic_fetch_add(&trainer->next_lane, 1)) < trainer->last_lane)
        compute_lane(trainer, index, lane);
}

static void deal_lanes(Trainer *trainer, int lanes)
{
    int rank = comm_rank(trainer->comm), size = comm_size(trainer->comm);
    trainer->first_lane = (int)((int64_t)lanes * rank / size);
    trainer->last_lane = (int)((int64_t)lanes * (rank + 1) / size);
    atomic_store(&trainer->next_lane, trainer->first_lane);
}

/* --- the learning rate: computed on rank 0, summed with zeros --- */

static void announce_lr(Trainer *trainer)
{
    if (comm_rank(trainer->comm) != 0) return;
    const Config *config = trainer->config;
    const OptimizerCommon *common = config->optimizer_options;
    double lr = schedule_lr(config->schedule, config->schedule_options, common->lr, trainer->step,
                            trainer->steps_per_epoch, config->epochs);
    lr *= trainer->watch.schedule.scale;
    int64_t bits;
    memcpy(&bits, &lr, sizeof bits);
    reduce_count_side(trainer->reduce, SIDE_LR, bits);
}

static double announced_lr(const Trainer *trainer)
{
    int64_t bits = reduce_side_count(trainer->reduce, SIDE_LR);
    double lr;
    memcpy(&lr, &bits, sizeof lr);
    return lr;
}

/* --- the update --- */

static void read_gradient(void *context, size_t offset, float *gradient, size_t count)
{
    reduce_read(context, offset, gradient, count);
}

static void update_statistics(Trainer *trainer)
{
    ParamStore *state = trainer->engine.model.graph->state;
    for (int i = 0; i < state->count; i++) {
        if (state->list[i]->frozen) continue;
        for (size_t j = state->list[i]->offset; j < state->list[i]->offset + state->list[i]->count;
             j++)
            state->value[j] =
                (float)((1 - NORM_MOMENTUM) * (double)state->value[j] +
                        NORM_MOMENTUM * reduce_side(trainer->reduce, side_of_state(trainer) + j));
    }
}

/* What the main thread did since `begin`, for whoever watches. */
static void note(const Trainer *trainer, SpanKind kind, double begin)
{
    if (trainer->spans) spans_add(trainer->spans, kind, -1, begin);
}

/* Returns the gradient's norm. */
static double update(Trainer *trainer, double lr)
{
    double begin = clock_seconds();
    Clip clip = {.adaptive = trainer->config->clip_adaptive, .norm = trainer->config->clip_norm};
    double norm = optimizer_step(trainer->optimizer, trainer->engine.pool, lr, clip, read_gradient,
                                 trainer->reduce);
    update_statistics(trainer);
    balance_observe(trainer);
    if (trainer->ema) ema_update(trainer->ema, trainer->engine.pool, trainer->optimizer->updates);
    note(trainer, SPAN_OPTIMIZER, begin);
    begin = clock_seconds();
    engine_prepare(&trainer->engine);
    note(trainer, SPAN_PREPARE, begin);
    return norm;
}

/* What the sums say beside the gradient. */
static void take_status(Trainer *trainer, bool ok)
{
    trainer->stop = reduce_side_count(trainer->reduce, SIDE_STOP) > 0;
    trainer->bad += (uint64_t)reduce_side_count(trainer->reduce, SIDE_BAD);
    trainer->skipped_in_row = ok ? 0 : trainer->skipped_in_row + 1;
    trainer->updates_skipped += !ok;
}

void trainer_step(Trainer *trainer)
{
    double begin = clock_seconds();
    for (int w = 0; trainer->spans && w < pool_workers(trainer->engine.pool); w++)
        spans_clear(&trainer->spans[w]);
    pulse_step(trainer->step);
    pulse_phase("computing");
    if (trainer->step % trainer->steps_per_epoch == 0) trainer->bad = 0;
    int lanes = trainer->config->batch / trainer->config->lane;
    trainer_find_batch(trainer);
    board_add_beginning(trainer);
    deal_lanes(trainer, lanes);
    reduce_begin(trainer->reduce, lanes, trainer->last_lane - trainer->first_lane);
    announce_lr(trainer);
    pool_run(trainer->engine.pool, compute_lanes, trainer);
    pulse_phase("summing gradients");
    if (comm_rank(trainer->comm) == 0) watch_time(trainer);
    reduce_count_side(trainer->reduce, SIDE_STOP, stop_requested());
    double waiting = clock_seconds();
    bool ok = reduce_finish(trainer->reduce);
    note(trainer, SPAN_WAIT, waiting);
    double lr = announced_lr(trainer), norm = 0;
    pulse_phase("updating");
    take_status(trainer, ok);
    if (ok)
        norm = update(trainer, lr);
    else
        log_warning("step %" PRIu64
                    ": a gradient was not finite or too large; the step is skipped on all ranks",
                    trainer->step);
    trainer->step++;
    note(trainer, SPAN_STEP, begin);
    double seconds = clock_seconds() - begin;
    trainer->step_seconds =
        seconds > 0.9 * trainer->step_seconds ? seconds : 0.9 * trainer->step_seconds;
    interval_add_step(trainer, norm);
    interval_log(trainer, lr);
}
