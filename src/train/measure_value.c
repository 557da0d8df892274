/* Values: the sum of the distances, in units of 2^-32 deviations or turns. */
#include "measures.h"

#include "nn/ops.h"

#include <math.h>

double measure_distance(const ScoreHead *head, float prediction, double label)
{
    return head->type->measure == MEASURE_ANGLE
               ? nn_angle_distance((double)prediction, label, head->unit)
               : fabs((double)prediction - label);
}

static size_t one_count(int classes)
{
    (void)classes;
    return 1;
}

static bool value_add(int64_t *count, const ScoreHead *head, const float *logits,
                      const float *prediction, const Target *target)
{
    (void)logits;
    double distance = measure_distance(head, *prediction, target->value);
    count[0] += score_units(distance / head->unit, LOSS_UNIT);
    return false;
}

static void value_finish(HeadResult *result, const int64_t *count, const ScoreHead *head)
{
    result->error = (double)count[0] * LOSS_UNIT * head->unit / (double)result->labelled;
}

const Measure measure_value = {.counts = one_count, .add = value_add, .finish = value_finish};
const Measure measure_angle = {.counts = one_count, .add = value_add, .finish = value_finish};
