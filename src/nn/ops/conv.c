/*
 * Convolution as a product with the patch matrix (im2col), in tiles of output pixels small enough
 * that a tile of patches stays in the second-level cache; and the op with a bias.
 */
#include "conv.h"

#include "nn/ops.h"

enum { TILE_FLOATS = 128 * 1024 };

ConvShape conv_shape(Graph *graph, const char *name, const Tensor *x, int kernel, int stride,
                     int padding)
{
    int height = x->shape.dim[1], width = x->shape.dim[2];
    ConvShape shape = {.height = height,
                       .width = width,
                       .channels = x->shape.dim[3],
                       .kernel = kernel,
                       .stride = stride,
                       .padding = padding,
                       .out_height = (height + 2 * padding - kernel) / stride + 1,
                       .out_width = (width + 2 * padding - kernel) / stride + 1};
    if (height + 2 * padding < kernel || width + 2 * padding < kernel) {
        error_set(
            &graph->err, ERROR_USAGE,
            "%s%s: its input is %d x %d pixels, its kernel %d x %d; use a larger `image` or a "
            "smaller `trunk.patch`",
            graph->scope, name, height, width, kernel, kernel);
        shape.out_height = shape.out_width = 1;
    }
    return shape;
}

static int patch_floats(const ConvShape *shape)
{
    return shape->kernel * shape->kernel * shape->channels;
}

static int tile_rows(const ConvShape *shape)
{
    int rows = TILE_FLOATS / patch_floats(shape), all = shape->out_height * shape->out_width;
    if (rows < 48) rows = 48;
    return rows < all ? rows : all;
}

size_t conv_scratch(const ConvShape *shape)
{
    return (size_t)tile_rows(shape) * (size_t)patch_floats(shape);
}

void conv_image_forward(const Run *run, float *out, const float *x, const float *weight,
                        const ConvShape *shape, int out_channels, float *scratch)
{
    int all = shape->out_height * shape->out_width, tile = tile_rows(shape),
        k = patch_floats(shape);
    for (int begin = 0; begin < all; begin += tile) {
        int end = begin + tile < all ? begin + tile : all;
        run->kernel->im2col(scratch, x, shape, begin, end);
        run_gemm(run, NO_TRANSPOSE, TRANSPOSE, end - begin, out_channels, k, 1, scratch, k, weight,
                 k, 0, out + (size_t)begin * (size_t)out_channels, out_channels);
    }
}

void conv_image_backward(const Run *run, float *dx, float *dweight, float beta, const float *dout,
                         const float *x, const float *weight, const ConvShape *shape,
                         int out_channels, float *scratch)
{
    int all = shape->out_height * shape->out_width, tile = tile_rows(shape),
        k = patch_floats(shape);
    for (int begin = 0; begin < all; begin += tile) {
        int end = begin + tile < all ? begin + tile : all;
        const float *dout_tile = dout + (size_t)begin * (size_t)out_channels;
        run->kernel->im2col(scratch, x, shape, begin, end);
        run_gemm(run, TRANSPOSE, NO_TRANSPOSE, out_channels, k, end - begin, 1, dout_tile,
                 out_channels, scratch, k, begin ? 1 : beta, dweight, k);
        if (!dx) continue;
        run_gemm(run, NO_TRANSPOSE, NO_TRANSPOSE, end - begin, k, out_channels, 1, dout_tile,
                 out_channels, weight, k, 0, scratch, k);
        run->kernel->col2im_add(dx, scratch, shape, begin, end);
    }
}

enum { WEIGHT, BIAS };

typedef struct ConvOptions {
    ConvShape shape;
    int out_channels;
} ConvOptions;

static size_t scratch(const Op *op, bool training)
{
    (void)training;
    return conv_scratch(&((const ConvOptions *)op->options)->shape);
}

static size_t in_image(const ConvShape *shape)
{
    return (size_t)shape->height * (size_t)shape->width * (size_t)shape->channels;
}

static size_t out_rows(const ConvShape *shape)
{
    return (size_t)shape->out_height * (size_t)shape->out_width;
}

static void forward(const Op *op, Run *run)
{
    const ConvOptions *options = op->options;
    const ConvShape *shape = &options->shape;
    const float *x = run_value(run, op->in[0]);
    float *out = run_value(run, op->out);
    size_t rows = out_rows(shape), channels = (size_t)options->out_channels;
    for (size_t n = 0; n < (size_t)run->images; n++) {
        float *out_image = out + n * rows * channels;
        conv_image_forward(run, out_image, x + n * in_image(shape), run_param(run, op, WEIGHT),
                           shape, options->out_channels, run_scratch(run));
        run->kernel->bias_add(out_image, run_param(run, op, BIAS), rows, options->out_channels);
        run_poll(run);
    }
}

static void backward(const Op *op, Run *run)
{
    const ConvOptions *options = op->options;
    const ConvShape *shape = &options->shape;
    const float *x = run_value(run, op->in[0]), *dout = run_dout(run, op);
    float *dx = run_grad(run, op, 0);
    size_t rows = out_rows(shape), channels = (size_t)options->out_channels;
    for (size_t n = 0; n < (size_t)run->images; n++)
        conv_image_backward(run, dx ? dx + n * in_image(shape) : NULL, run_dparam(run, op, WEIGHT),
                            n ? 1 : 0, dout + n * rows * channels, x + n * in_image(shape),
                            run_param(run, op, WEIGHT), shape, options->out_channels,
                            run_scratch(run));
    run->kernel->column_sum(run_dparam(run, op, BIAS), dout, (size_t)run->images * rows,
                            options->out_channels);
}

static const OpType conv_type = {.name = "conv",
                                 .keeps = KEEPS_IN0,
                                 .scratch = scratch,
                                 .forward = forward,
                                 .backward = backward};

Tensor *nn_conv(Graph *graph, const char *name, Tensor *x, Conv conv)
{
    ConvOptions options = {conv_shape(graph, name, x, conv.kernel, conv.stride, conv.padding),
                           conv.out_channels};
    Op *op = graph_op(graph, &conv_type, name, x, NULL,
                      shape_of(4, x->shape.dim[0], options.shape.out_height,
                               options.shape.out_width, conv.out_channels),
                      &options, sizeof options);
    graph_push_scope(graph, "%s", name);
    graph_param(graph, op, WEIGHT, "weight",
                shape_of(4, conv.out_channels, conv.kernel, conv.kernel, x->shape.dim[3]),
                conv.init, true);
    graph_param(graph, op, BIAS, "bias", shape_of(1, conv.out_channels), (Init){INIT_CONSTANT, 0},
                false);
    graph_pop_scope(graph);
    return op->out;
}
