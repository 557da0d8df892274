/* Option-A shortcut of CIFAR ResNets (He et al. 2016, section 4.2): subsample, pad channels with
 * zeros. */
#include "nn/ops.h"
#include "nn/parts.h"
#include "nn/run.h"

#include <string.h>

/* Where the pixels of image n, output row y begin in input and output. */
static size_t in_row(const Op *op, size_t n, size_t y)
{
    const PadShortcut *options = op->options;
    const int *dim = op->in[0]->shape.dim;
    return ((n * (size_t)dim[1] + y * (size_t)options->stride) * (size_t)dim[2]) * (size_t)dim[3];
}

static void forward(const Op *op, Run *run)
{
    const PadShortcut *options = op->options;
    const int *dim = op->out->shape.dim;
    size_t C = (size_t)op->in[0]->shape.dim[3], D = (size_t)dim[3], before = (D - C) / 2;
    const float *x = run_value(run, op->in[0]);
    float *out = run_value(run, op->out);
    memset(out, 0, sizeof(float) * (size_t)run->images * (size_t)dim[1] * (size_t)dim[2] * D);
    for (size_t n = 0; n < (size_t)run->images; n++)
        for (size_t y = 0; y < (size_t)dim[1]; y++)
            for (size_t w = 0; w < (size_t)dim[2]; w++)
                memcpy(out + ((n * (size_t)dim[1] + y) * (size_t)dim[2] + w) * D + before,
                       x + in_row(op, n, y) + w * (size_t)options->stride * C, sizeof(float) * C);
}

static void backward(const Op *op, Run *run)
{
    const PadShortcut *options = op->options;
    const int *dim = op->out->shape.dim;
    size_t C = (size_t)op->in[0]->shape.dim[3], D = (size_t)dim[3], before = (D - C) / 2;
    const float *dout = run_dout(run, op);
    float *dx = run_grad(run, op, 0);
    if (!dx) return;
    for (size_t n = 0; n < (size_t)run->images; n++)
        for (size_t y = 0; y < (size_t)dim[1]; y++)
            for (size_t w = 0; w < (size_t)dim[2]; w++) {
                float *pixel = dx + in_row(op, n, y) + w * (size_t)options->stride * C;
                run->kernel->add(
                    pixel, pixel,
                    dout + ((n * (size_t)dim[1] + y) * (size_t)dim[2] + w) * D + before, C);
            }
}

static const OpType pad_shortcut_type = {
    .name = "pad_shortcut", .forward = forward, .backward = backward};

Tensor *nn_pad_shortcut(Graph *graph, const char *name, Tensor *x, PadShortcut options)
{
    const int *dim = x->shape.dim;
    int s = options.stride;
    Shape shape =
        shape_of(4, dim[0], (dim[1] + s - 1) / s, (dim[2] + s - 1) / s, options.out_channels);
    return graph_op(graph, &pad_shortcut_type, name, x, NULL, shape, &options, sizeof options)->out;
}

int nn_pad_shortcut_stride(const Op *op)
{
    return ((const PadShortcut *)op->options)->stride;
}
