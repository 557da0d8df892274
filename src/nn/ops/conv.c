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

/* Output pixels of one tile, were there enough of them. */
static int tile_rows(const ConvShape *shape)
{
    int rows = TILE_FLOATS / patch_floats(shape);
    return rows < 48 ? 48 : rows;
}

/* How a lane is cut: several whole images to a tile, or one image into several tiles. */
typedef struct Tiling {
    int images; /* per tile */
    int rows;   /* output pixels per tile and image */
} Tiling;

static Tiling tiling_of(const ConvShape *shape, int images)
{
    int all = shape->out_height * shape->out_width, rows = tile_rows(shape);
    if (rows < all) return (Tiling){1, rows};
    int fit = rows / all;
    return (Tiling){fit < images ? fit : images, all};
}

size_t conv_scratch(const ConvShape *shape, int images)
{
    Tiling tiling = tiling_of(shape, images);
    return (size_t)tiling.images * (size_t)tiling.rows * (size_t)patch_floats(shape);
}

static size_t in_image(const ConvShape *shape)
{
    return (size_t)shape->height * (size_t)shape->width * (size_t)shape->channels;
}

static size_t out_pixels(const ConvShape *shape)
{
    return (size_t)shape->out_height * (size_t)shape->out_width;
}

/* A tile: images [image, image + images), output pixels [begin, end) of each. */
typedef struct Tile {
    int image, images, begin, end;
} Tile;

/* The tile after `tile`; false: there is none. Start with images = 0. */
static bool next_tile(Tile *tile, const ConvShape *shape, int images)
{
    Tiling tiling = tiling_of(shape, images);
    int all = (int)out_pixels(shape);
    bool first = tile->images == 0;
    if (!first && tile->end < all) {
        tile->begin = tile->end;
    } else {
        tile->image += tile->images;
        tile->begin = 0;
        if (tile->image >= images) return false;
    }
    int left = images - tile->image, rows = all - tile->begin;
    tile->images = tiling.images < left ? tiling.images : left;
    tile->end = tile->begin + (tiling.rows < rows ? tiling.rows : rows);
    return true;
}

static int rows_of(const Tile *tile)
{
    return tile->images * (tile->end - tile->begin);
}

static void gather(const Run *run, float *columns, const float *x, const ConvShape *shape,
                   const Tile *tile)
{
    size_t step = (size_t)(tile->end - tile->begin) * (size_t)patch_floats(shape);
    for (int n = 0; n < tile->images; n++)
        run->kernel->im2col(columns + (size_t)n * step,
                            x + (size_t)(tile->image + n) * in_image(shape), shape, tile->begin,
                            tile->end);
}

static void scatter(const Run *run, float *dx, const float *columns, const ConvShape *shape,
                    const Tile *tile)
{
    size_t step = (size_t)(tile->end - tile->begin) * (size_t)patch_floats(shape);
    for (int n = 0; n < tile->images; n++)
        run->kernel->col2im_add(dx + (size_t)(tile->image + n) * in_image(shape),
                                columns + (size_t)n * step, shape, tile->begin, tile->end);
}

static size_t out_offset(const ConvShape *shape, const Tile *tile, int out_channels)
{
    return ((size_t)tile->image * out_pixels(shape) + (size_t)tile->begin) * (size_t)out_channels;
}

void conv_forward(const Run *run, float *out, const float *x, const float *weight,
                  const ConvShape *shape, int out_channels, float *scratch)
{
    int k = patch_floats(shape);
    for (Tile tile = {0}; next_tile(&tile, shape, run->images);) {
        gather(run, scratch, x, shape, &tile);
        run_gemm(run, NO_TRANSPOSE, TRANSPOSE, rows_of(&tile), out_channels, k, 1, scratch, k,
                 weight, k, 0, out + out_offset(shape, &tile, out_channels), out_channels);
    }
}

void conv_backward(const Run *run, float *dx, float *dweight, const float *dout, const float *x,
                   const float *weight, const ConvShape *shape, int out_channels, float *scratch)
{
    int k = patch_floats(shape);
    float beta = 0;
    for (Tile tile = {0}; next_tile(&tile, shape, run->images); beta = 1) {
        const float *dout_tile = dout + out_offset(shape, &tile, out_channels);
        gather(run, scratch, x, shape, &tile);
        run_gemm(run, TRANSPOSE, NO_TRANSPOSE, out_channels, k, rows_of(&tile), 1, dout_tile,
                 out_channels, scratch, k, beta, dweight, k);
        if (!dx) continue;
        run_gemm(run, NO_TRANSPOSE, NO_TRANSPOSE, rows_of(&tile), k, out_channels, 1, dout_tile,
                 out_channels, weight, k, 0, scratch, k);
        scatter(run, dx, scratch, shape, &tile);
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
    return conv_scratch(&((const ConvOptions *)op->options)->shape, op->out->shape.dim[0]);
}

static void forward(const Op *op, Run *run)
{
    const ConvOptions *options = op->options;
    float *out = run_value(run, op->out);
    conv_forward(run, out, run_value(run, op->in[0]), run_param(run, op, WEIGHT), &options->shape,
                 options->out_channels, run_scratch(run));
    run->kernel->bias_add(out, run_param(run, op, BIAS),
                          (size_t)run->images * out_pixels(&options->shape), options->out_channels);
}

static void backward(const Op *op, Run *run)
{
    const ConvOptions *options = op->options;
    const float *dout = run_dout(run, op);
    conv_backward(run, run_grad(run, op, 0), run_dparam(run, op, WEIGHT), dout,
                  run_value(run, op->in[0]), run_param(run, op, WEIGHT), &options->shape,
                  options->out_channels, run_scratch(run));
    run->kernel->column_sum(run_dparam(run, op, BIAS), dout,
                            (size_t)run->images * out_pixels(&options->shape),
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
