/* What a network says of each record, kept and gathered. */
#include "train/predictions.h"

#include "measures.h"

#include "metrics/likelihood.h"
#include "train/evaluate.h"

#include <string.h>

/* --- room --- */

static int width_of(const ScoreHead *head, PredictionsKeep keep)
{
    if (head->classes == 0) return 1;
    if (keep == PREDICTIONS_LOGITS) return head->type->outputs(head->classes);
    return keep == PREDICTIONS_WHOLE || head->type->measure == MEASURE_SET ? head->classes : 0;
}

static bool make_room(Predictions *predictions, Arena *arena, Error *err)
{
    size_t count = predictions->count;
    predictions->bad = arena_new(arena, uint8_t, count + 1);
    for (int h = 0; h < predictions->heads; h++) {
        HeadPredictions *head = &predictions->head[h];
        head->width = width_of(&predictions->of[h], predictions->keep);
        size_t bytes = sizeof(float) * ((size_t)head->width * count + 1);
        if (!arena_reserve(arena, bytes))
            return error_set(err, ERROR_SYSTEM,
                             "predictions of head %s: no memory for %zu MB of probabilities; "
                             "score a smaller split",
                             predictions->of[h].name, bytes >> 20);
        head->vector = arena_alloc(arena, bytes);
        head->said = arena_new(arena, Said, count + 1);
    }
    return true;
}

bool predictions_create(Predictions *predictions, const Engine *engine, Split split,
                        PredictionsKeep keep, Arena *arena, Error *err)
{
    const Model *model = &engine->model;
    ScoreHead *of = arena_new(arena, ScoreHead, model->heads + 1);
    for (int h = 0; h < model->heads; h++) of[h] = score_head_of(&model->head[h]);
    *predictions = (Predictions){.engine = engine,
                                 .of = of,
                                 .heads = model->heads,
                                 .keep = keep,
                                 .head = arena_new(arena, HeadPredictions, model->heads + 1)};
    predictions->record = pack_split(engine->pack, split, &predictions->records);
    int rank = comm_rank(engine->comm);
    predictions->begin = evaluate_begin(engine, predictions->records, rank);
    predictions->count =
        rank == 0 ? predictions->records
                  : evaluate_begin(engine, predictions->records, rank + 1) - predictions->begin;
    make_room(predictions, arena, err);
    return comm_agree(engine->comm, err);
}

/* --- keeping --- */

static float largest(const float *probability, int classes)
{
    float most = probability[0];
    for (int k = 1; k < classes; k++)
        if (probability[k] > most) most = probability[k];
    return most;
}

static Said say(const ScoreHead *head, const float *logits, const float *prediction,
                const Target *target)
{
    const Measure *measure = measures[head->type->measure];
    Said said = {.predicted = -1};
    if (head->classes == 0) return said;
    if (!measure->predict) {
        said.probability = largest(prediction, head->classes);
        return said;
    }
    said.predicted = measure->predict(head, logits, prediction);
    said.probability = prediction[said.predicted];
    if (target->weight == 0) return said;
    said.label_probability = prediction[target->label];
    said.squares = likelihood_squares(prediction, head->classes, target->label);
    return said;
}

void predictions_set(Predictions *predictions, size_t at, const HeadOutput *output, int n, bool bad)
{
    size_t place = at - predictions->begin;
    predictions->bad[place] = bad;
    for (int h = 0; h < predictions->heads; h++) {
        const ScoreHead *of = &predictions->of[h];
        HeadPredictions *head = &predictions->head[h];
        size_t outputs = (size_t)of->type->outputs(of->classes),
               classes = of->classes ? (size_t)of->classes : 1, width = (size_t)head->width;
        const float *prediction = output[h].prediction + (size_t)n * classes;
        const float *logits = output[h].logits + (size_t)n * outputs;
        bool keeps_logits = predictions->keep == PREDICTIONS_LOGITS && of->classes > 0;
        head->said[place] = say(of, logits, prediction, &output[h].target[n]);
        memcpy(head->vector + place * width, keeps_logits ? logits : prediction,
               sizeof(float) * width);
    }
}

/* --- gathering --- */

/* From rank `from`, whose records begin at `begin`, to rank 0. `array` has `bytes` for each record. */
static void move(const Predictions *predictions, void *array, size_t bytes, int from, size_t begin,
                 size_t count)
{
    Comm *comm = predictions->engine->comm;
    if (comm_rank(comm) == 0)
        comm_receive(comm, (char *)array + begin * bytes, count * bytes, from);
    else
        comm_send(comm, array, count * bytes, 0);
}

void predictions_gather(Predictions *predictions)
{
    const Engine *engine = predictions->engine;
    int rank = comm_rank(engine->comm);
    for (int from = 1; from < comm_size(engine->comm); from++) {
        if (rank != 0 && rank != from) continue;
        size_t begin = evaluate_begin(engine, predictions->records, from),
               count = evaluate_begin(engine, predictions->records, from + 1) - begin;
        move(predictions, predictions->bad, 1, from, begin, count);
        for (int h = 0; h < predictions->heads; h++) {
            const HeadPredictions *head = &predictions->head[h];
            move(predictions, head->said, sizeof *head->said, from, begin, count);
            move(predictions, head->vector, sizeof(float) * (size_t)head->width, from, begin,
                 count);
        }
    }
}

Target predictions_target(const Predictions *predictions, int head, size_t at)
{
    if (predictions->bad[at]) return (Target){0};
    return engine_target(predictions->engine, head, predictions->record[at], false, 0);
}
