/*
 * Depthwise convolution and normalisation over channels, image by image, so that an image's
 * convolution is still in cache when it is normalised. The output is the normalised map itself:
 * gain and bias of the norm belong to the op behind it. With graph->recompute it is not kept, but made
 * anew of x, which backward needs anyway.
 */
#include "nn/ops.h"
#include "nn/parts.h"
#include "nn/run.h"

#include <string.h>

enum { WEIGHT, BIAS };
enum { RSTD };

static size_t scratch(const Op *op, bool training)
{
    (void)training;
    const DepthwiseNorm *options = op->options;
    return kernels()->depthwise_scratch(op->out->shape.dim[1], op->out->shape.dim[2],
                                        options->kernel);
}

static void compute(const Op *op, const Run *run)
{
    const DepthwiseNorm *options = op->options;
    const float *x = run_value(run, op->in[0]);
    float *out = run_value(run, op->out), *rstd = run_value(run, op->saved[RSTD]);
    int H = op->out->shape.dim[1], W = op->out->shape.dim[2], C = op->out->shape.dim[3];
    size_t rows = (size_t)H * (size_t)W, image = rows * (size_t)C;
    for (size_t n = 0; n < (size_t)run->images; n++) {
        run->kernel->depthwise_forward(out + n * image, x + n * image, run_param(run, op, WEIGHT),
                                       run_param(run, op, BIAS), H, W, C, options->kernel,
                                       run_scratch(run));
        run->kernel->normalize_forward(out + n * image, rstd + n * rows, out + n * image, rows, C,
                                       options->epsilon);
        run_poll(run);
    }
}

static void forward(const Op *op, Run *run)
{
    compute(op, run);
}

static void backward(const Op *op, Run *run)
{
    const DepthwiseNorm *options = op->options;
    const float *x = run_value(run, op->in[0]), *xhat = run_value(run, op->out);
    const float *rstd = run_value(run, op->saved[RSTD]);
    float *dout = run_dout(run, op), *dx = run_grad(run, op, 0);
    int H = op->out->shape.dim[1], W = op->out->shape.dim[2], C = op->out->shape.dim[3];
    size_t rows = (size_t)H * (size_t)W, image = rows * (size_t)C;
    float *dweight = run_dparam(run, op, WEIGHT), *dbias = run_dparam(run, op, BIAS);
    memset(dweight, 0, sizeof(float) * op->param[WEIGHT]->count);
    memset(dbias, 0, sizeof(float) * op->param[BIAS]->count);
    for (size_t n = 0; n < (size_t)run->images; n++) {
        float *dconv = dout + n * image;
        run->kernel->normalize_backward(dconv, dconv, xhat + n * image, rstd + n * rows, rows, C);
        run->kernel->depthwise_backward(dx + n * image, dweight, dbias, dconv, x + n * image,
                                        run_param(run, op, WEIGHT), H, W, C, options->kernel,
                                        run_scratch(run));
        run_poll(run);
    }
}

static const OpType depthwise_norm_type = {.name = "depthwise_norm",
                                           .keeps = KEEPS_IN0 | KEEPS_OUT | KEEPS_OUT_AGAIN,
                                           .scratch = scratch,
                                           .forward = forward,
                                           .backward = backward,
                                           .remake = compute,
                                           .macs = macs_of_weights};

Tensor *nn_depthwise_norm(Graph *graph, Tensor *x, DepthwiseNorm options)
{
    int C = x->shape.dim[3], K = options.kernel;
    Op *op = graph_op(graph, &depthwise_norm_type, "conv_dw", x, NULL, x->shape, &options,
                      sizeof options);
    graph_param(graph, op, WEIGHT, "conv_dw.weight", shape_of(3, K, K, C), options.init, true);
    graph_param(graph, op, BIAS, "conv_dw.bias", shape_of(1, C), (Init){INIT_CONSTANT, 0}, false);
    op->remakes_out = graph->recompute;
    graph_saved(graph, op, RSTD, "conv_dw.rstd",
                shape_of(3, x->shape.dim[0], x->shape.dim[1], x->shape.dim[2]));
    return op->out;
}

DepthwiseNormParts nn_depthwise_norm_parts(const Op *op)
{
    const DepthwiseNorm *options = op->options;
    return (DepthwiseNormParts){options->kernel, options->epsilon, op->param[WEIGHT],
                                op->param[BIAS]};
}
