/*
 * A learnt weight of a head (Kendall, Gal and Cipolla 2018): its loss L counts as w (exp(-s) L + s / 2) with s the logarithm
 * of a variance. The factor w exp(-s) is part of the head's `scale`, since every rank knows s; what is left to this op is
 * the derivative by s, w / 2 - w exp(-s) L, of which a lane has its share.
 */
#include "nn/ops.h"
#include "nn/run.h"

#include <string.h>

enum { LOG_VARIANCE };

typedef struct LogVariance {
    int head;
} LogVariance;

static void forward(const Op *op, Run *run)
{
    memset(run_value(run, op->out), 0, sizeof(float) * (size_t)run->images);
}

static void backward(const Op *op, Run *run)
{
    const HeadRun *head = &run->head[((const LogVariance *)op->options)->head];
    *run_dparam(run, op, LOG_VARIANCE) =
        (float)(head->half_weight - (double)head->scale * head->loss);
}

static const OpType log_variance_type = {
    .name = "log_variance", .forward = forward, .backward = backward};

Param *nn_log_variance(Graph *graph, const char *name, Tensor *prediction, int head)
{
    LogVariance options = {head};
    Op *op = graph_op(graph, &log_variance_type, name, prediction, NULL,
                      shape_of(2, prediction->shape.dim[0], 1), &options, sizeof options);
    prediction->is_output = true;
    Param *param =
        graph_param(graph, op, LOG_VARIANCE, name, shape_of(1, 1), (Init){INIT_CONSTANT, 0}, false);
    param->of_loss = true;
    return param;
}
