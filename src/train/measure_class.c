/* One class of many, ordered or not: counts per class, then those of all together. */
#include "measures.h"

#include "metrics/calibration.h"
#include "nn/ops.h"

#include <stdlib.h>

/* Behind the counts per class: right among the best five, sum of the distances in ranks, calibration. */
enum { TOP5, DISTANCE, CALIBRATION, LAST_COUNTS = CALIBRATION + CALIBRATION_COUNTS };

static size_t behind_classes(int classes)
{
    return COUNTS_PER_CLASS * (size_t)classes;
}

static size_t class_counts(int classes)
{
    return behind_classes(classes) + LAST_COUNTS;
}

static size_t class_calibration(int classes)
{
    return behind_classes(classes) + CALIBRATION;
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

/* `scores`: by which the classes are put in order. */
static bool add(int64_t *count, const ScoreHead *head, const float *scores, const float *prediction,
                int predicted, int label)
{
    int64_t *hits = count, *predictions = hits + head->classes,
            *labels = predictions + head->classes, *last = labels + head->classes;
    bool right = predicted == label;
    hits[label] += right;
    predictions[predicted]++;
    labels[label]++;
    last[TOP5] += classes_before(scores, head->classes, label) < 5;
    last[DISTANCE] += abs(predicted - label);
    calibration_add(last + CALIBRATION, prediction[predicted], right);
    return right;
}

static void class_finish(HeadResult *result, const int64_t *count, const ScoreHead *head)
{
    ClassCounts classes = measure_classes(count, head->classes);
    const int64_t *last = count + behind_classes(head->classes);
    result->top5 = (double)last[TOP5] / (double)result->labelled;
    result->macro_f1 = class_macro_f1(&classes);
    result->balanced_accuracy = class_balanced_accuracy(&classes);
    result->ece = calibration_error(last + CALIBRATION);
}

/* --- without an order: the class of the largest logit, which is finer than probabilities --- */

static int class_predict(const ScoreHead *head, const float *logits, const float *prediction)
{
    (void)prediction;
    int best = 0;
    for (int k = 1; k < head->classes; k++)
        if (logits[k] > logits[best]) best = k;
    return best;
}

static bool class_add(int64_t *count, const ScoreHead *head, const float *logits,
                      const float *prediction, const Target *target)
{
    int predicted = class_predict(head, logits, prediction);
    return add(count, head, logits, prediction, predicted, target->label);
}

const Measure measure_class = {true,      class_counts, class_predict,
                               class_add, class_finish, class_calibration};

/* --- in order: the median --- */

static int rank_predict(const ScoreHead *head, const float *logits, const float *prediction)
{
    (void)logits;
    return nn_ordinal_rank(prediction, head->classes);
}

static bool rank_add(int64_t *count, const ScoreHead *head, const float *logits,
                     const float *prediction, const Target *target)
{
    int predicted = rank_predict(head, logits, prediction);
    return add(count, head, prediction, prediction, predicted, target->label);
}

static void rank_finish(HeadResult *result, const int64_t *count, const ScoreHead *head)
{
    class_finish(result, count, head);
    result->error =
        (double)count[behind_classes(head->classes) + DISTANCE] / (double)result->labelled;
}

const Measure measure_rank = {true,     class_counts, rank_predict,
                              rank_add, rank_finish,  class_calibration};
