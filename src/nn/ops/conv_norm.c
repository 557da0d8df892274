/*
 * Convolution, batch norm, residual and activation as one op. The statistics are those of the lane
 * ("ghost" batch norm); the lane's mean and unbiased variance leave through run->statistic, which
 * averages them over the lanes of the step. Kept for backward: the convolution's output, mean,
 * 1/deviation, and the op's own output, whose zeros are the ReLU's mask.
 */
#include "base/log.h"
#include "conv.h"
#include "nn/ops.h"
#include "nn/parts.h"

#include <string.h>

enum { WEIGHT, GAIN, BIAS };
enum { RUNNING_MEAN, RUNNING_VAR };
enum { CONV_OUT, MEAN, RSTD, ARGUMENT };

typedef struct ConvNormOptions {
    Convolution conv;
    bool depthwise; /* a group for each channel: not as products */
    bool fixed;     /* the running statistics take the place of the lane's */
    Activation activation;
    float epsilon;
} ConvNormOptions;

/* What the norm's kernels do themselves. SiLU's slope needs its argument, which is kept. */
static Activation clipping(const ConvNormOptions *options)
{
    return options->activation == ACTIVATION_SILU ? ACTIVATION_NONE : options->activation;
}

/* Scratch: four channel vectors, then what the convolution needs. */
static size_t scratch(const Op *op, bool training)
{
    (void)training;
    const ConvNormOptions *options = op->options;
    size_t vectors = 4 * (size_t)options->conv.out_channels;
    return vectors + (options->depthwise ? 0 : conv_scratch(&options->conv));
}

static float *vectors(const Run *run)
{
    return run_scratch(run);
}

static size_t prepared(const Op *op)
{
    const ConvNormOptions *options = op->options;
    return options->depthwise ? 0 : conv_prepared(&options->conv);
}

static void prepare(const Op *op, const float *value, float *out)
{
    const ConvNormOptions *options = op->options;
    if (!options->depthwise) conv_prepare(&options->conv, value + op->param[WEIGHT]->offset, out);
}

static ConvCall call_of(const Op *op, const Run *run, ConvRowsFn *rows)
{
    const ConvNormOptions *options = op->options;
    return (ConvCall){op,
                      run,
                      &options->conv,
                      run_param(run, op, WEIGHT),
                      run_prepared(run, op),
                      vectors(run) + 4 * (size_t)options->conv.out_channels,
                      rows};
}

static void convolve(const Op *op, const Run *run)
{
    const ConvNormOptions *options = op->options;
    const ConvShape *shape = &options->conv.shape;
    const float *x = run_value(run, op->in[0]);
    float *z = run_value(run, op->saved[CONV_OUT]);
    if (!options->depthwise) {
        ConvCall call = call_of(op, run, NULL);
        options->conv.method->forward(&call, z, x);
        return;
    }
    size_t image = conv_out_pixels(shape) * (size_t)options->conv.out_channels;
    for (size_t n = 0; n < (size_t)run->images; n++, run_poll(run))
        run->kernel->depthwise_strided_forward(z + n * image, x + n * conv_in_floats(shape),
                                               run_param(run, op, WEIGHT), shape);
}

static void convolve_backward(const Op *op, const Run *run, const float *dz)
{
    const ConvNormOptions *options = op->options;
    const ConvShape *shape = &options->conv.shape;
    const float *x = run_value(run, op->in[0]);
    float *dweight = run_dparam(run, op, WEIGHT);
    if (!options->depthwise) {
        ConvCall call = call_of(op, run, NULL);
        bool adds = false;
        float *dx = run_grad_raw(run, op, 0, &adds);
        options->conv.method->backward(&call, dx, adds, dweight, dz, x);
        return;
    }
    float *dx = run_grad(run, op, 0);
    size_t image = conv_out_pixels(shape) * (size_t)options->conv.out_channels;
    memset(dweight, 0, sizeof(float) * op->param[WEIGHT]->count);
    for (size_t n = 0; n < (size_t)run->images; n++, run_poll(run))
        run->kernel->depthwise_strided_backward(dx ? dx + n * conv_in_floats(shape) : NULL, dweight,
                                                dz + n * image, x + n * conv_in_floats(shape),
                                                run_param(run, op, WEIGHT), shape);
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
    size_t rows = (size_t)run->images * conv_out_pixels(&options->conv.shape);
    float *variance = vectors(run), *unbiased = variance + options->conv.out_channels;
    run->kernel->column_moments(mean, variance, run_value(run, op->saved[CONV_OUT]), rows,
                                options->conv.out_channels);
    reciprocal_deviation(rstd, variance, options->epsilon, options->conv.out_channels);
    run->kernel->scale(unbiased, variance, (float)rows / (float)(rows - 1),
                       (size_t)options->conv.out_channels);
    run->statistic(run->context, op->state[RUNNING_MEAN], mean);
    run->statistic(run->context, op->state[RUNNING_VAR], unbiased);
}

