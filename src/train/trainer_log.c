/* What the trainer tells: a line and a record per interval and per validation. */
#include "balancer_given.h"
#include "trainer.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double total_load_seconds(const Trainer *trainer)
{
    double sum = 0;
    for (int w = 0; w < pool_workers(trainer->engine.pool); w++)
        sum += trainer->engine.worker[w].load_seconds;
    return sum;
}

void interval_start(Trainer *trainer)
{
    Interval *interval = &trainer->interval;
    size_t heads = (size_t)trainer->config->head_count;
    memset(interval->loss, 0, sizeof(double) * heads);
    memset(interval->error, 0, sizeof(double) * heads);
    memset(interval->correct, 0, sizeof(int64_t) * heads);
    memset(interval->scored, 0, sizeof(int64_t) * heads);
    interval->steps = interval->images = interval->bad = 0;
    interval->started = clock_seconds();
    interval->load_seconds = total_load_seconds(trainer);
    interval->wait_seconds = reduce_wait_seconds(trainer->reduce);
}

void interval_add_step(Trainer *trainer, double grad_norm)
{
    Interval *interval = &trainer->interval;
    interval->steps++;
    interval->images += (uint64_t)trainer->config->batch;
    interval->bad += (uint64_t)reduce_side_count(trainer->reduce, SIDE_BAD);
    interval->grad_norm = grad_norm;
    for (int h = 0; h < trainer->config->head_count; h++) {
        interval->loss[h] += reduce_side(trainer->reduce, side_of_head(h, SIDE_LOSS));
        interval->error[h] += reduce_side(trainer->reduce, side_of_head(h, SIDE_ERROR));
        interval->correct[h] += reduce_side_count(trainer->reduce, side_of_head(h, SIDE_CORRECT));
        interval->scored[h] += reduce_side_count(trainer->reduce, side_of_head(h, SIDE_SCORED));
    }
}

/* Means of the interval, computed once for line and record. */
typedef struct Summary {
    double loss; /* weighted sum over heads */
    double seconds, images_per_second;
    double data, communication; /* shares of this rank's time */
    double epoch;
} Summary;

static double head_loss(const Interval *interval, int head)
{
    return interval->loss[head] / (double)interval->steps;
}

/* What training itself shows of a head: on the fly, with augmentation and a network that changes. */
static HeadResult head_result(const Trainer *trainer, int head)
{
    const Interval *interval = &trainer->interval;
    const ModelHead *of = &trainer->engine.model.head[head];
    HeadResult result = {.measure = of->type->measure,
                         .labelled = interval->scored[head],
                         .correct = interval->correct[head],
                         .loss = head_loss(interval, head)};
    if (result.labelled == 0) return result;
    result.top1 = (double)result.correct / (double)result.labelled;
    result.error = interval->error[head] / (double)result.labelled;
    if (result.measure == MEASURE_VALUE) result.error *= of->facts.deviation;
    return result;
}

static bool has_error(const HeadResult *result)
{
    return result->measure != MEASURE_CLASS && result->measure != MEASURE_SET;
}

static Summary summarize(const Trainer *trainer)
{
    const Interval *interval = &trainer->interval;
    Summary summary = {.seconds = clock_seconds() - interval->started,
                       .epoch = (double)trainer->step / (double)trainer->steps_per_epoch};
    for (int h = 0; h < trainer->config->head_count; h++)
        summary.loss += trainer->balancer.factor[h] * head_loss(interval, h);
    double workers = pool_workers(trainer->engine.pool);
    summary.images_per_second = (double)interval->images / summary.seconds;
    summary.data =
        (total_load_seconds(trainer) - interval->load_seconds) / workers / summary.seconds;
    summary.communication =
        (reduce_wait_seconds(trainer->reduce) - interval->wait_seconds) / summary.seconds;
    return summary;
}

static void write_record(Trainer *trainer, Json *json)
{
    Error err = {0};
    char *text = json_print(json, false);
    if (!run_folder_append(&trainer->folder, text, &err))
        log_warning("%s; training goes on without the record of step %" PRIu64, err.text,
                    trainer->step);
    free(text);
    board_add_record(trainer, json_whole(json));
    json_destroy(json);
}

