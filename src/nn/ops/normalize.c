/* Normalisation of rows to mean 0 and deviation 1, and, apart, gain and bias. */
#include "nn/ops.h"
#include "nn/parts.h"
#include "nn/run.h"

enum { RSTD };

typedef struct Normalize {
    float epsilon;
} Normalize;

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
    const Normalize *options = op->options;
    run->kernel->normalize_forward(run_value(run, op->out), run_value(run, op->saved[RSTD]),
                                   run_value(run, op->in[0]), rows_of(op, run), channels_of(op),
                                   options->epsilon);
}

static void backward(const Op *op, Run *run)
{
    size_t rows = rows_of(op, run);
    int C = channels_of(op);
    float *dout = run_dout(run, op);
    bool adds = false;
    float *dx = run_grad_raw(run, op, 0, &adds);
    if (!dx) return;
    run->kernel->normalize_backward(adds ? dout : dx, dout, run_value(run, op->out),
                                    run_value(run, op->saved[RSTD]), rows, C);
    if (adds) run->kernel->add(dx, dx, dout, rows * (size_t)C);
}

static const OpType normalize_type = {
    .name = "normalize", .keeps = KEEPS_OUT, .forward = forward, .backward = backward};

Tensor *nn_normalize(Graph *graph, const char *name, Tensor *x, float epsilon)
{
    Normalize options = {epsilon};
    Op *op = graph_op(graph, &normalize_type, name, x, NULL, x->shape, &options, sizeof options);
    Shape rows = x->shape;
    rows.dim[rows.rank - 1] = 1;
    graph_saved(graph, op, RSTD, "rstd", rows);
    return op->out;
}

/* --- gain and bias --- */

enum { GAIN, BIAS };

static void affine_forward(const Op *op, Run *run)
{
    run->kernel->affine_forward(run_value(run, op->out), run_value(run, op->in[0]),
                                run_param(run, op, GAIN), run_param(run, op, BIAS),
                                rows_of(op, run), channels_of(op));
}

static void affine_backward(const Op *op, Run *run)
{
    size_t rows = rows_of(op, run);
    int C = channels_of(op);
    float *dout = run_dout(run, op), *dx = run_grad(run, op, 0);
    run->kernel->affine_backward(dout, run_dparam(run, op, GAIN), run_dparam(run, op, BIAS), dout,
                                 run_value(run, op->in[0]), run_param(run, op, GAIN), rows, C);
    if (dx) run->kernel->add(dx, dx, dout, rows * (size_t)C);
}

static const OpType affine_type = {
    .name = "affine", .keeps = KEEPS_IN0, .forward = affine_forward, .backward = affine_backward};

Tensor *nn_affine(Graph *graph, const char *name, Tensor *x)
{
    Op *op = graph_op(graph, &affine_type, name, x, NULL, x->shape, NULL, 0);
    int C = channels_of(op);
    graph_push_scope(graph, "%s", name);
    graph_param(graph, op, GAIN, "weight", shape_of(1, C), (Init){INIT_CONSTANT, 1}, false);
    graph_param(graph, op, BIAS, "bias", shape_of(1, C), (Init){INIT_CONSTANT, 0}, false);
    graph_pop_scope(graph);
    return op->out;
}

float nn_normalize_epsilon(const Op *op)
{
    return ((const Normalize *)op->options)->epsilon;
}

AffineParts nn_affine_parts(const Op *op)
{
    return (AffineParts){op->param[GAIN], op->param[BIAS]};
}
