/* Max and average pooling over windows. */
#include "conv.h"
#include "nn/ops.h"
#include "nn/parts.h"

static const ConvShape *shape_at(const Op *op)
{
    return op->options;
}

static size_t in_image(const ConvShape *s)
{
    return (size_t)s->height * (size_t)s->width * (size_t)s->channels;
}

static size_t out_image(const ConvShape *s)
{
    return (size_t)s->out_height * (size_t)s->out_width * (size_t)s->channels;
}

static void max_forward(const Op *op, Run *run)
{
    const ConvShape *shape = shape_at(op);
    for (size_t n = 0; n < (size_t)run->images; n++, run_poll(run))
        run->kernel->max_pool_forward(run_value(run, op->out) + n * out_image(shape),
                                      run_value(run, op->in[0]) + n * in_image(shape), shape);
}

static void max_backward(const Op *op, Run *run)
{
    const ConvShape *shape = shape_at(op);
    bool adds = false;
    float *dx = run_grad_raw(run, op, 0, &adds);
    for (size_t n = 0; dx && n < (size_t)run->images; n++) {
        size_t out = n * out_image(shape), in = n * in_image(shape);
        run->kernel->max_pool_backward(dx + in, run_dout(run, op) + out,
                                       run_value(run, op->in[0]) + in,
                                       run_value(run, op->out) + out, shape, adds);
        run_poll(run);
    }
}

static void average_forward(const Op *op, Run *run)
{
    const ConvShape *shape = shape_at(op);
    for (size_t n = 0; n < (size_t)run->images; n++, run_poll(run))
        run->kernel->average_pool_forward(run_value(run, op->out) + n * out_image(shape),
                                          run_value(run, op->in[0]) + n * in_image(shape), shape);
}

static void average_backward(const Op *op, Run *run)
{
    const ConvShape *shape = shape_at(op);
    float *dx = run_grad(run, op, 0);
    for (size_t n = 0; dx && n < (size_t)run->images; n++, run_poll(run))
        run->kernel->average_pool_backward(dx + n * in_image(shape),
                                           run_dout(run, op) + n * out_image(shape), shape);
}

static const OpType max_pool_type = {.name = "max_pool",
                                     .keeps = KEEPS_IN0 | KEEPS_OUT,
                                     .forward = max_forward,
                                     .backward = max_backward};
static const OpType average_pool_type = {
    .name = "average_pool", .forward = average_forward, .backward = average_backward};

/* A last window that hangs over the edge must still begin inside the image or its left padding. */
static int hanging(int size, int out, Pool2d pool)
{
    int reach = (out - 1) * pool.stride + pool.kernel - pool.padding;
    return pool.ceil && reach < size + pool.padding && out * pool.stride < size + pool.padding;
}

static Tensor *add_pool(Graph *graph, const OpType *type, const char *name, Tensor *x, Pool2d pool)
{
    ConvShape shape = conv_shape(graph, name, x, pool.kernel, pool.stride, pool.padding);
    shape.out_height += hanging(shape.height, shape.out_height, pool);
    shape.out_width += hanging(shape.width, shape.out_width, pool);
    Shape out = shape_of(4, x->shape.dim[0], shape.out_height, shape.out_width, shape.channels);
    return graph_op(graph, type, name, x, NULL, out, &shape, sizeof shape)->out;
}

Tensor *nn_max_pool(Graph *graph, const char *name, Tensor *x, Pool2d options)
{
    return add_pool(graph, &max_pool_type, name, x, options);
}

Tensor *nn_average_pool(Graph *graph, const char *name, Tensor *x, Pool2d options)
{
    return add_pool(graph, &average_pool_type, name, x, options);
}

ConvShape nn_pool_shape(const Op *op)
{
    return *shape_at(op);
}
