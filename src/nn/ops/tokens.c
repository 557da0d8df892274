/* Patches as a sequence of tokens, and a sequence as one row of features. */
#include "nn/ops.h"
#include "nn/parts.h"
#include "nn/run.h"

#include <string.h>

/* --- patches to tokens --- */

enum { POSITION, CLASS };

static size_t token_floats(const Op *op)
{
    return (size_t)op->out->shape.dim[1] * (size_t)op->out->shape.dim[2];
}

/* Floats of the class token, 0 if there is none. */
static size_t class_floats(const Op *op)
{
    return op->param[CLASS] ? op->param[CLASS]->count : 0;
}

static void tokens_forward(const Op *op, Run *run)
{
    size_t all = token_floats(op), head = class_floats(op), patches = all - head;
    const float *place = run_param(run, op, POSITION);
    for (size_t n = 0; n < (size_t)run->images; n++) {
        float *out = run_value(run, op->out) + n * all;
        if (head) run->kernel->add(out, run_param(run, op, CLASS), place, head);
        run->kernel->add(out + head, run_value(run, op->in[0]) + n * patches, place + head,
                         patches);
    }
}

static void tokens_backward(const Op *op, Run *run)
{
    size_t all = token_floats(op), head = class_floats(op), patches = all - head;
    const float *dout = run_dout(run, op);
    float *dplace = run_dparam(run, op, POSITION), *dx = run_grad(run, op, 0);
    memset(dplace, 0, sizeof(float) * all);
    for (size_t n = 0; n < (size_t)run->images; n++) {
        run->kernel->add(dplace, dplace, dout + n * all, all);
        if (dx)
            run->kernel->add(dx + n * patches, dx + n * patches, dout + n * all + head, patches);
    }
    if (head) memcpy(run_dparam(run, op, CLASS), dplace, sizeof(float) * head);
}

static const OpType tokens_type = {
    .name = "tokens", .forward = tokens_forward, .backward = tokens_backward};

Tensor *nn_tokens(Graph *graph, const char *name, Tensor *patches, bool class_token)
{
    const int *dim = patches->shape.dim;
    int T = dim[1] * dim[2] + class_token, D = dim[3];
    Op *op = graph_op(graph, &tokens_type, name, patches, NULL, shape_of(3, dim[0], T, D), NULL, 0);
    if (class_token)
        graph_param(graph, op, CLASS, "cls_token", shape_of(1, D), (Init){INIT_NORMAL, 1e-6},
                    false);
    graph_param(graph, op, POSITION, "pos_embed", shape_of(2, T, D),
                (Init){INIT_TRUNC_NORMAL, 0.02}, false);
    return op->out;
}

/* --- tokens to features --- */

static void pool_forward(const Op *op, Run *run)
{
    const TokenRange *range = op->options;
    size_t T = (size_t)op->in[0]->shape.dim[1], D = (size_t)op->out->shape.dim[1];
    float *out = run_value(run, op->out);
    for (size_t n = 0; n < (size_t)run->images; n++)
        run->kernel->column_sum(out + n * D,
                                run_value(run, op->in[0]) + (n * T + (size_t)range->begin) * D,
                                (size_t)range->count, (int)D);
    run->kernel->scale(out, out, 1 / (float)range->count, (size_t)run->images * D);
}

static void pool_backward(const Op *op, Run *run)
{
    const TokenRange *range = op->options;
    size_t T = (size_t)op->in[0]->shape.dim[1], D = (size_t)op->out->shape.dim[1];
    float *dout = run_dout(run, op), *dx = run_grad(run, op, 0);
    if (!dx) return;
    run->kernel->scale(dout, dout, 1 / (float)range->count, (size_t)run->images * D);
    for (size_t n = 0; n < (size_t)run->images; n++)
        run->kernel->bias_add(dx + (n * T + (size_t)range->begin) * D, dout + n * D,
                              (size_t)range->count, (int)D);
}

static const OpType pool_type = {
    .name = "pool_tokens", .forward = pool_forward, .backward = pool_backward};

static Tensor *pool_range(Graph *graph, const char *name, Tensor *x, TokenRange range)
{
    return graph_op(graph, &pool_type, name, x, NULL, shape_of(2, x->shape.dim[0], x->shape.dim[2]),
                    &range, sizeof range)
        ->out;
}

Tensor *nn_first_token(Graph *graph, const char *name, Tensor *x)
{
    return pool_range(graph, name, x, (TokenRange){0, 1});
}

Tensor *nn_mean_tokens(Graph *graph, const char *name, Tensor *x, int skip)
{
    return pool_range(graph, name, x, (TokenRange){skip, x->shape.dim[1] - skip});
}

TokensParts nn_tokens_parts(const Op *op)
{
    return (TokensParts){op->param[POSITION], op->param[CLASS]};
}

TokenRange nn_pool_tokens_range(const Op *op)
{
    return *(const TokenRange *)op->options;
}
