/* Layer normalisation with gain and bias. Keeps the normalised rows and 1/deviation, not the input.
 */
#include "nn/ops.h"
#include "nn/parts.h"
#include "nn/run.h"

enum { GAIN, BIAS };
enum { XHAT, RSTD };

typedef struct LayerNorm {
    float epsilon;
} LayerNorm;

static int channels_of(const Op *op)
{
    return op->out->shape.dim[op->out->shape.rank - 1];
}

static size_t rows_of(const Op *op, const Run *run)
{
    Shape shape = op->out->shape;
    shape.dim[0] = run->images;
    return shape_count(shape) / (size_t)channels_of(op);
}

static void forward(const Op *op, Run *run)
{
    const LayerNorm *options = op->options;
    float *xhat = run_value(run, op->saved[XHAT]);
    size_t rows = rows_of(op, run);
    int C = channels_of(op);
    run->kernel->normalize_forward(xhat, run_value(run, op->saved[RSTD]), run_value(run, op->in[0]),
                                   rows, C, options->epsilon);
    run->kernel->affine_forward(run_value(run, op->out), xhat, run_param(run, op, GAIN),
                                run_param(run, op, BIAS), rows, C);
}

static void backward(const Op *op, Run *run)
{
    const float *xhat = run_value(run, op->saved[XHAT]);
    float *dout = run_dout(run, op);
    size_t rows = rows_of(op, run);
    int C = channels_of(op);
    run->kernel->affine_backward(dout, run_dparam(run, op, GAIN), run_dparam(run, op, BIAS), dout,
                                 xhat, run_param(run, op, GAIN), rows, C);
    bool adds;
    float *dx = run_grad_raw(run, op, 0, &adds);
    if (!dx) return;
    run->kernel->normalize_backward(adds ? dout : dx, dout, xhat, run_value(run, op->saved[RSTD]),
                                    rows, C);
    if (adds) run->kernel->add(dx, dx, dout, rows * (size_t)C);
}

static const OpType layernorm_type = {
    .name = "layernorm", .forward = forward, .backward = backward};

Tensor *nn_layernorm(Graph *graph, const char *name, Tensor *x, float epsilon)
{
    LayerNorm options = {epsilon};
    Op *op = graph_op(graph, &layernorm_type, name, x, NULL, x->shape, &options, sizeof options);
    int C = channels_of(op);
    graph_push_scope(graph, "%s", name);
    graph_param(graph, op, GAIN, "weight", shape_of(1, C), (Init){INIT_CONSTANT, 1}, false);
    graph_param(graph, op, BIAS, "bias", shape_of(1, C), (Init){INIT_CONSTANT, 0}, false);
    graph_saved(graph, op, XHAT, "xhat", x->shape);
    Shape rows = x->shape;
    rows.dim[rows.rank - 1] = 1;
    graph_saved(graph, op, RSTD, "rstd", rows);
    graph_pop_scope(graph);
    return op->out;
}

AffineParts nn_layernorm_parts(const Op *op, float *epsilon)
{
    *epsilon = ((const LayerNorm *)op->options)->epsilon;
    return (AffineParts){op->param[GAIN], op->param[BIAS]};
}
