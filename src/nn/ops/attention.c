/*
 * Self-attention (Vaswani et al. 2017), image by image and head by head: with q, k, v (T,d) side by
 * side in the rows of qkv, S = q k^T / sqrt(d), P = softmax(S), out = P v. P is kept for backward or,
 * with graph->recompute, made anew: dP = dout v^T, dS = P (dP - <P,dP>), dq = dS k / sqrt(d), dk = dS^T q / sqrt(d), dv = P^T dout.
 */
#include "nn/ops.h"
#include "nn/parts.h"
#include "nn/run.h"

#include <math.h>

enum { PROBABILITY };

typedef struct Attention {
    int heads;
} Attention;

typedef struct Dims {
    int T, D, heads, d;
    float scale;
} Dims;

static Dims dims_of(const Op *op)
{
    const Attention *options = op->options;
    Dims dims = {op->out->shape.dim[1], op->out->shape.dim[2], options->heads, 0, 0};
    dims.d = dims.D / dims.heads;
    dims.scale = 1 / __builtin_sqrtf((float)dims.d);
    return dims;
}

/* Scratch of one head: P unless it is kept, dS, the logarithms of the softmax. */
static size_t scratch(const Op *op, bool training)
{
    (void)training;
    Dims dims = dims_of(op);
    return 2 * (size_t)dims.T * (size_t)dims.T + (size_t)dims.T;
}

static size_t square(const Dims *dims)
{
    return (size_t)dims->T * (size_t)dims->T;
}

static float *probability_of(const Op *op, const Run *run, const Dims *dims, size_t n, int head)
{
    if (!run->training || !op->saved[PROBABILITY]) return run_scratch(run);
    return run_value(run, op->saved[PROBABILITY]) +
           (n * (size_t)dims->heads + (size_t)head) * square(dims);
}

/* P from q and k */
static void make_probability(const Run *run, const Dims *dims, const float *q, float *p)
{
    float *log_sum = run_scratch(run) + 2 * square(dims);
    run_gemm(run, NO_TRANSPOSE, TRANSPOSE, dims->T, dims->T, dims->d, dims->scale, q, 3 * dims->D,
             q + dims->D, 3 * dims->D, 0, p, dims->T);
    run->kernel->softmax(p, log_sum, p, (size_t)dims->T, dims->T);
}

static void forward(const Op *op, Run *run)
{
    Dims dims = dims_of(op);
    int T = dims.T, D = dims.D, d = dims.d;
    for (size_t n = 0; n < (size_t)run->images; n++)
        for (int head = 0; head < dims.heads; head++) {
            size_t at = (size_t)head * (size_t)d;
            const float *q = run_value(run, op->in[0]) + n * (size_t)T * (size_t)(3 * D) + at;
            float *p = probability_of(op, run, &dims, n, head);
            float *out = run_value(run, op->out) + n * (size_t)T * (size_t)D + at;
            make_probability(run, &dims, q, p);
            run_gemm(run, NO_TRANSPOSE, NO_TRANSPOSE, T, d, T, 1, p, T, q + 2 * D, 3 * D, 0, out,
                     D);
        }
}

static void backward(const Op *op, Run *run)
{
    Dims dims = dims_of(op);
    int T = dims.T, D = dims.D, d = dims.d;
    float *ds = run_scratch(run) + square(&dims), *dqkv = run_grad(run, op, 0);
    if (!dqkv) return;
    for (size_t n = 0; n < (size_t)run->images; n++)
        for (int head = 0; head < dims.heads; head++) {
            size_t at = (size_t)head * (size_t)d, image = n * (size_t)T * (size_t)(3 * D) + at;
            const float *q = run_value(run, op->in[0]) + image;
            float *p = probability_of(op, run, &dims, n, head);
            if (!op->saved[PROBABILITY]) make_probability(run, &dims, q, p);
            const float *dout = run_dout(run, op) + n * (size_t)T * (size_t)D + at;
            float *dq = dqkv + image;
            run_gemm(run, TRANSPOSE, NO_TRANSPOSE, T, d, T, 1, p, T, dout, D, 1, dq + 2 * D, 3 * D);
            run_gemm(run, NO_TRANSPOSE, TRANSPOSE, T, T, d, 1, dout, D, q + 2 * D, 3 * D, 0, ds, T);
            run->kernel->softmax_backward(ds, p, (size_t)T, T);
            run_gemm(run, NO_TRANSPOSE, NO_TRANSPOSE, T, d, T, dims.scale, ds, T, q + D, 3 * D, 1,
                     dq, 3 * D);
            run_gemm(run, TRANSPOSE, NO_TRANSPOSE, T, d, T, dims.scale, ds, T, q, 3 * D, 1, dq + D,
                     3 * D);
        }
}

static const OpType attention_type = {.name = "attention",
                                      .keeps = KEEPS_IN0,
                                      .scratch = scratch,
                                      .forward = forward,
                                      .backward = backward,
                                      .macs = macs_of_token_pairs};

Tensor *nn_attention(Graph *graph, const char *name, Tensor *qkv, int heads)
{
    Attention options = {heads};
    int N = qkv->shape.dim[0], T = qkv->shape.dim[1], D = qkv->shape.dim[2] / 3;
    if (heads < 1 || D % heads != 0) {
        error_set(&graph->err, ERROR_USAGE, "%s%s: %d channels cannot be shared by %d heads",
                  graph->scope, name, D, heads);
        options.heads = heads = 1;
    }
    Op *op = graph_op(graph, &attention_type, name, qkv, NULL, shape_of(3, N, T, D), &options,
                      sizeof options);
    if (!graph->recompute)
        graph_saved(graph, op, PROBABILITY, "probability", shape_of(4, N, heads, T, T))
            ->only_training = true;
    return op->out;
}

int nn_attention_heads(const Op *op)
{
    return ((const Attention *)op->options)->heads;
}
