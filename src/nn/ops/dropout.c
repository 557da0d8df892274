/* Dropout: an element's fate is a word of the draws that belong to its image, so it needs no memory. */
#include "base/random.h"
#include "nn/ops.h"
#include "nn/run.h"

#include <string.h>

typedef struct Dropout {
    float share;
} Dropout;

/* out = x, or 0 where an element is left out, scaled to the same expectation; in place allowed. */
static void drop(float *out, const float *x, const Op *op, const Run *run, size_t n)
{
    const Dropout *options = op->options;
    size_t D = (size_t)op->out->shape.dim[1];
    uint32_t below = (uint32_t)((double)options->share * 0x1p32);
    float factor = 1 / (1 - options->share);
    Random random = random_at(run->seed, RANDOM_DROP, op->name_hash, run->step, run->record[n]);
    for (size_t i = 0; i < D; i++) out[i] = random_u32(&random) < below ? 0 : x[i] * factor;
}

static void forward(const Op *op, Run *run)
{
    size_t D = (size_t)op->out->shape.dim[1];
    const float *x = run_value(run, op->in[0]);
    float *out = run_value(run, op->out);
    if (!run->training) {
        memcpy(out, x, sizeof(float) * D * (size_t)run->images);
        return;
    }
    for (size_t n = 0; n < (size_t)run->images; n++) drop(out + n * D, x + n * D, op, run, n);
}

static void backward(const Op *op, Run *run)
{
    size_t D = (size_t)op->out->shape.dim[1];
    float *dout = run_dout(run, op), *dx = run_grad(run, op, 0);
    if (!dx) return;
    for (size_t n = 0; n < (size_t)run->images; n++) drop(dout + n * D, dout + n * D, op, run, n);
    run->kernel->add(dx, dx, dout, D * (size_t)run->images);
}

static const OpType dropout_type = {.name = "dropout", .forward = forward, .backward = backward};

Tensor *nn_dropout(Graph *graph, const char *name, Tensor *x, float dropout)
{
    Dropout options = {dropout};
    return graph_op(graph, &dropout_type, name, x, NULL, x->shape, &options, sizeof options)->out;
}
