/*
 * Scores. Each head has the common counts of measures.h, then those of its measure. Behind the heads: images,
 * bad images, joint labelled, joint correct.
 */
#include "train/score.h"

#include "figures.h"
#include "measures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { IMAGES, BAD, JOINT_LABELLED, JOINT_CORRECT, LAST_COUNTS };

static const Measure *measure_of(const ScoreHead *head)
{
    return measures[head->type->measure];
}

static size_t head_size(const ScoreHead *head)
{
    return COMMON_COUNTS + measure_of(head)->counts(head->classes);
}

static int64_t *head_counts(const Score *score, int head)
{
    int64_t *count = score->count;
    for (int h = 0; h < head; h++) count += head_size(&score->head[h]);
    return count;
}

static int64_t *last_counts(const Score *score)
{
    return score->count + score->counts - LAST_COUNTS;
}

ScoreHead score_head_of(const ModelHead *head)
{
    const HeadType *type = head->type;
    return (ScoreHead){head->name, type, head->classes,
                       type->unit ? type->unit(head->options, &head->facts) : 1};
}

Score score_create(int heads, const ScoreHead *head, Arena *arena)
{
    Score score = {.heads = heads, .head = head, .counts = LAST_COUNTS};
    for (int h = 0; h < heads; h++) score.counts += head_size(&head[h]);
    score.count = arena_new(arena, int64_t, score.counts);
    return score;
}

void score_clear(Score *score)
{
    memset(score->count, 0, sizeof(int64_t) * score->counts);
}

void score_add(Score *score, const Score *other)
{
    for (size_t i = 0; i < score->counts; i++) score->count[i] += other->count[i];
}

/* Adds one head's image; true if the prediction is right. */
static bool add_head(int64_t *count, const ScoreHead *head, const HeadOutput *output, int n)
{
    const Target *target = &output->target[n];
    size_t outputs = (size_t)head->type->outputs(head->classes),
           predictions = head->classes ? (size_t)head->classes : 1;
    bool right =
        measure_of(head)->add(count + COMMON_COUNTS, head, output->logits + (size_t)n * outputs,
                              output->prediction + (size_t)n * predictions, target);
    int terms = head->type->terms(head->classes, target->label);
    count[LABELLED]++;
    count[CORRECT] += right;
    count[TERMS] += score_units((double)target->weight * terms, TERM_UNIT);
    return right;
}

void score_image(Score *score, const HeadOutput *output, int n)
{
    int64_t *count = score->count, *last = last_counts(score);
    bool any = false, all = true;
    for (int h = 0; h < score->heads; count += head_size(&score->head[h++])) {
        if (output[h].target[n].weight == 0) continue;
        bool right = add_head(count, &score->head[h], &output[h], n);
        if (!measure_of(&score->head[h])->judges) continue;
        any = true;
        all &= right;
    }
    last[IMAGES]++;
    last[JOINT_LABELLED] += any;
    last[JOINT_CORRECT] += any && all;
}

void score_loss(Score *score, int head, double loss)
{
    head_counts(score, head)[LOSS] += score_units(loss, LOSS_UNIT);
}

void score_bad(Score *score)
{
    last_counts(score)[BAD]++;
}

/* --- results --- */

HeadResult score_head(const Score *score, int head)
{
    const int64_t *count = head_counts(score, head);
    const ScoreHead *scored = &score->head[head];
    HeadResult result = {
        .measure = scored->type->measure, .labelled = count[LABELLED], .correct = count[CORRECT]};
    if (result.labelled == 0) return result;
    result.top1 = (double)count[CORRECT] / (double)result.labelled;
    result.loss =
        count[TERMS] ? (double)count[LOSS] * LOSS_UNIT / ((double)count[TERMS] * TERM_UNIT) : 0;
    measure_of(scored)->finish(&result, count + COMMON_COUNTS, scored);
    return result;
}

ClassCounts score_classes(const Score *score, int head)
{
    return measure_classes(head_counts(score, head) + COMMON_COUNTS, score->head[head].classes);
}

const int64_t *score_calibration(const Score *score, int head)
{
    const Measure *measure = measure_of(&score->head[head]);
    return measure->calibration ? head_counts(score, head) + COMMON_COUNTS +
                                      measure->calibration(score->head[head].classes)
                                : NULL;
}

bool head_judges(HeadMeasure measure)
{
    return measures[measure]->judges;
}

double head_score(const HeadResult *result)
{
    if (!head_judges(result->measure)) return result->error;
    return result->measure == MEASURE_SET ? result->micro_f1 : result->top1;
}

bool head_is_better(const HeadResult *result, double best)
{
    double score = head_score(result);
    if (!head_judges(result->measure)) return result->labelled > 0 && (best < 0 || score < best);
    return score > best;
}

double head_merit(const HeadResult *result)
{
    if (head_judges(result->measure)) return head_score(result);
    return result->labelled > 0 ? -result->error : (double)-INFINITY;
}

void head_print_score(const HeadResult *result, char *text, size_t bytes)
{
    if (!head_judges(result->measure))
        snprintf(text, bytes, "%.4g", result->error);
    else
        snprintf(text, bytes, "%.1f%%", 100 * head_score(result));
}

JointResult score_joint(const Score *score)
{
    const int64_t *last = last_counts(score);
    JointResult result = {.labelled = last[JOINT_LABELLED], .correct = last[JOINT_CORRECT]};
    if (result.labelled) result.accuracy = (double)result.correct / (double)result.labelled;
    return result;
}

int64_t score_images(const Score *score)
{
    return last_counts(score)[IMAGES];
}
int64_t score_bad_images(const Score *score)
{
    return last_counts(score)[BAD];
}

/* --- reports --- */

static const Figure figures[] = {
    {"top1", OF_CLASSES, offsetof(HeadResult, top1)},
    {"top5", OF_CLASSES, offsetof(HeadResult, top5)},
    {"exact", OF_SET, offsetof(HeadResult, top1)},
    {"balanced_accuracy", OF_CLASSES, offsetof(HeadResult, balanced_accuracy)},
    {"macro_f1", OF_CLASSES | OF_SET, offsetof(HeadResult, macro_f1)},
    {"micro_f1", OF_SET, offsetof(HeadResult, micro_f1)},
    {"ece", OF_CLASSES, offsetof(HeadResult, ece)},
    {"mae", OF_RANK | OF_VALUE | OF_ANGLE, offsetof(HeadResult, error)},
    {NULL, 0, 0},
};

void head_json(const HeadResult *result, Json *json)
{
    json_add_integer(json, "labelled", result->labelled);
    if (head_judges(result->measure)) json_add_integer(json, "correct", result->correct);
    figures_json(figures, result, result->measure, json);
    json_add_real(json, "loss", result->loss);
}

void joint_json(const JointResult *result, Json *json)
{
    json_add_integer(json, "labelled", result->labelled);
    json_add_integer(json, "correct", result->correct);
    json_add_real(json, "accuracy", result->accuracy);
}

void score_json(const Score *score, Json *json)
{
    json_add_integer(json, "images", score_images(score));
    json_add_integer(json, "bad", score_bad_images(score));
    json_begin(json, "heads");
    for (int h = 0; h < score->heads; h++) {
        HeadResult result = score_head(score, h);
        json_begin(json, score->head[h].name);
        head_json(&result, json);
        json_end(json);
    }
    json_end(json);
    JointResult joint = score_joint(score);
    json_begin(json, "joint");
    joint_json(&joint, json);
    json_end(json);
}
