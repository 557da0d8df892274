/*
 * Convolution, batch norm, residual and activation as one op. The statistics are those of the lane
 * ("ghost" batch norm); the lane's mean and unbiased variance leave through run->statistic, which
 * averages them over the lanes of the step. Kept for backward: the convolution's output, mean,
 * 1/deviation, and the op's own output, whose zeros are the ReLU's mask.
 */
#include "base/log.h"
#include "conv.h"
#include "nn/ops.h"

enum { WEIGHT, GAIN, BIAS };
enum { RUNNING_MEAN, RUNNING_VAR };
enum { CONV_OUT, MEAN, RSTD, ARGUMENT };

typedef struct ConvNormOptions {
    ConvShape shape;
    int out_channels;
    Activation activation;
    float epsilon;
} ConvNormOptions;

/* What the norm's kernels do themselves. SiLU's slope needs its argument, which is kept. */
static Activation clipping(const ConvNormOptions *options)
{
    return options->activation == ACTIVATION_SILU ? ACTIVATION_NONE : options->activation;
}

static size_t out_rows(const ConvShape *shape)
{
    return (size_t)shape->out_height * (size_t)shape->out_width;
}

/* Scratch: the patch tile, then four channel vectors. */
static size_t scratch(const Op *op, bool training)
{
    (void)training;
    const ConvNormOptions *options = op->options;
    return conv_scratch(&options->shape, op->out->shape.dim[0]) + 4 * (size_t)options->out_channels;
}

static float *vectors(const Op *op, const Run *run)
{
    const ConvNormOptions *options = op->options;
    return run_scratch(run) + conv_scratch(&options->shape, op->out->shape.dim[0]);
}

static void convolve(const Op *op, const Run *run)
{
    const ConvNormOptions *options = op->options;
    conv_forward(run, run_value(run, op->saved[CONV_OUT]), run_value(run, op->in[0]),
                 run_param(run, op, WEIGHT), &options->shape, options->out_channels,
                 run_scratch(run));
}

/* 1 / sqrt(variance + epsilon); sqrt and division are exact, so no kernel is needed for the bits.
 */
static void reciprocal_deviation(float *rstd, const float *variance, float epsilon, int C)
{
    for (int c = 0; c < C; c++) rstd[c] = 1 / __builtin_sqrtf(variance[c] + epsilon);
}

/* Mean and 1/deviation of the lane, and its statistics to the step. */
static void lane_statistics(const Op *op, const Run *run, float *mean, float *rstd)
{
    const ConvNormOptions *options = op->options;
    size_t rows = (size_t)run->images * out_rows(&options->shape);
    float *variance = vectors(op, run), *unbiased = variance + options->out_channels;
    run->kernel->column_moments(mean, variance, run_value(run, op->saved[CONV_OUT]), rows,
                                options->out_channels);
    reciprocal_deviation(rstd, variance, options->epsilon, options->out_channels);
    run->kernel->scale(unbiased, variance, (float)rows / (float)(rows - 1),
                       (size_t)options->out_channels);
    run->statistic(run->context, op->state[RUNNING_MEAN], mean);
    run->statistic(run->context, op->state[RUNNING_VAR], unbiased);
}

/* scale = gain * rstd, shift = bias - mean * scale. */
static void fold_norm(const Op *op, const Run *run, const float *mean, const float *rstd,
                      float *scale, float *shift)
{
    const ConvNormOptions *options = op->options;
    const float *gain = run_param(run, op, GAIN), *bias = run_param(run, op, BIAS);
    for (int c = 0; c < options->out_channels; c++) {
        scale[c] = gain[c] * rstd[c];
        shift[c] = bias[c] - mean[c] * scale[c];
    }
}

static void forward(const Op *op, Run *run)
{
    const ConvNormOptions *options = op->options;
    int C = options->out_channels;
    float *scale = vectors(op, run) + 2 * C, *shift = scale + C;
    convolve(op, run);
    if (run->training) {
        float *mean = run_value(run, op->saved[MEAN]), *rstd = run_value(run, op->saved[RSTD]);
        lane_statistics(op, run, mean, rstd);
        fold_norm(op, run, mean, rstd, scale, shift);
    } else {
        float *rstd = vectors(op, run);
        reciprocal_deviation(rstd, run_state(run, op, RUNNING_VAR), options->epsilon, C);
        fold_norm(op, run, run_state(run, op, RUNNING_MEAN), rstd, scale, shift);
    }
    size_t rows = (size_t)run->images * out_rows(&options->shape);
    const Tensor *target = op->saved[ARGUMENT] ? op->saved[ARGUMENT] : op->out;
    run->kernel->batchnorm_apply(run_value(run, target), run_value(run, op->saved[CONV_OUT]), scale,
                                 shift, op->in[1] ? run_value(run, op->in[1]) : NULL,
                                 clipping(options), rows, C);
    if (op->saved[ARGUMENT])
        run->kernel->silu_forward(run_value(run, op->out), run_value(run, target),
                                  rows * (size_t)C);
}

