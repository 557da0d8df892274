/*
 * Attention pooling with one learnt vector w: places x_t (D), scores s_t = <w,x_t> / sqrt(D), p = softmax(s), out =
 * sum_t p_t x_t. Backward: dp_t = <dout,x_t>, ds = p (dp - <p,dp>), dw = sum_t ds_t x_t / sqrt(D),
 * dx_t = p_t dout + ds_t w / sqrt(D).
 */
#include "nn/ops.h"
#include "nn/parts.h"
#include "nn/run.h"

#include <string.h>

enum { WEIGHT };
enum { PROBABILITY };

static int width_of(const Op *op)
{
    return op->out->shape.dim[1];
}

static int places_of(const Op *op)
{
    size_t image = shape_count(op->in[0]->shape) / (size_t)op->in[0]->shape.dim[0];
    return (int)(image / (size_t)width_of(op));
}

static float scale_of(const Op *op)
{
    return 1 / __builtin_sqrtf((float)width_of(op));
}

/* Gradient of the scores; the logarithm of the softmax. */
static size_t scratch(const Op *op, bool training)
{
    (void)training;
    return (size_t)places_of(op) + 1;
}

static void forward(const Op *op, Run *run)
{
    int T = places_of(op), D = width_of(op);
    const float *weight = run_param(run, op, WEIGHT);
    float scale = scale_of(op);
    for (size_t n = 0; n < (size_t)run->images; n++, run_poll(run)) {
        const float *x = run_value(run, op->in[0]) + n * (size_t)T * (size_t)D;
        float *p = run_value(run, op->saved[PROBABILITY]) + n * (size_t)T;
        for (int t = 0; t < T; t++)
            p[t] = scale * run->kernel->dot(weight, x + (size_t)t * (size_t)D, (size_t)D);
        run->kernel->softmax(p, run_scratch(run), p, 1, T);
        run_gemm(run, NO_TRANSPOSE, NO_TRANSPOSE, 1, D, T, 1, p, T, x, D, 0,
                 run_value(run, op->out) + n * (size_t)D, D);
    }
}

static void backward(const Op *op, Run *run)
{
    int T = places_of(op), D = width_of(op);
    float *ds = run_scratch(run), *dweight = run_dparam(run, op, WEIGHT), scale = scale_of(op);
    float *dx = run_grad(run, op, 0);
    memset(dweight, 0, sizeof(float) * (size_t)D);
    for (size_t n = 0; n < (size_t)run->images; n++, run_poll(run)) {
        size_t image = n * (size_t)T * (size_t)D;
        const float *x = run_value(run, op->in[0]) + image;
        const float *p = run_value(run, op->saved[PROBABILITY]) + n * (size_t)T;
        const float *dout = run_dout(run, op) + n * (size_t)D;
        for (int t = 0; t < T; t++)
            ds[t] = run->kernel->dot(dout, x + (size_t)t * (size_t)D, (size_t)D);
        run->kernel->softmax_backward(ds, p, 1, T);
        run_gemm(run, NO_TRANSPOSE, NO_TRANSPOSE, 1, D, T, scale, ds, T, x, D, 1, dweight, D);
        if (!dx) continue;
        run_gemm(run, NO_TRANSPOSE, NO_TRANSPOSE, T, D, 1, 1, p, 1, dout, D, 1, dx + image, D);
        run_gemm(run, NO_TRANSPOSE, NO_TRANSPOSE, T, D, 1, scale, ds, 1, run_param(run, op, WEIGHT),
                 D, 1, dx + image, D);
    }
}

static const OpType attention_pool_type = {.name = "attention_pool",
                                           .keeps = KEEPS_IN0,
                                           .scratch = scratch,
                                           .forward = forward,
                                           .backward = backward};

Tensor *nn_attention_pool(Graph *graph, const char *name, Tensor *x)
{
    int N = x->shape.dim[0], D = x->shape.dim[x->shape.rank - 1];
    Op *op = graph_op(graph, &attention_pool_type, name, x, NULL, shape_of(2, N, D), NULL, 0);
    graph_push_scope(graph, "%s", name);
    graph_param(graph, op, WEIGHT, "weight", shape_of(1, D), (Init){INIT_CONSTANT, 0}, false);
    graph_saved(graph, op, PROBABILITY, "probability", shape_of(2, N, places_of(op)));
    graph_pop_scope(graph);
    return op->out;
}

const Param *nn_attention_pool_weight(const Op *op)
{
    return op->param[WEIGHT];
}
