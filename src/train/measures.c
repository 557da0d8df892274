/* The measures: which counts a kind of head has, and what becomes of them. */
#include "measures.h"

#include "nn/ops.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int64_t score_units(double value, double unit)
{
    double units = nearbyint(value / unit);
    return units < 0x1p52 ? (int64_t)units : (int64_t)1 << 52;
}

static int best_class(const float *scores, int classes)
{
    int best = 0;
    for (int k = 1; k < classes; k++)
        if (scores[k] > scores[best]) best = k;
    return best;
}

/* --- classes: correct among the best five; then per class hits, predictions, labels --- */

enum { TOP5, CLASS_COUNTS };

static size_t class_counts(int classes)
{
    return CLASS_COUNTS + 3 * (size_t)classes;
}

/* How many classes rank before `label`; written so that a label whose score is NaN comes last. */
static int classes_before(const float *scores, int classes, int label)
{
    int before = 0;
    for (int k = 0; k < classes; k++)
        before +=
            k != label && !(scores[k] < scores[label] || (scores[k] == scores[label] && k > label));
    return before;
}

static bool class_add(int64_t *count, const ScoreHead *head, const float *logits,
                      const float *prediction, const Target *target)
{
    (void)prediction; /* logits are finer */
    int64_t *hits = count + CLASS_COUNTS, *predicted = hits + head->classes,
            *labels = predicted + head->classes;
    int best = best_class(logits, head->classes);
    bool right = best == target->label;
    count[TOP5] += classes_before(logits, head->classes, target->label) < 5;
    hits[target->label] += right;
    predicted[best]++;
    labels[target->label]++;
    return right;
}

/* Mean F1 over the classes that occur in labels or predictions; without either, a class says
 * nothing. */
static double macro_f1(const int64_t *hits, int classes)
{
    const int64_t *predicted = hits + classes, *labels = predicted + classes;
    double sum = 0;
    int occurring = 0;
    for (int k = 0; k < classes; k++) {
        if (predicted[k] + labels[k] == 0) continue;
        occurring++;
        sum += 2 * (double)hits[k] / (double)(predicted[k] + labels[k]);
    }
    return occurring ? sum / occurring : 0;
}

static void class_finish(HeadResult *result, const int64_t *count, const ScoreHead *head)
{
    result->top5 = (double)count[TOP5] / (double)result->labelled;
    result->macro_f1 = macro_f1(count + CLASS_COUNTS, head->classes);
}

static void class_json(const HeadResult *result, Json *json)
{
    json_add_integer(json, "correct", result->correct);
    json_add_real(json, "top1", result->top1);
    json_add_real(json, "top5", result->top5);
    json_add_real(json, "macro_f1", result->macro_f1);
}

static void class_print(const HeadResult *result)
{
    printf("%6.2f%%  %6.2f%%  %8.4f  %8.4f\n", 100 * result->top1, 100 * result->top5,
           result->macro_f1, result->loss);
}

static const Measure measure_class = {true,         class_counts, class_add,
                                      class_finish, class_json,   class_print};

/* --- ranks: sum of the distances --- */

static size_t one_count(int classes)
{
    (void)classes;
    return 1;
}

static bool rank_add(int64_t *count, const ScoreHead *head, const float *logits,
                     const float *prediction, const Target *target)
{
    (void)logits;
    int distance = abs(nn_ordinal_rank(prediction, head->classes) - target->label);
    count[0] += distance;
    return distance == 0;
}

static void rank_finish(HeadResult *result, const int64_t *count, const ScoreHead *head)
{
    (void)head;
    result->error = (double)count[0] / (double)result->labelled;
}

static void rank_json(const HeadResult *result, Json *json)
{
    json_add_integer(json, "correct", result->correct);
    json_add_real(json, "top1", result->top1);
    json_add_real(json, "mae", result->error);
}

static void rank_print(const HeadResult *result)
{
    printf("%6.2f%%  mean error %.4f ranks  loss %.4f\n", 100 * result->top1, result->error,
           result->loss);
}

static const Measure measure_rank = {true, one_count, rank_add, rank_finish, rank_json, rank_print};

/* --- sets: classes that hold and were found, hold, were found --- */

enum { BOTH, HOLDING, FOUND, SET_COUNTS };

static size_t set_counts(int classes)
{
    (void)classes;
    return SET_COUNTS;
}

static bool set_add(int64_t *count, const ScoreHead *head, const float *logits,
                    const float *prediction, const Target *target)
{
    (void)prediction;
    bool right = true;
    for (int k = 0, next = 0; k < head->classes; k++) {
        bool holds = next < target->members && target->member[next] == k, found = logits[k] > 0;
        next += holds;
        count[BOTH] += holds && found;
        count[HOLDING] += holds;
        count[FOUND] += found;
        right &= holds == found;
    }
    return right;
}

/* Nothing to find and nothing found is as good as can be. */
static void set_finish(HeadResult *result, const int64_t *count, const ScoreHead *head)
{
    (void)head;
    int64_t all = count[HOLDING] + count[FOUND];
    result->micro_f1 = all ? 2 * (double)count[BOTH] / (double)all : 1;
}

static void set_json(const HeadResult *result, Json *json)
{
    json_add_integer(json, "correct", result->correct);
    json_add_real(json, "exact", result->top1);
    json_add_real(json, "micro_f1", result->micro_f1);
}

static void set_print(const HeadResult *result)
{
    printf("%6.2f%% exact  micro-F1 %.4f  loss %.4f\n", 100 * result->top1, result->micro_f1,
           result->loss);
}

static const Measure measure_set = {true, set_counts, set_add, set_finish, set_json, set_print};

/* --- values: sum of the distances, in units of 2^-32 deviations or turns --- */

static bool value_add(int64_t *count, const ScoreHead *head, const float *logits,
                      const float *prediction, const Target *target)
{
    (void)logits;
    count[0] += score_units(fabs((double)*prediction - target->value) / head->unit, LOSS_UNIT);
    return false;
}

static bool angle_add(int64_t *count, const ScoreHead *head, const float *logits,
                      const float *prediction, const Target *target)
{
    (void)logits;
    double distance = nn_angle_distance((double)*prediction, target->value, head->unit);
    count[0] += score_units(distance / head->unit, LOSS_UNIT);
    return false;
}

static void value_finish(HeadResult *result, const int64_t *count, const ScoreHead *head)
{
    result->error = (double)count[0] * LOSS_UNIT * head->unit / (double)result->labelled;
}

static void value_json(const HeadResult *result, Json *json)
{
    json_add_real(json, "mae", result->error);
}

static void value_print(const HeadResult *result)
{
    printf("mean error %.6g  loss %.4f\n", result->error, result->loss);
}

static const Measure measure_value = {false,        one_count,  value_add,
                                      value_finish, value_json, value_print};
static const Measure measure_angle = {false,        one_count,  angle_add,
                                      value_finish, value_json, value_print};

const Measure *const measures[] = {[MEASURE_CLASS] = &measure_class,
                                   [MEASURE_RANK] = &measure_rank,
                                   [MEASURE_SET] = &measure_set,
                                   [MEASURE_VALUE] = &measure_value,
                                   [MEASURE_ANGLE] = &measure_angle};
