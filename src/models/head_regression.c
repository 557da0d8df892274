/* A number, standardised by the labels of the training split. */
#include "models/head.h"
#include "nn/ops.h"

#include <math.h>
#include <stddef.h>

static const char *const losses[] = {"huber", "l1", "l2", NULL}; /* in the order of ValueDistance */

typedef struct RegressionOptions {
    int loss;
    double delta;
} RegressionOptions;

#define AT(member) offsetof(RegressionOptions, member)
static const Option options[] = {
    {.key = "loss",
     .type = OPTION_CHOICE,
     .added = true,
     .offset = AT(loss),
     .fallback = "huber",
     .choices = losses,
     .help = "of the distance in deviations: its size, half its square, or the square turning into "
             "the size"},
    {.key = "delta",
     .type = OPTION_FLOAT,
     .added = true,
     .offset = AT(delta),
     .fallback = "1",
     .low = 1e-3,
     .high = 1e3,
     .help = "distance at which Huber's loss turns, in deviations"},
    {.key = NULL},
};
#undef AT

static int outputs(int classes)
{
    (void)classes;
    return 1;
}

static int terms(int classes, int label)
{
    (void)classes, (void)label;
    return 1;
}

static Tensor *loss(Graph *graph, Tensor *logits, int index, const void *values,
                    const HeadFacts *facts)
{
    const RegressionOptions *given = values;
    return nn_value_loss(graph, "value", logits,
                         (ValueLoss){.head = index,
                                     .distance = (ValueDistance)given->loss,
                                     .delta = (float)given->delta,
                                     .mean = &facts->mean,
                                     .deviation = &facts->deviation});
}

/* The sum over the labelled records of (value - centre)^power. */
static double moment(const TrainingLabels *labels, double centre, int power, size_t *count)
{
    double sum = 0;
    *count = 0;
    for (size_t i = 0; i < labels->records; i++) {
        double value = labels->group->value[labels->record[i]];
        if (isnan(value)) continue;
        sum += power == 1 ? value - centre : (value - centre) * (value - centre);
        ++*count;
    }
    return sum;
}

/* In pack order, so that all ranks find the same bits. */
static bool learn(HeadFacts *facts, const void *values, const TrainingLabels *labels, Arena *run,
                  Error *err)
{
    (void)values, (void)run;
    size_t count;
    double sum = moment(labels, 0, 1, &count);
    if (count == 0)
        return error_set(err, ERROR_DATA,
                         "no training image has a value; pack it with --split, or "
                         "leave the head out");
    facts->mean = sum / (double)count;
    facts->deviation = sqrt(moment(labels, facts->mean, 2, &count) / (double)count);
    return (facts->deviation > 0 && isfinite(facts->deviation)) ||
           error_set(err, ERROR_DATA,
                     "the training values deviate by %g, so there is nothing to learn; leave the "
                     "head out",
                     facts->deviation);
}

static double unit(const void *values, const HeadFacts *facts)
{
    (void)values;
    return facts->deviation;
}

const HeadType head_regression = {.name = "regression",
                                  .label = LABEL_VALUE,
                                  .measure = MEASURE_VALUE,
                                  .options = options,
                                  .options_bytes = sizeof(RegressionOptions),
                                  .exports_predictions = true,
                                  .needs_facts = true,
                                  .outputs = outputs,
                                  .loss = loss,
                                  .terms = terms,
                                  .learn = learn,
                                  .unit = unit};
