/* Convolution with a bias. */
#include "conv.h"

#include "nn/ops.h"
#include "nn/parts.h"

enum { WEIGHT, BIAS };

static size_t prepared(const Op *op)
{
    return conv_prepared(op->options);
}

static void prepare(const Op *op, const float *value, float *out)
{
    conv_prepare(op->options, value + op->param[WEIGHT]->offset, out);
}

static size_t scratch(const Op *op, bool training)
{
    (void)training;
    return conv_scratch(op->options);
}

static ConvCall call_of(const Op *op, const Run *run, ConvRowsFn *rows)
{
    return (ConvCall){
        op,  run, op->options, run_param(run, op, WEIGHT), run_prepared(run, op), run_scratch(run),
        rows};
}

static void add_bias(const Op *op, const Run *run, size_t begin, size_t end)
{
    int N = op->out->shape.dim[3];
    run->kernel->bias_add(run_value(run, op->out) + begin * (size_t)N, run_param(run, op, BIAS),
                          end - begin, N);
}

static void forward(const Op *op, Run *run)
{
    const Convolution *conv = op->options;
    ConvCall call = call_of(op, run, add_bias);
    conv->method->forward(&call, run_value(run, op->out), run_value(run, op->in[0]));
}

static void backward(const Op *op, Run *run)
{
    const Convolution *conv = op->options;
    const float *dout = run_dout(run, op);
    ConvCall call = call_of(op, run, NULL);
    bool adds = false;
    float *dx = run_grad_raw(run, op, 0, &adds);
    run->kernel->column_sum(run_dparam(run, op, BIAS), dout,
                            (size_t)run->images * conv_out_pixels(&conv->shape),
                            conv->out_channels);
    conv->method->backward(&call, dx, adds, run_dparam(run, op, WEIGHT), dout,
                           run_value(run, op->in[0]));
}

static const OpType conv_type = {.name = "conv",
                                 .keeps = KEEPS_IN0,
                                 .scratch = scratch,
                                 .prepared = prepared,
                                 .prepare = prepare,
                                 .forward = forward,
                                 .backward = backward,
                                 .macs = macs_of_weights};

Tensor *nn_conv(Graph *graph, const char *name, Tensor *x, Conv conv)
{
    Convolution options = {.shape =
                               conv_shape(graph, name, x, conv.kernel, conv.stride, conv.padding),
                           .groups = conv_groups(x->shape.dim[3], conv.out_channels, 1),
                           .out_channels = conv.out_channels,
                           .images = x->shape.dim[0],
                           .has_backward = !graph->only_evaluation,
                           .wants_dx = x->wants_grad};
    conv_choose(&options, graph->conv);
    Op *op = graph_op(graph, &conv_type, name, x, NULL,
                      shape_of(4, x->shape.dim[0], options.shape.out_height,
                               options.shape.out_width, conv.out_channels),
                      &options, sizeof options);
    graph_push_scope(graph, "%s", name);
    graph_param(graph, op, WEIGHT, "weight",
                shape_of(4, conv.out_channels, conv.kernel, conv.kernel, x->shape.dim[3]),
                conv.init, true);
    graph_param(graph, op, BIAS, "bias", shape_of(1, conv.out_channels), (Init){INIT_CONSTANT, 0},
                false);
    graph_pop_scope(graph);
    return op->out;
}

ConvParts nn_conv_parts(const Op *op)
{
    const Convolution *conv = op->options;
    return (ConvParts){conv->shape, op->param[WEIGHT], op->param[BIAS]};
}
