/*
 * Evaluation. Lanes are cut from the split in pack order, the last one short, and never by ranks: a
 * lane's numbers do not depend on where it is computed, and counts are integers, so totals do not
 * either.
 */
#include "train/evaluate.h"

#include "base/clock.h"
#include "base/progress.h"
#include "base/pulse.h"
#include "base/stop.h"

#include <string.h>

/* What a head says of the images themselves, kept while their mirror images are seen. */
typedef struct OwnOutput {
    float *logits, *prediction; /* as in HeadOutput */
} OwnOutput;

struct Evaluator {
    Engine *engine;
    Score *worker_score;        /* (workers) */
    HeadOutput **worker_output; /* (workers)(heads): of the lane under way */
    Score total;
    Predictions *predictions; /* NULL: not kept */
    const Mirror *mirror;     /* (workers); NULL: images are seen once */
    OwnOutput **worker_own;   /* (workers)(heads) */
    /* of the evaluation under way */
    const uint32_t *record;
    size_t count;
    int last_lane; /* of this rank, exclusive */
    atomic_int next_lane;
    Progress *progress; /* NULL: none */
};

Evaluator *evaluator_create(Engine *engine, Arena *run)
{
    Evaluator *evaluator = arena_new(run, Evaluator, 1);
    const Model *model = &engine->model;
    ScoreHead *head = arena_new(run, ScoreHead, model->heads + 1);
    for (int h = 0; h < model->heads; h++) head[h] = score_head_of(&model->head[h]);
    int workers = pool_workers(engine->pool);
    evaluator->engine = engine;
    evaluator->worker_score = arena_new(run, Score, workers);
    evaluator->worker_output = arena_new(run, HeadOutput *, workers);
    for (int w = 0; w < workers; w++) {
        evaluator->worker_score[w] = score_create(model->heads, head, run);
        evaluator->worker_output[w] = arena_new(run, HeadOutput, model->heads + 1);
    }
    evaluator->total = score_create(model->heads, head, run);
    return evaluator;
}

void evaluator_keep(Evaluator *evaluator, Predictions *predictions)
{
    evaluator->predictions = predictions;
}

static float *floats_of(const Tensor *tensor, Arena *run)
{
    return arena_new(run, float, shape_count(tensor->shape));
}

void evaluator_flip(Evaluator *evaluator, const Mirror *mirror, Arena *run)
{
    const Model *model = &evaluator->engine->model;
    int workers = pool_workers(evaluator->engine->pool);
    evaluator->mirror = mirror;
    evaluator->worker_own = arena_new(run, OwnOutput *, workers);
    for (int w = 0; w < workers; w++) {
        OwnOutput *own = evaluator->worker_own[w] = arena_new(run, OwnOutput, model->heads + 1);
        for (int h = 0; h < model->heads; h++)
            own[h] = (OwnOutput){.logits = floats_of(model->head[h].logits, run),
                                 .prediction = floats_of(model->head[h].prediction, run)};
    }
}

static size_t lanes_of(const Engine *engine, size_t images)
{
    size_t lane = (size_t)engine->lane;
    return (images + lane - 1) / lane;
}

/* Of `rank` = ranks: the number of lanes. */
static size_t first_lane(const Engine *engine, size_t images, int rank)
{
    return lanes_of(engine, images) * (size_t)rank / (size_t)comm_size(engine->comm);
}

size_t evaluate_begin(const Engine *engine, size_t images, int rank)
{
    size_t image = first_lane(engine, images, rank) * (size_t)engine->lane;
    return image < images ? image : images;
}

static void keep(float *to, const Run *run, const Tensor *tensor)
{
    size_t row = shape_count(tensor->shape) / (size_t)tensor->shape.dim[0];
    memcpy(to, run_value(run, tensor), sizeof(float) * row * (size_t)run->images);
}