/* scale = gain * rstd, shift = bias - mean * scale. */
static void fold_norm(const Op *op, const Run *run, const float *mean, const float *rstd,
                      float *scale, float *shift)
{
    const ConvNormOptions *options = op->options;
    const float *gain = run_param(run, op, GAIN), *bias = run_param(run, op, BIAS);
    for (int c = 0; c < options->conv.out_channels; c++) {
        scale[c] = gain[c] * rstd[c];
        shift[c] = bias[c] - mean[c] * scale[c];
    }
}

static void forward(const Op *op, Run *run)
{
    const ConvNormOptions *options = op->options;
    int C = options->conv.out_channels;
    float *scale = vectors(run) + 2 * C, *shift = scale + C;
    convolve(op, run);
    if (run->training && !options->fixed) {
        float *mean = run_value(run, op->saved[MEAN]), *rstd = run_value(run, op->saved[RSTD]);
        lane_statistics(op, run, mean, rstd);
        fold_norm(op, run, mean, rstd, scale, shift);
    } else {
        float *rstd = vectors(run);
        reciprocal_deviation(rstd, run_state(run, op, RUNNING_VAR), options->epsilon, C);
        fold_norm(op, run, run_state(run, op, RUNNING_MEAN), rstd, scale, shift);
    }
    size_t rows = (size_t)run->images * conv_out_pixels(&options->conv.shape);
    const Tensor *target = op->saved[ARGUMENT] ? op->saved[ARGUMENT] : op->out;
    run->kernel->batchnorm_apply(run_value(run, target), run_value(run, op->saved[CONV_OUT]), scale,
                                 shift, op->in[1] ? run_value(run, op->in[1]) : NULL,
                                 clipping(options), rows, C);
    if (op->saved[ARGUMENT])
        run->kernel->silu_forward(run_value(run, op->out), run_value(run, target),
                                  rows * (size_t)C);
}

/* Those that forward has used: of the lane, or the running ones, with 1/deviation in scratch. */
static void statistics(const Op *op, const Run *run, const float **mean, const float **rstd)
{
    const ConvNormOptions *options = op->options;
    *mean = run_value(run, op->saved[MEAN]);
    *rstd = run_value(run, op->saved[RSTD]);
    if (!options->fixed) return;
    reciprocal_deviation(vectors(run), run_state(run, op, RUNNING_VAR), options->epsilon,
                         options->conv.out_channels);
    *mean = run_state(run, op, RUNNING_MEAN);
    *rstd = vectors(run);
}

static const float *no_gradient(const Op *op, const Run *run)
{
    const ConvNormOptions *options = op->options;
    float *zeros = vectors(run) + options->conv.out_channels;
    memset(zeros, 0, sizeof(float) * (size_t)options->conv.out_channels);
    return zeros;
}

/* dout becomes the gradient of the convolution's output; the residual gets its share. */
static void norm_backward(const Op *op, const Run *run, float *dout)
{
    const ConvNormOptions *options = op->options;
    const Kernels *kernel = run->kernel;
    const float *z = run_value(run, op->saved[CONV_OUT]), *out = run_value(run, op->out);
    const float *mean, *rstd;
    statistics(op, run, &mean, &rstd);
    float *dgain = run_dparam(run, op, GAIN), *dbias = run_dparam(run, op, BIAS);
    size_t rows = (size_t)run->images * conv_out_pixels(&options->conv.shape);
    int C = options->conv.out_channels;
    Activation activation = clipping(options);
    if (op->saved[ARGUMENT])
        kernel->silu_backward(dout, dout, run_value(run, op->saved[ARGUMENT]), rows * (size_t)C);
    kernel->batchnorm_backward_reduce(dgain, dbias, dout, out, z, mean, rstd, activation, rows, C);
    /* Fixed statistics have no gradient: the terms that go through them are zero. */
    const float *through_gain = dgain, *through_bias = dbias;
    if (options->fixed) through_gain = through_bias = no_gradient(op, run);
    bool adds = false;
    float *dresidual = run_grad_raw(run, op, 1, &adds);
    if (dresidual && adds) { /* the kernel would overwrite what later readers have added */
        size_t count = rows * (size_t)C;
        if (activation) kernel->clip_backward(dout, dout, out, activation, count);
        kernel->add(dresidual, dresidual, dout, count);
        dresidual = NULL;
    }
    kernel->batchnorm_backward_apply(dout, dresidual, dout, out, z, mean, rstd,
                                     run_param(run, op, GAIN), through_gain, through_bias,
                                     activation, rows, C);
}

