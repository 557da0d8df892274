/* Adds convolution with batch norm to a graph, and tells what it is made of. */
#include "conv_norm.h"

#include "base/log.h"
#include "nn/ops.h"
#include "nn/parts.h"

/* Batch norm over few values is noise, over one it is zero. Told of once: deeper layers see fewer still. */
static void check_values(Graph *graph, const char *name, int lane, const ConvShape *shape)
{
    int values = lane * shape->out_height * shape->out_width;
    if (values == 1)
        error_set(
            &graph->err, ERROR_USAGE,
            "%s%s: batch norm would see a single value per channel of a lane; use a larger `lane` "
            "or `image`",
            graph->scope, name);
    else if (values < 32 && !graph->noisy_norm) {
        graph->noisy_norm = true;
        log_warning(
            "%s%s: from here on batch norm sees %d or fewer values per channel of a lane; a larger "
            "`lane` or `image` makes its statistics less noisy",
            graph->scope, name, values);
    }
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
        .epsilon = conv.epsilon,
        .drop_path = conv.drop_path};
    if (conv.same) pad_same(&options.conv.shape);
    if (C % groups != 0 || conv.out_channels % groups != 0) {
        error_set(&graph->err, ERROR_USAGE,
                  "%s%s: %d and %d channels are no multiples of %d groups", graph->scope, name, C,
                  conv.out_channels, groups);
        groups = 1;
    }
    options.conv.groups = conv_groups(C, conv.out_channels, groups);
    conv_choose(&options.conv, graph->conv);
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
    op->remakes_out = residual == NULL && conv.drop_path == 0;
    graph_push_scope(graph, "%s", name);
    graph_param(graph, op, WEIGHT, "weight", weight_shape(&options), conv.init, true);
    graph_saved(graph, op, CONV_OUT, "conv_out", shape)->only_training = true;
    graph_saved(graph, op, MEAN, "mean", shape_of(1, C));
    graph_saved(graph, op, RSTD, "rstd", shape_of(1, C));
    if (conv.activation == ACTIVATION_SILU)
        graph_saved(graph, op, ARGUMENT, "argument", shape)->only_training = true;
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