/* Makes of the outputs for a lane the means with those for its mirror images. */
static void see_mirrored(Evaluator *evaluator, Run *run, int index)
{
    const Model *model = &evaluator->engine->model;
    const Mirror *mirror = &evaluator->mirror[index];
    OwnOutput *own = evaluator->worker_own[index];
    HeadOutput *output = evaluator->worker_output[index];
    for (int h = 0; h < model->heads; h++) {
        keep(own[h].logits, run, model->head[h].logits);
        keep(own[h].prediction, run, model->head[h].prediction);
    }
    mirror_forward(mirror, run);
    for (int h = 0; h < model->heads; h++) {
        mirror_merge(mirror, run, h, own[h].prediction);
        /* A mean of probabilities has no logits; it puts the classes in order itself. */
        bool orders = mirror_allows(mirror, h) && model->head[h].type->measure == MEASURE_CLASS;
        output[h].logits = orders ? own[h].prediction : own[h].logits;
        output[h].prediction = own[h].prediction;
    }
}

/* Runs a lane: its losses into the worker's score, what the heads say into its outputs. */
static void forward_lane(Evaluator *evaluator, LaneWorker *worker, int index)
{
    const Model *model = &evaluator->engine->model;
    Run *run = &worker->run;
    HeadOutput *output = evaluator->worker_output[index];
    run->poll = NULL;
    if (evaluator->mirror) mirror_take(&evaluator->mirror[index], run);
    graph_forward(run);
    for (int h = 0; h < model->heads; h++) {
        output[h] = (HeadOutput){.logits = run_value(run, model->head[h].logits),
                                 .prediction = run_value(run, model->head[h].prediction),
                                 .target = worker->target[h]};
        score_loss(&evaluator->worker_score[index], h, run->head[h].loss);
    }
    if (evaluator->mirror) see_mirrored(evaluator, run, index);
}

/* `begin`: the lane's first image, counted in the split. */
static void score_lane(Evaluator *evaluator, LaneWorker *worker, int index, size_t begin)
{
    const Run *run = &worker->run;
    Score *score = &evaluator->worker_score[index];
    const HeadOutput *output = evaluator->worker_output[index];
    for (int n = 0; n < run->images; n++) {
        if (worker->bad[n])
            score_bad(score);
        else
            score_image(score, output, n);
        if (evaluator->predictions)
            predictions_set(evaluator->predictions, begin + (size_t)n, output, n, worker->bad[n]);
    }
}

static void evaluate_some(void *context, int index)
{
    Evaluator *evaluator = context;
    Engine *engine = evaluator->engine;
    LaneWorker *worker = &engine->worker[index];
    size_t lane_images = (size_t)engine->lane;
    int lane;
    while (!stop_requested() &&
           (lane = atomic_fetch_add(&evaluator->next_lane, 1)) < evaluator->last_lane) {
        size_t begin = (size_t)lane * lane_images;
        size_t count =
            evaluator->count - begin < lane_images ? evaluator->count - begin : lane_images;
        memcpy(worker->record, evaluator->record + begin, sizeof(uint32_t) * count);
        engine_load(engine, worker, (int)count, false, 0);
        forward_lane(evaluator, worker, index);
        score_lane(evaluator, worker, index, begin);
        if (index == 0 && evaluator->progress) progress_set(evaluator->progress, (begin + count));
    }
}

const Score *evaluate(Evaluator *evaluator, Split split, const char *progress_label)
{
    Engine *engine = evaluator->engine;
    int workers = pool_workers(engine->pool), rank = comm_rank(engine->comm);
    evaluator->record = pack_split(engine->pack, split, &evaluator->count);
    evaluator->last_lane = (int)first_lane(engine, evaluator->count, rank + 1);
    atomic_store(&evaluator->next_lane, (int)first_lane(engine, evaluator->count, rank));

    pulse_phase("validating");
    Progress progress;
    if (progress_label)
        progress_start(&progress, progress_label, "images",
                       evaluate_begin(engine, evaluator->count, rank + 1), 0);
    evaluator->progress = progress_label ? &progress : NULL;
    for (int w = 0; w < workers; w++) score_clear(&evaluator->worker_score[w]);
    pool_run(engine->pool, evaluate_some, evaluator);
    if (progress_label) progress_hide(&progress);

    int64_t stopped = stop_requested();
    comm_sum_i64(engine->comm, &stopped, 1);
    if (stopped) return NULL;
    score_clear(&evaluator->total);
    for (int w = 0; w < workers; w++) score_add(&evaluator->total, &evaluator->worker_score[w]);
    comm_sum_i64(engine->comm, evaluator->total.count, evaluator->total.counts);
    if (evaluator->predictions) predictions_gather(evaluator->predictions);
    return &evaluator->total;
}