static void backward(const Op *op, Run *run)
{
    float *dz = run_dout(run, op);
    norm_backward(op, run, dz);
    run_poll(run);
    convolve_backward(op, run, dz);
}

static const OpType conv_norm_type = {.name = "conv_norm",
                                      .keeps = KEEPS_IN0 | KEEPS_OUT,
                                      .scratch = scratch,
                                      .prepared = prepared,
                                      .prepare = prepare,
                                      .forward = forward,
                                      .backward = backward,
                                      .macs = macs_of_weights};

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

/* TensorFlow's "same" padding: ceil(side / stride) pixels; of an odd number of padded pixels the far
 * side gets one more. */
static void pad_same(ConvShape *shape)
{
    int stride = shape->stride, side = shape->height;
    shape->out_height = (side + stride - 1) / stride;
    shape->out_width = (shape->width + stride - 1) / stride;
    int total = (shape->out_height - 1) * stride + shape->kernel - side;
    shape->padding = total > 0 ? total / 2 : 0;
}

static ConvNormOptions resolve(Graph *graph, const char *name, const Tensor *x, ConvNorm conv)
{
    int C = x->shape.dim[3], groups = conv.groups > 1 ? conv.groups : 1;
    int padding = conv.same ? conv.kernel / 2 : conv.padding;
    ConvNormOptions options = {
        .conv = {.shape = conv_shape(graph, name, x, conv.kernel, conv.stride, padding),
                 .out_channels = conv.out_channels,
                 .images = x->shape.dim[0],
                 .has_backward = !graph->only_evaluation,
                 .wants_dx = x->wants_grad},
        .depthwise = groups == C && conv.out_channels == C && groups > 1,
        .fixed = graph->fixed_norm || graph_is_frozen(graph),
        .activation = conv.activation,
        .epsilon = conv.epsilon};
    if (conv.same) pad_same(&options.conv.shape);
    if (C % groups != 0 || conv.out_channels % groups != 0) {
        error_set(&graph->err, ERROR_USAGE,
                  "%s%s: %d and %d channels are no multiples of %d groups", graph->scope, name, C,
                  conv.out_channels, groups);
        groups = 1;
    }
    options.conv.groups = conv_groups(C, conv.out_channels, groups);
    conv_choose(&options.conv, graph->direct_conv);
    return options;
}

static Shape weight_shape(const ConvNormOptions *options)
{
    int K = options->conv.shape.kernel, C = options->conv.shape.channels;
    if (options->depthwise) return shape_of(3, K, K, C);
    return shape_of(4, options->conv.out_channels, K, K, C / options->conv.groups.groups);
}

Tensor *nn_conv_norm(Graph *graph, const char *name, Tensor *x, Tensor *residual, ConvNorm conv)
{
    ConvNormOptions options = resolve(graph, name, x, conv);
    int lane = x->shape.dim[0], C = conv.out_channels;
    if (!options.fixed && !graph->only_evaluation)
        check_values(graph, name, lane, &options.conv.shape);
    Shape shape = shape_of(4, lane, options.conv.shape.out_height, options.conv.shape.out_width, C);
    Op *op = graph_op(graph, &conv_norm_type, name, x, residual, shape, &options, sizeof options);
    graph_push_scope(graph, "%s", name);
    graph_param(graph, op, WEIGHT, "weight", weight_shape(&options), conv.init, true);
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

ConvNormParts nn_conv_norm_parts(const Op *op)
{
    const ConvNormOptions *options = op->options;
    return (ConvNormParts){.shape = options->conv.shape,
                           .groups = options->conv.groups.groups,
                           .activation = options->activation,
                           .epsilon = options->epsilon,
                           .weight = op->param[WEIGHT],
                           .gain = op->param[GAIN],
                           .bias = op->param[BIAS],
                           .mean = op->state[RUNNING_MEAN],
                           .variance = op->state[RUNNING_VAR]};
}
