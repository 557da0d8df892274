/* Linear layer on features. */
#include "nn/ops.h"
#include "nn/run.h"

enum { WEIGHT, BIAS };

static void forward(const Op *op, Run *run)
{
    int D = op->in[0]->shape.dim[1], K = op->out->shape.dim[1];
    float *out = run_value(run, op->out);
    run_gemm(run, NO_TRANSPOSE, TRANSPOSE, run->images, K, D, 1, run_value(run, op->in[0]), D,
             run_param(run, op, WEIGHT), D, 0, out, K);
    run->kernel->bias_add(out, run_param(run, op, BIAS), (size_t)run->images, K);
}

static void backward(const Op *op, Run *run)
{
    int D = op->in[0]->shape.dim[1], K = op->out->shape.dim[1];
    const float *dout = run_dout(run, op);
    run_gemm(run, TRANSPOSE, NO_TRANSPOSE, K, D, run->images, 1, dout, K, run_value(run, op->in[0]),
             D, 0, run_dparam(run, op, WEIGHT), D);
    run->kernel->column_sum(run_dparam(run, op, BIAS), dout, (size_t)run->images, K);
    bool adds = false;
    float *dx = run_grad_raw(run, op, 0, &adds);
    if (!dx) return;
    run_gemm(run, NO_TRANSPOSE, NO_TRANSPOSE, run->images, D, K, 1, dout, K,
             run_param(run, op, WEIGHT), D, adds ? 1 : 0, dx, D);
}

static const OpType linear_type = {
    .name = "linear", .keeps = KEEPS_IN0, .forward = forward, .backward = backward};

Tensor *nn_linear(Graph *graph, const char *name, Tensor *x, Linear options)
{
    int D = x->shape.dim[1];
    Op *op = graph_op(graph, &linear_type, name, x, NULL, shape_of(2, x->shape.dim[0], options.out),
                      NULL, 0);
    graph_push_scope(graph, "%s", name);
    graph_param(graph, op, WEIGHT, "weight", shape_of(2, options.out, D), options.init, true);
    graph_param(graph, op, BIAS, "bias", shape_of(1, options.out), (Init){INIT_CONSTANT, 0}, false);
    graph_pop_scope(graph);
    return op->out;
}