static void record_interval(Trainer *trainer, const Summary *summary, double lr)
{
    const Interval *interval = &trainer->interval;
    Json *json = json_create();
    json_add_text(json, "kind", "train");
    json_add_integer(json, "step", (int64_t)trainer->step);
    json_add_real(json, "epoch", summary->epoch);
    json_add_real(json, "lr", lr);
    json_add_real(json, "loss", summary->loss);
    if (trainer->config->clip_norm > 0) json_add_real(json, "grad_norm", interval->grad_norm);
    json_add_real(json, "images_per_second", summary->images_per_second);
    json_add_integer(json, "bad", (int64_t)interval->bad);
    json_add_integer(json, "skipped", (int64_t)trainer->updates_skipped);
    json_begin(json, "time");
    json_add_real(json, "data", summary->data);
    json_add_real(json, "compute", 1 - summary->data - summary->communication);
    json_add_real(json, "communication", summary->communication);
    json_end(json);
    json_begin(json, "heads");
    for (int h = 0; h < trainer->config->head_count; h++) {
        HeadResult result = head_result(trainer, h);
        const char *right = result.measure == MEASURE_SET ? "exact" : "top1";
        json_begin(json, trainer->config->heads[h].name);
        json_add_real(json, "loss", result.loss);
        if (result.measure < MEASURE_VALUE) json_add_real(json, right, result.top1);
        if (has_error(&result)) json_add_real(json, "mae", result.error);
        if (trainer->balancer.type->weigh != balancer_weigh_as_given)
            json_add_real(json, "weight", trainer->balancer.factor[h]);
        if (trainer->head_norm[h] > 0)
            json_add_real(json, "feature_grad",
                          trainer->balancer.factor[h] * trainer->head_norm[h]);
        json_end(json);
    }
    json_end(json);
    write_record(trainer, json);
}

/* "  type 1.234 56.7%", at most `bytes` with what is there. */
static void print_head(char *text, size_t bytes, const char *name, const HeadResult *result)
{
    char score[32];
    size_t used = strlen(text);
    head_print_score(result, score, sizeof score);
    snprintf(text + used, bytes - used, "  %s %.4f %s", name, result->loss, score);
}

static void print_heads(const Trainer *trainer, char *text, size_t bytes)
{
    text[0] = 0;
    for (int h = 0; h < trainer->config->head_count; h++) {
        HeadResult result = head_result(trainer, h);
        if (result.measure == MEASURE_SET) result.micro_f1 = result.top1; /* all that is counted */
        print_head(text, bytes, trainer->config->heads[h].name, &result);
    }
}

void interval_log(Trainer *trainer, double lr)
{
    uint64_t last = trainer->steps_per_epoch * (uint64_t)trainer->config->epochs;
    if (trainer->step % (uint64_t)trainer->config->log_every != 0 && trainer->step != last) return;
    if (comm_rank(trainer->comm) == 0) {
        Summary summary = summarize(trainer);
        char heads[1024];
        print_heads(trainer, heads, sizeof heads);
        if (trainer->has_progress) {
            progress_suffix(&trainer->progress, "loss %.4f", summary.loss);
            progress_hide(&trainer->progress);
        }
        log_info("epoch %.2f  step %" PRIu64 "/%" PRIu64
                 "  %.1f images/s  lr %.3g%s  data %.0f%% compute %.0f%% comm %.0f%%",
                 summary.epoch, trainer->step, last, summary.images_per_second, lr, heads,
                 100 * summary.data, 100 * (1 - summary.data - summary.communication),
                 100 * summary.communication);
        record_interval(trainer, &summary, lr);
    }
    interval_start(trainer);
}

/* --- interference: once an epoch --- */

/* Heads whose gradients point so far apart are told of. Between -0.1 and 0 there is hardly a pair that never is. */
static const double CONFLICT = -0.1;

static const char *tap_name(const Trainer *trainer, int tap)
{
    return trainer->config->heads[trainer->engine.model.tapped[tap]].name;
}

/* The one that pulls harder hurts the other more. */
static void tell_conflict(const Trainer *trainer, int i, int j)
{
    const Interference *interference = &trainer->interference;
    bool swap = interference_norm(interference, j) > interference_norm(interference, i);
    int strong = swap ? j : i, weak = swap ? i : j;
    log_info("epoch %" PRIu64 "  head %s hurts %s: mean cosine %.2f of their gradients on the "
             "features, norms %.3g and %.3g",
             trainer->step / trainer->steps_per_epoch, tap_name(trainer, strong),
             tap_name(trainer, weak), interference_cosine(interference, i, j),
             interference_norm(interference, strong), interference_norm(interference, weak));
}

