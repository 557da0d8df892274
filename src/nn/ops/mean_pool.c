/* Mean over height and width. */
#include "nn/ops.h"
#include "nn/run.h"

static size_t pixels_of(const Op *op)
{
    return (size_t)op->in[0]->shape.dim[1] * (size_t)op->in[0]->shape.dim[2];
}

static void forward(const Op *op, Run *run)
{
    size_t pixels = pixels_of(op), C = (size_t)op->out->shape.dim[1];
    const float *x = run_value(run, op->in[0]);
    float *out = run_value(run, op->out);
    for (size_t n = 0; n < (size_t)run->images; n++)
        run->kernel->column_sum(out + n * C, x + n * pixels * C, pixels, (int)C);
    run->kernel->scale(out, out, 1 / (float)pixels, (size_t)run->images * C);
}

static void backward(const Op *op, Run *run)
{
    size_t pixels = pixels_of(op), C = (size_t)op->out->shape.dim[1];
    float *dout = run_dout(run, op), *dx = run_grad(run, op, 0);
    if (!dx) return;
    run->kernel->scale(dout, dout, 1 / (float)pixels, (size_t)run->images * C);
    for (size_t n = 0; n < (size_t)run->images; n++)
        run->kernel->bias_add(dx + n * pixels * C, dout + n * C, pixels, (int)C);
}

static const OpType mean_pool_type = {
    .name = "mean_pool", .forward = forward, .backward = backward};

Tensor *nn_mean_pool(Graph *graph, const char *name, Tensor *x)
{
    return graph_op(graph, &mean_pool_type, name, x, NULL,
                    shape_of(2, x->shape.dim[0], x->shape.dim[3]), NULL, 0)
        ->out;
}