/* dout becomes the gradient of the convolution's output; the residual gets its share. */
static void norm_backward(const Op *op, const Run *run, float *dout)
{
    const ConvNormOptions *options = op->options;
    const Kernels *kernel = run->kernel;
    const float *z = run_value(run, op->saved[CONV_OUT]), *out = run_value(run, op->out);
    const float *mean = run_value(run, op->saved[MEAN]), *rstd = run_value(run, op->saved[RSTD]);
    float *dgain = run_dparam(run, op, GAIN), *dbias = run_dparam(run, op, BIAS);
    size_t rows = (size_t)run->images * out_rows(&options->shape);
    int C = options->out_channels;
    Activation activation = clipping(options);
    if (op->saved[ARGUMENT])
        kernel->silu_backward(dout, dout, run_value(run, op->saved[ARGUMENT]), rows * (size_t)C);
    kernel->batchnorm_backward_reduce(dgain, dbias, dout, out, z, mean, rstd, activation, rows, C);
    bool adds = false;
    float *dresidual = run_grad_raw(run, op, 1, &adds);
    if (dresidual && adds) { /* the kernel would overwrite what later readers have added */
        size_t count = rows * (size_t)C;
        if (activation) kernel->clip_backward(dout, dout, out, activation, count);
        kernel->add(dresidual, dresidual, dout, count);
        dresidual = NULL;
    }
    kernel->batchnorm_backward_apply(dout, dresidual, dout, out, z, mean, rstd,
                                     run_param(run, op, GAIN), dgain, dbias, activation, rows, C);
}

static void backward(const Op *op, Run *run)
{
    const ConvNormOptions *options = op->options;
    float *dz = run_dout(run, op);
    norm_backward(op, run, dz);
    run_poll(run);
    conv_backward(run, run_grad(run, op, 0), run_dparam(run, op, WEIGHT), dz,
                  run_value(run, op->in[0]), run_param(run, op, WEIGHT), &options->shape,
                  options->out_channels, run_scratch(run));
}

static const OpType conv_norm_type = {.name = "conv_norm",
                                      .keeps = KEEPS_IN0 | KEEPS_OUT,
                                      .scratch = scratch,
                                      .forward = forward,
                                      .backward = backward};

/* Batch norm over few values is noise, over one it is zero. */
static void check_values(Graph *graph, const char *name, int lane, const ConvShape *shape)
{
    int values = lane * shape->out_height * shape->out_width;
    if (values == 1)
        error_set(
            &graph->err, ERROR_USAGE,
            "%s%s: batch norm would see a single value per channel of a lane; use a larger `lane` "
            "or `image`",
            graph->scope, name);
    else if (values < 32)
        log_warning(
            "%s%s: batch norm sees only %d values per channel of a lane; a larger `lane` or "
            "`image` makes its statistics less noisy",
            graph->scope, name, values);
}

Tensor *nn_conv_norm(Graph *graph, const char *name, Tensor *x, Tensor *residual, ConvNorm conv)
{
    ConvNormOptions options = {conv_shape(graph, name, x, conv.kernel, conv.stride, conv.padding),
                               conv.out_channels, conv.activation, conv.epsilon};
    int lane = x->shape.dim[0], C = conv.out_channels;
    check_values(graph, name, lane, &options.shape);
    Shape shape = shape_of(4, lane, options.shape.out_height, options.shape.out_width, C);
    Op *op = graph_op(graph, &conv_norm_type, name, x, residual, shape, &options, sizeof options);
    graph_push_scope(graph, "%s", name);
    graph_param(graph, op, WEIGHT, "weight",
                shape_of(4, C, conv.kernel, conv.kernel, x->shape.dim[3]), conv.init, true);
    graph_saved(graph, op, CONV_OUT, "conv_out", shape);
    graph_saved(graph, op, MEAN, "mean", shape_of(1, C));
    graph_saved(graph, op, RSTD, "rstd", shape_of(1, C));
    if (conv.activation == ACTIVATION_SILU) graph_saved(graph, op, ARGUMENT, "argument", shape);
    graph_pop_scope(graph);
    graph_push_scope(graph, "%s", conv.norm_name);
    graph_param(graph, op, GAIN, "weight", shape_of(1, C), (Init){INIT_CONSTANT, (double)conv.gain},
                false);
    graph_param(graph, op, BIAS, "bias", shape_of(1, C), (Init){INIT_CONSTANT, 0}, false);
    graph_state(graph, op, RUNNING_MEAN, "running_mean", C, 0);
    graph_state(graph, op, RUNNING_VAR, "running_var", C, 1);
    graph_pop_scope(graph);
    return op->out;
}