static void record_interference(Trainer *trainer)
{
    const Interference *interference = &trainer->interference;
    Json *json = json_create();
    json_add_text(json, "kind", "epoch");
    json_add_integer(json, "step", (int64_t)trainer->step);
    json_add_integer(json, "epoch", (int64_t)(trainer->step / trainer->steps_per_epoch));
    json_begin(json, "interference");
    json_begin_array(json, "heads");
    for (int i = 0; i < interference->taps; i++) json_add_text(json, NULL, tap_name(trainer, i));
    json_end(json);
    json_begin_array(json, "norms");
    for (int i = 0; i < interference->taps; i++)
        json_add_real(json, NULL, interference_norm(interference, i));
    json_end(json);
    json_begin_array(json, "cosines");
    for (int i = 0; i < interference->taps; i++) {
        json_begin_array(json, NULL);
        for (int j = 0; j < interference->taps; j++)
            json_add_real(json, NULL, interference_cosine(interference, i, j));
        json_end(json);
    }
    json_end(json);
    json_end(json);
    write_record(trainer, json);
}

void log_interference(Trainer *trainer)
{
    if (comm_rank(trainer->comm) != 0) return;
    const Interference *interference = &trainer->interference;
    if (trainer->has_progress) progress_hide(&trainer->progress);
    for (int i = 0; i < interference->taps; i++)
        for (int j = 0; j < i; j++)
            if (interference_cosine(interference, i, j) < CONFLICT) tell_conflict(trainer, i, j);
    record_interference(trainer);
}

void log_validation(Trainer *trainer, const Score *score)
{
    if (comm_rank(trainer->comm) != 0) return;
    uint64_t epoch = trainer->step / trainer->steps_per_epoch;
    char text[1024] = "";
    for (int h = 0; h < score->heads; h++) {
        HeadResult result = score_head(score, h);
        print_head(text, sizeof text, score->head[h].name, &result);
    }
    JointResult joint = score_joint(score);
    char together[32] = "";
    if (joint.labelled) snprintf(together, sizeof together, "  joint %.1f%%", 100 * joint.accuracy);
    log_info("epoch %" PRIu64 "  validation%s%s", epoch, text, together);
    Json *json = json_create();
    json_add_text(json, "kind", "val");
    json_add_integer(json, "step", (int64_t)trainer->step);
    json_add_integer(json, "epoch", (int64_t)epoch);
    score_json(score, json);
    write_record(trainer, json);
}

/* Who goes on from here: what a report needs to tell restarts, and ranks over time. */
static void record_start(Trainer *trainer)
{
    char moment[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc)) strftime(moment, sizeof moment, "%Y-%m-%dT%H:%M:%SZ", &utc);
    Json *json = json_create();
    json_add_text(json, "kind", "start");
    json_add_integer(json, "step", (int64_t)trainer->step);
    json_add_text(json, "moment", moment);
    json_add_integer(json, "ranks", comm_size(trainer->comm));
    json_add_integer(json, "workers", pool_workers(trainer->engine.pool));
    json_add_text(json, "version", version_text());
    json_add_text(json, "commit", version_commit());
    write_record(trainer, json);
}

void trainer_renew_records(Trainer *trainer, bool resumed, Error *err)
{
    Error metrics = {0}, config = {0}, board = {0};
    const char *text = config_print(trainer->config, trainer->arena);
    run_folder_rewind(&trainer->folder, trainer->step, trainer->validated == trainer->step,
                      &metrics);
    run_folder_write_config(&trainer->folder, text, &config);
    board_open(trainer, text, &board);
    record_start(trainer);
    if (!resumed) {
        *err = metrics.kind != ERROR_NONE  ? metrics
               : config.kind != ERROR_NONE ? config
                                           : board; /* none, if nothing failed */
        return;
    }
    if (metrics.kind != ERROR_NONE)
        log_warning("%s; training goes on, and the steps after %" PRIu64 " will be there twice",
                    metrics.text, trainer->step);
    if (config.kind != ERROR_NONE)
        log_warning("%s; training goes on, config.yaml stays that of before", config.text);
    if (board.kind != ERROR_NONE)
        log_warning("%s; training goes on, TensorBoard may lack some of it", board.text);
}
