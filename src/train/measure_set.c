/* Any number of classes: counts per class. */
#include "measures.h"

bool measure_has_class(const Target *target, int class)
{
    for (int m = 0; m < target->members; m++)
        if (target->member[m] == class) return true;
    return false;
}

static size_t set_counts(int classes)
{
    return COUNTS_PER_CLASS * (size_t)classes;
}

static bool set_add(int64_t *count, const ScoreHead *head, const float *logits,
                    const float *prediction, const Target *target)
{
    (void)logits;
    int64_t *hits = count, *predicted = hits + head->classes, *labels = predicted + head->classes;
    bool right = true;
    for (int k = 0, next = 0; k < head->classes; k++) {
        bool holds = next < target->members && target->member[next] == k;
        bool found = score_holds(prediction[k]);
        next += holds;
        hits[k] += holds && found;
        labels[k] += holds;
        predicted[k] += found;
        right &= holds == found;
    }
    return right;
}

static void set_finish(HeadResult *result, const int64_t *count, const ScoreHead *head)
{
    ClassCounts classes = measure_classes(count, head->classes);
    result->micro_f1 = class_micro_f1(&classes);
    result->macro_f1 = class_macro_f1(&classes);
}

const Measure measure_set = {
    .judges = true, .counts = set_counts, .add = set_add, .finish = set_finish};
