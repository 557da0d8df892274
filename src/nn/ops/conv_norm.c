/*
 * Convolution, batch norm, residual and activation as one op. The statistics are those of the lane
 * ("ghost" batch norm); the lane's mean and unbiased variance leave through run->statistic, which
 * averages them over the lanes of the step. Kept for backward: the convolution's output, mean,
 * 1/deviation, and the op's own output, whose zeros are the ReLU's mask.
 */
#include "base/log.h"
#include "conv.h"
#include "drop_path.h"
#include "nn/ops.h"
#include "nn/parts.h"

#include <string.h>

enum { WEIGHT, GAIN, BIAS };
enum { RUNNING_MEAN, RUNNING_VAR };
enum { CONV_OUT, MEAN, RSTD, ARGUMENT };

typedef struct ConvNormOptions {
    ConvShape shape;
    int out_channels;
    ConvGroups groups;
    bool depthwise; /* a group for each channel: not as products */
    bool fixed;     /* the running statistics take the place of the lane's */
    Activation activation;
    float epsilon, drop_path;
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

static bool is_grouped(const Op *op)
{
    const ConvNormOptions *options = op->options;
    return !options->depthwise && options->groups.groups > 1;
}

/* Floats of the gradient of the weights as chunks. */
static size_t chunk_floats(const Op *op)
{
    const ConvNormOptions *options = op->options;
    return is_grouped(op) ? conv_chunk_floats(&options->shape, options->groups) : 0;
}

static size_t patch_scratch(const Op *op)
{
    const ConvNormOptions *options = op->options;
    if (options->depthwise) return 0;
    return conv_scratch(&options->shape, options->groups, op->out->shape.dim[0]);
}

/* Scratch: four channel vectors, the weights' gradient as chunks, the patch tile. */
static size_t scratch(const Op *op, bool training)
{
    (void)training;
    const ConvNormOptions *options = op->options;
    return 4 * (size_t)options->out_channels + chunk_floats(op) + patch_scratch(op);
}

static float *vectors(const Op *op, const Run *run)
{
    (void)op;
    return run_scratch(run);
}

static float *chunk_gradient(const Op *op, const Run *run)
{
    const ConvNormOptions *options = op->options;
    return run_scratch(run) + 4 * (size_t)options->out_channels;
}

static float *patch_tile(const Op *op, const Run *run)
{
    return chunk_gradient(op, run) + chunk_floats(op);
}

static size_t prepared(const Op *op)
{
    return chunk_floats(op);
}

static void prepare(const Op *op, const float *value, float *base)
{
    const ConvNormOptions *options = op->options;
    if (is_grouped(op))
        conv_expand(base, value + op->param[WEIGHT]->offset, &options->shape, options->groups);
}

/* The weights as the products take them. */
static const float *weights(const Op *op, const Run *run)
{
    return is_grouped(op) ? run_prepared(run, op) : run_param(run, op, WEIGHT);
}

static size_t in_image(const ConvShape *shape)
{
    return (size_t)shape->height * (size_t)shape->width * (size_t)shape->channels;
}

static void convolve(const Op *op, const Run *run)
{
    const ConvNormOptions *options = op->options;
    const ConvShape *shape = &options->shape;
    const float *x = run_value(run, op->in[0]);
    float *z = run_value(run, op->saved[CONV_OUT]);
    if (!options->depthwise) {
        conv_forward(run, z, x, weights(op, run), shape, options->groups, patch_tile(op, run));
        return;
    }
    size_t image = out_rows(shape) * (size_t)options->out_channels;
    for (size_t n = 0; n < (size_t)run->images; n++, run_poll(run))
        run->kernel->depthwise_strided_forward(z + n * image, x + n * in_image(shape),
                                               weights(op, run), shape);
}

static void convolve_backward(const Op *op, const Run *run, const float *dz)
{
    const ConvNormOptions *options = op->options;
    const ConvShape *shape = &options->shape;
    const float *x = run_value(run, op->in[0]);
    float *dx = run_grad(run, op, 0), *dweight = run_dparam(run, op, WEIGHT);
    if (!options->depthwise) {
        float *target = is_grouped(op) ? chunk_gradient(op, run) : dweight;
        conv_backward(run, dx, target, dz, x, weights(op, run), shape, options->groups,
                      patch_tile(op, run));
        if (is_grouped(op)) conv_compress(dweight, target, shape, options->groups);
        return;
    }
    size_t image = out_rows(shape) * (size_t)options->out_channels;
    memset(dweight, 0, sizeof(float) * op->param[WEIGHT]->count);
    for (size_t n = 0; n < (size_t)run->images; n++, run_poll(run))
        run->kernel->depthwise_strided_backward(dx ? dx + n * in_image(shape) : NULL, dweight,
                                                dz + n * image, x + n * in_image(shape),
                                                weights(op, run), shape);
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

static bool drops_images(const Op *op, const Run *run)
{
    const ConvNormOptions *options = op->options;
    return run->training && options->drop_path > 0;
}

/* target = activation(z * scale + shift + residual); of a dropped image the residual alone. */
static void apply_norm(const Op *op, const Run *run, float *target, const float *scale,
                       const float *shift)
{
    const ConvNormOptions *options = op->options;
    const float *z = run_value(run, op->saved[CONV_OUT]);
    const float *residual = op->in[1] ? run_value(run, op->in[1]) : NULL;
    size_t rows = out_rows(&options->shape), image = rows * (size_t)options->out_channels;
    int C = options->out_channels;
    if (!drops_images(op, run)) {
        run->kernel->batchnorm_apply(target, z, scale, shift, residual, clipping(options),
                                     rows * (size_t)run->images, C);
        return;
    }
    float *own_scale = vectors(op, run), *own_shift = own_scale + C;
    for (size_t n = 0; n < (size_t)run->images; n++) {
        float factor = drop_path_factor(op, run, options->drop_path, n);
        run->kernel->scale(own_scale, scale, factor, (size_t)C);
        run->kernel->scale(own_shift, shift, factor, (size_t)C);
        run->kernel->batchnorm_apply(target + n * image, z + n * image, own_scale, own_shift,
                                     residual + n * image, clipping(options), rows, C);
    }
}

static void forward(const Op *op, Run *run)
{
    const ConvNormOptions *options = op->options;
    int C = options->out_channels;
    float *scale = vectors(op, run) + 2 * C, *shift = scale + C;
    convolve(op, run);
    if (run->training && !options->fixed) {
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
    apply_norm(op, run, run_value(run, target), scale, shift);
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
    reciprocal_deviation(vectors(op, run), run_state(run, op, RUNNING_VAR), options->epsilon,
                         options->out_channels);
    *mean = run_state(run, op, RUNNING_MEAN);
    *rstd = vectors(op, run);
}

static const float *no_gradient(const Op *op, const Run *run)
{
    const ConvNormOptions *options = op->options;
    float *zeros = vectors(op, run) + options->out_channels;
    memset(zeros, 0, sizeof(float) * (size_t)options->out_channels);
    return zeros;
}

/* Passes dout through the activation and to the residual, and makes it that of the branch, which some
 * images do not have. */
static void drop_backward(const Op *op, const Run *run, float *dout)
{
    const ConvNormOptions *options = op->options;
    size_t image = out_rows(&options->shape) * (size_t)options->out_channels;
    size_t count = image * (size_t)run->images;
    if (clipping(options))
        run->kernel->clip_backward(dout, dout, run_value(run, op->out), clipping(options), count);
    float *dresidual = run_grad(run, op, 1);
    if (dresidual) run->kernel->add(dresidual, dresidual, dout, count);
    for (size_t n = 0; n < (size_t)run->images; n++)
        run->kernel->scale(dout + n * image, dout + n * image,
                           drop_path_factor(op, run, options->drop_path, n), image);
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
    size_t rows = (size_t)run->images * out_rows(&options->shape);
    int C = options->out_channels;
    Activation activation = clipping(options);
    if (op->saved[ARGUMENT])
        kernel->silu_backward(dout, dout, run_value(run, op->saved[ARGUMENT]), rows * (size_t)C);
    bool drops = drops_images(op, run);
    if (drops) {
        drop_backward(op, run, dout);
        activation = ACTIVATION_NONE;
    }
    kernel->batchnorm_backward_reduce(dgain, dbias, dout, out, z, mean, rstd, activation, rows, C);
    /* Fixed statistics have no gradient: the terms that go through them are zero. */
    const float *through_gain = dgain, *through_bias = dbias;
    if (options->fixed) through_gain = through_bias = no_gradient(op, run);
    bool adds = false;
    float *dresidual = drops ? NULL : run_grad_raw(run, op, 1, &adds);
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
    ConvNormOptions options = {.shape =
                                   conv_shape(graph, name, x, conv.kernel, conv.stride, padding),
                               .out_channels = conv.out_channels,
                               .depthwise = groups == C && conv.out_channels == C && groups > 1,
                               .fixed = graph->fixed_norm || graph_is_frozen(graph),
                               .activation = conv.activation,
                               .epsilon = conv.epsilon,
                               .drop_path = conv.drop_path};
    if (conv.same) pad_same(&options.shape);
    if (C % groups != 0 || conv.out_channels % groups != 0) {
        error_set(&graph->err, ERROR_USAGE,
                  "%s%s: %d and %d channels are no multiples of %d groups", graph->scope, name, C,
                  conv.out_channels, groups);
        groups = 1;
    }
    options.groups = conv_groups(C, conv.out_channels, groups);
    return options;
}

static Shape weight_shape(const ConvNormOptions *options)
{
    int K = options->shape.kernel, C = options->shape.channels;
    if (options->depthwise) return shape_of(3, K, K, C);
    return shape_of(4, options->out_channels, K, K, C / options->groups.groups);
}

Tensor *nn_conv_norm(Graph *graph, const char *name, Tensor *x, Tensor *residual, ConvNorm conv)
{
    ConvNormOptions options = resolve(graph, name, x, conv);
    int lane = x->shape.dim[0], C = conv.out_channels;
    if (!options.fixed && !graph->only_evaluation) check_values(graph, name, lane, &options.shape);
    Shape shape = shape_of(4, lane, options.shape.out_height, options.shape.out_width, C);
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
    return (ConvNormParts){.shape = options->shape,
                           .groups = options->groups.groups,
                           .activation = options->activation,
                           .epsilon = options->epsilon,
                           .weight = op->param[WEIGHT],
                           .gain = op->param[GAIN],
                           .bias = op->param[BIAS],
                           .mean = op->state[RUNNING_MEAN],
                           .variance = op->state[RUNNING_VAR]};
}
