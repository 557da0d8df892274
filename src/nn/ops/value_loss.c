/*
 * Numbers. The output z stands for the value mean + deviation * z; with d = z - (label - mean) / deviation the loss is
 * |d|, d^2 / 2, or Huber's: d^2 / 2 up to delta, delta (|d| - delta / 2) beyond.
 */
#include "loss.h"
#include "nn/ops.h"
#include "nn/parts.h"

static double loss_of(const ValueLoss *options, double d)
{
    double size = fabs(d), delta = (double)options->delta;
    switch (options->distance) {
    case DISTANCE_L1:
        return size;
    case DISTANCE_L2:
        return d * d / 2;
    default:
        return size <= delta ? d * d / 2 : delta * (size - delta / 2);
    }
}

static double slope_of(const ValueLoss *options, double d)
{
    double sign = (d > 0) - (d < 0), delta = (double)options->delta;
    switch (options->distance) {
    case DISTANCE_L1:
        return sign;
    case DISTANCE_L2:
        return d;
    default:
        return fabs(d) <= delta ? d : sign * delta;
    }
}

/* In deviations. */
static double distance(const ValueLoss *options, float output, const Target *target)
{
    return (double)output - (target->value - *options->mean) / *options->deviation;
}

static void forward(const Op *op, Run *run)
{
    const ValueLoss *options = op->options;
    HeadRun *head = &run->head[options->head];
    const float *output = run_value(run, op->in[0]);
    float *value = run_value(run, op->out);
    loss_begin(head);
    for (int n = 0; n < run->images; n++) {
        const Target *target = loss_targets(head, n);
        value[n] = (float)(*options->mean + *options->deviation * (double)output[n]);
        for (int i = 0; i < head->parts; i++)
            if (target[i].weight != 0)
                head->loss += (double)target[i].weight *
                              loss_of(options, distance(options, output[n], &target[i]));
        if (target->weight != 0) head->error += fabs(distance(options, output[n], target));
    }
}

static void backward(const Op *op, Run *run)
{
    const ValueLoss *options = op->options;
    const HeadRun *head = &run->head[options->head];
    const float *output = run_value(run, op->in[0]);
    float *doutput = run_grad(run, op, 0);
    if (!doutput) return;
    for (int n = 0; n < run->images; n++) {
        const Target *target = loss_targets(head, n);
        for (int i = 0; i < head->parts; i++)
            if (target[i].weight != 0)
                doutput[n] += (float)((double)target[i].weight * (double)head->scale *
                                      slope_of(options, distance(options, output[n], &target[i])));
    }
}

static const OpType value_loss_type = {
    .name = "value_loss", .keeps = KEEPS_IN0, .forward = forward, .backward = backward};

Tensor *nn_value_loss(Graph *graph, const char *name, Tensor *outputs, ValueLoss options)
{
    return graph_op(graph, &value_loss_type, name, outputs, NULL, outputs->shape, &options,
                    sizeof options)
        ->out;
}

void nn_value_loss_scale(const Op *op, double *mean, double *deviation)
{
    const ValueLoss *options = op->options;
    *mean = *options->mean;
    *deviation = *options->deviation;
}
