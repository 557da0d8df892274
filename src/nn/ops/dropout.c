/* Dropout (Srivastava et al. 2014): single features are hidden in training, the others grow to make up for
 * them. Which ones follows from (seed, op, step, record), so backward draws them again. */
#include "base/random.h"
#include "nn/ops.h"
#include "nn/run.h"

#include <string.h>

typedef struct Dropout {
    float probability;
} Dropout;

/* x (images,D) times 0 or 1 / keep probability. */
static void mask(const Op *op, const Run *run, float *x)
{
    const Dropout *dropout = op->options;
    Shape shape = op->out->shape;
    size_t D = shape_count(shape) / (size_t)shape.dim[0];
    float kept = 1 / (1 - dropout->probability);
    for (size_t n = 0; n < (size_t)run->images; n++) {
        Random random = random_at(run->seed, RANDOM_DROP, op->name_hash, run->step, run->record[n]);
        for (size_t i = 0; i < D; i++)
            x[n * D + i] *= random_uniform(&random) < (double)dropout->probability ? 0 : kept;
    }
}

static size_t count_of(const Op *op, const Run *run)
{
    Shape shape = op->out->shape;
    shape.dim[0] = run->images;
    return shape_count(shape);
}

static void forward(const Op *op, Run *run)
{
    float *out = run_value(run, op->out);
    memcpy(out, run_value(run, op->in[0]), sizeof *out * count_of(op, run));
    if (run->training) mask(op, run, out);
}

static void backward(const Op *op, Run *run)
{
    float *dout = run_dout(run, op), *dx = run_grad(run, op, 0);
    if (!dx) return;
    if (run->training) mask(op, run, dout);
    run->kernel->add(dx, dx, dout, count_of(op, run));
}

static const OpType dropout_type = {.name = "dropout", .forward = forward, .backward = backward};

Tensor *nn_dropout(Graph *graph, const char *name, Tensor *x, float probability)
{
    Dropout options = {probability};
    return graph_op(graph, &dropout_type, name, x, NULL, x->shape, &options, sizeof options)->out;
}
