/* Emitters of ops on images: convolutions with what is fused to them, pooling, the CIFAR shortcut. */
#include "onnx_emit.h"

/* Padding before and behind. What umbel's windows reach behind the edge is told by the output's size,
 * whether it was rounded down, rounded up, or padded as TensorFlow does. */
static int behind(int side, int out, const ConvShape *shape)
{
    int reach = (out - 1) * shape->stride + shape->kernel - shape->padding - side;
    return reach > 0 ? reach : 0;
}

static void emit_window(Emitter *emitter, const ConvShape *shape)
{
    int padding = shape->padding;
    emit_ints(emitter, "kernel_shape", 2, (int[]){shape->kernel, shape->kernel});
    emit_ints(emitter, "strides", 2, (int[]){shape->stride, shape->stride});
    emit_ints(emitter, "pads", 4,
              (int[]){padding, padding, behind(shape->height, shape->out_height, shape),
                      behind(shape->width, shape->out_width, shape)});
}

static const char *convolution(Emitter *emitter, const ConvShape *shape, int groups,
                               const Param *weight, const Param *bias)
{
    const char *x = emit_input(emitter, 0, CHANNELS_FIRST), *kernel = emit_kernel(emitter, weight);
    const char *y =
        emit(emitter, "Conv", NAMES(x, kernel, bias ? emit_param(emitter, bias) : NULL));
    emit_window(emitter, shape);
    emit_int(emitter, "group", groups);
    return y;
}

void emit_conv(Emitter *emitter)
{
    ConvParts parts = nn_conv_parts(emitter->op);
    emit_output(emitter, CHANNELS_FIRST,
                convolution(emitter, &parts.shape, 1, parts.weight, parts.bias));
}

void emit_depthwise_norm(Emitter *emitter)
{
    DepthwiseNormParts parts = nn_depthwise_norm_parts(emitter->op);
    const int *dim = emitter->op->out->shape.dim;
    ConvShape shape = {.height = dim[1],
                       .width = dim[2],
                       .channels = dim[3],
                       .kernel = parts.kernel,
                       .stride = 1,
                       .padding = parts.kernel / 2,
                       .out_height = dim[1],
                       .out_width = dim[2]};
    const char *y = convolution(emitter, &shape, dim[3], parts.weight, parts.bias);
    Value *value = &emitter->value[emitter->op->out->id];
    value->norm_input = emit(emitter, "Transpose", NAMES(y));
    emit_ints(emitter, "perm", 4, (int[]){0, 2, 3, 1});
    value->norm_epsilon = parts.epsilon;
}

static const char *activation(Emitter *emitter, Activation kind, const char *x)
{
    switch (kind) {
    case ACTIVATION_NONE:
        break;
    case ACTIVATION_RELU:
        return emit(emitter, "Relu", NAMES(x));
    case ACTIVATION_RELU6:
        return emit(emitter, "Clip",
                    NAMES(x, emit_number(emitter, "least", 0), emit_number(emitter, "most", 6)));
    case ACTIVATION_SILU:
        return emit(emitter, "Mul", NAMES(x, emit(emitter, "Sigmoid", NAMES(x))));
    }
    return x;
}

void emit_conv_norm(Emitter *emitter)
{
    ConvNormParts parts = nn_conv_norm_parts(emitter->op);
    const char *y = convolution(emitter, &parts.shape, parts.groups, parts.weight, NULL);
    y = emit(emitter, "BatchNormalization",
             NAMES(y, emit_param(emitter, parts.gain), emit_param(emitter, parts.bias),
                   emit_state(emitter, parts.mean), emit_state(emitter, parts.variance)));
    emit_float(emitter, "epsilon", parts.epsilon);
    if (emitter->op->in[1])
        y = emit(emitter, "Add", NAMES(y, emit_input(emitter, 1, CHANNELS_FIRST)));
    emit_output(emitter, CHANNELS_FIRST, activation(emitter, parts.activation, y));
}

/* --- pooling --- */

void emit_max_pool(Emitter *emitter)
{
    ConvShape shape = nn_pool_shape(emitter->op);
    const char *y = emit(emitter, "MaxPool", NAMES(emit_input(emitter, 0, CHANNELS_FIRST)));
    emit_window(emitter, &shape);
    emit_output(emitter, CHANNELS_FIRST, y);
}

void emit_average_pool(Emitter *emitter)
{
    ConvShape shape = nn_pool_shape(emitter->op);
    const char *y = emit(emitter, "AveragePool", NAMES(emit_input(emitter, 0, CHANNELS_FIRST)));
    emit_window(emitter, &shape);
    emit_int(emitter, "count_include_pad", 0);
    emit_output(emitter, CHANNELS_FIRST, y);
}

/* In the layout that there is: nothing is transposed for a mean. */
void emit_mean_pool(Emitter *emitter)
{
    const Value *value = &emitter->value[emitter->op->in[0]->id];
    Layout layout = value->name[CHANNELS_FIRST] ? CHANNELS_FIRST : CHANNELS_LAST;
    static const int axes[LAYOUTS][2] = {{2, 3}, {1, 2}};
    const char *y = emit(emitter, "ReduceMean", NAMES(emit_input(emitter, 0, layout)));
    emit_ints(emitter, "axes", 2, axes[layout]);
    emit_int(emitter, "keepdims", 0);
    emit_output(emitter, CHANNELS_LAST, y);
}

void emit_pad_shortcut(Emitter *emitter)
{
    const Op *op = emitter->op;
    const int *in = op->in[0]->shape.dim, *out = op->out->shape.dim;
    int stride = nn_pad_shortcut_stride(op), before = (out[3] - in[3]) / 2;
    const char *begin = emit_integers(emitter, "begin", 2, (int[]){0, 0});
    const char *end = emit_integers(emitter, "end", 2, (int[]){in[1], in[2]});
    const char *axes = emit_integers(emitter, "axes", 2, (int[]){2, 3});
    const char *step = emit_integers(emitter, "step", 2, (int[]){stride, stride});
    const char *y = emit(emitter, "Slice",
                         NAMES(emit_input(emitter, 0, CHANNELS_FIRST), begin, end, axes, step));
    const char *pads = emit_integers(emitter, "pads", 8,
                                     (int[]){0, before, 0, 0, 0, out[3] - in[3] - before, 0, 0});
    emit_output(emitter, CHANNELS_FIRST, emit(emitter, "Pad", NAMES(y, pads)));
}
