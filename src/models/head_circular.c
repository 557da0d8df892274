/* An angle, as sine and cosine. */
#include "models/head.h"
#include "nn/ops.h"

#include <stddef.h>

typedef struct CircularOptions {
    double period;
} CircularOptions;

static const Option options[] = {
    {.key = "period",
     .type = OPTION_FLOAT,
     .added = true,
     .offset = offsetof(CircularOptions, period),
     .fallback = "360",
     .low = 1e-3,
     .high = 1e6,
     .help =
         "of a full turn, in the labels' unit; 180 for degrees of what looks the same upside down"},
    {.key = NULL},
};

static int outputs(int classes)
{
    (void)classes;
    return 2;
}

static int terms(int classes, int label)
{
    (void)classes, (void)label;
    return 1;
}

static Tensor *loss(Graph *graph, Tensor *logits, int index, const void *values,
                    const HeadFacts *facts)
{
    const CircularOptions *given = values;
    (void)facts;
    return nn_angle_loss(graph, "angle", logits,
                         (AngleLoss){.head = index, .period = given->period});
}

static double unit(const void *values, const HeadFacts *facts)
{
    (void)facts;
    return ((const CircularOptions *)values)->period;
}

const HeadType head_circular = {.name = "circular",
                                .label = LABEL_VALUE,
                                .measure = MEASURE_ANGLE,
                                .options = options,
                                .options_bytes = sizeof(CircularOptions),
                                .outputs = outputs,
                                .loss = loss,
                                .terms = terms,
                                .unit = unit};
