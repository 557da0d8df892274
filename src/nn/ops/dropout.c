/* Dropout (Srivastava et al. 2014): single features are hidden in training, the others grow to make up for
 * them. An element's fate is a word of the draws that belong to its image, so backward draws them again. */
#include "base/random.h"
#include "nn/ops.h"
#include "nn/run.h"

#include <string.h>

typedef struct Dropout {
    float probability;
} Dropout;

/* Elements of an image. */
static size_t width_of(const Op *op)
{
    return shape_count(op->out->shape) / (size_t)op->out->shape.dim[0];
}

/* x (images,D) times 0 or 1 / keep probability. */
static void mask(const Op *op, const Run *run, float *x)
{
    const Dropout *dropout = op->options;
    size_t D = width_of(op);
    uint32_t below = (uint32_t)((double)dropout->probability * 0x1p32);
    float kept = 1 / (1 - dropout->probability);
    for (size_t n = 0; n < (size_t)run->images; n++) {
        Random random = random_at(run->seed, RANDOM_DROP, op->name_hash, run->step, run->record[n]);
        for (size_t i = 0; i < D; i++)
            x[n * D + i] = random_u32(&random) < below ? 0 : x[n * D + i] * kept;
    }
}

static void forward(const Op *op, Run *run)
{
    float *out = run_value(run, op->out);
    memcpy(out, run_value(run, op->in[0]), sizeof *out * width_of(op) * (size_t)run->images);
    if (run->training) mask(op, run, out);
}

static void backward(const Op *op, Run *run)
{
    float *dout = run_dout(run, op), *dx = run_grad(run, op, 0);
    if (!dx) return;
    if (run->training) mask(op, run, dout);
    run->kernel->add(dx, dx, dout, width_of(op) * (size_t)run->images);
}

static const OpType dropout_type = {.name = "dropout", .forward = forward, .backward = backward};

Tensor *nn_dropout(Graph *graph, const char *name, Tensor *x, float probability)
{
    Dropout options = {probability};
    return graph_op(graph, &dropout_type, name, x, NULL, x->shape, &options, sizeof options)->out;
}
