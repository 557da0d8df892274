/*
 * Convolution as a product with the patch matrix (im2col), in tiles of output pixels small enough
 * that a tile of patches stays in the second-level cache; and the op with a bias.
 */
#include "conv.h"

#include "nn/ops.h"
#include "nn/parts.h"

#include <string.h>

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

/* Chunks of at least 32 channels, as far as groups can be joined evenly. */
ConvGroups conv_groups(int in_channels, int out_channels, int groups)
{
    if (groups <= 1) return (ConvGroups){1, 1, in_channels, out_channels};
    int joined = 1;
    while (joined * in_channels / groups < 32 && groups % (2 * joined) == 0) joined *= 2;
    return (ConvGroups){groups, groups / joined, in_channels / groups * joined,
                        out_channels / groups * joined};
}

static int patch_floats(const ConvShape *shape, ConvGroups groups)
{
    return shape->kernel * shape->kernel * groups.in;
}

/* Output pixels of one tile, were there enough of them. */
static int tile_rows(const ConvShape *shape, ConvGroups groups)
{
    int rows = TILE_FLOATS / patch_floats(shape, groups);
    return rows < 48 ? 48 : rows;
}

/* How a lane is cut: several whole images to a tile, or one image into several tiles. */
typedef struct Tiling {
    int images; /* per tile */
    int rows;   /* output pixels per tile and image */
} Tiling;

static Tiling tiling_of(const ConvShape *shape, ConvGroups groups, int images)
{
    int all = shape->out_height * shape->out_width, rows = tile_rows(shape, groups);
    if (rows < all) return (Tiling){1, rows};
    int fit = rows / all;
    return (Tiling){fit < images ? fit : images, all};
}

/* 1x1, every pixel: the image is its own patch matrix. */
static bool is_pointwise(const ConvShape *shape)
{
    return shape->kernel == 1 && shape->stride == 1 && shape->padding == 0;
}

size_t conv_scratch(const ConvShape *shape, ConvGroups groups, int images)
{
    if (is_pointwise(shape)) return 0;
    Tiling tiling = tiling_of(shape, groups, images);
    return (size_t)tiling.images * (size_t)tiling.rows * (size_t)patch_floats(shape, groups);
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

/* What a product over one tile of one chunk needs. */
typedef struct ConvJob {
    const Run *run;
    const ConvShape *shape;
    ConvGroups groups;
    int chunk;
    float *scratch; /* the tile's patches */
} ConvJob;

/* The tile after `tile`; false: there is none. Start with images = 0. */
static bool next_tile(const ConvJob *job, Tile *tile)
{
    int images = job->run->images, all = (int)out_pixels(job->shape);
    Tiling tiling = tiling_of(job->shape, job->groups, images);
    if (tile->images > 0 && tile->end < all) {
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

static float *patches_of(const ConvJob *job, const Tile *tile, int image)
{
    return job->scratch + (size_t)image * (size_t)(tile->end - tile->begin) *
                              (size_t)patch_floats(job->shape, job->groups);
}

static void gather(const ConvJob *job, const float *x, const Tile *tile)
{
    for (int n = 0; n < tile->images; n++)
        job->run->kernel->im2col(
            patches_of(job, tile, n), x + (size_t)(tile->image + n) * in_image(job->shape),
            job->shape, job->chunk * job->groups.in, job->groups.in, tile->begin, tile->end);
}

static void scatter(const ConvJob *job, float *dx, const Tile *tile)
{
    for (int n = 0; n < tile->images; n++)
        job->run->kernel->col2im_add(
            dx + (size_t)(tile->image + n) * in_image(job->shape), patches_of(job, tile, n),
            job->shape, job->chunk * job->groups.in, job->groups.in, tile->begin, tile->end);
}

static int out_channels_of(ConvGroups groups)
{
    return groups.chunks * groups.out;
}

static size_t out_offset(const ConvJob *job, const Tile *tile)
{
    size_t pixel = (size_t)tile->image * out_pixels(job->shape) + (size_t)tile->begin;
    return pixel * (size_t)out_channels_of(job->groups) + (size_t)(job->chunk * job->groups.out);
}

static size_t chunk_weights(const ConvJob *job)
{
    return (size_t)job->chunk * (size_t)job->groups.out *
           (size_t)patch_floats(job->shape, job->groups);
}

static int pixels_of_lane(const ConvJob *job)
{
    return job->run->images * (int)out_pixels(job->shape);
}

static void pointwise_forward(const ConvJob *job, float *out, const float *x, const float *weight)
{
    int in = job->groups.in, count = job->groups.out;
    run_gemm(job->run, NO_TRANSPOSE, TRANSPOSE, pixels_of_lane(job), count, in, 1,
             x + (size_t)job->chunk * (size_t)in, job->shape->channels, weight + chunk_weights(job),
             in, 0, out + (size_t)job->chunk * (size_t)count, out_channels_of(job->groups));
}

static void pointwise_backward(const ConvJob *job, float *dx, float *dweight, const float *dout,
                               const float *x, const float *weight)
{
    int in = job->groups.in, count = job->groups.out, pixels = pixels_of_lane(job);
    int ld = out_channels_of(job->groups), channels = job->shape->channels;
    dout += (size_t)job->chunk * (size_t)count;
    run_gemm(job->run, TRANSPOSE, NO_TRANSPOSE, count, in, pixels, 1, dout, ld,
             x + (size_t)job->chunk * (size_t)in, channels, 0, dweight + chunk_weights(job), in);
    if (dx)
        run_gemm(job->run, NO_TRANSPOSE, NO_TRANSPOSE, pixels, in, count, 1, dout, ld,
                 weight + chunk_weights(job), in, 1, dx + (size_t)job->chunk * (size_t)in,
                 channels);
}

void conv_forward(const Run *run, float *out, const float *x, const float *weight,
                  const ConvShape *shape, ConvGroups groups, float *scratch)
{
    int k = patch_floats(shape, groups), ld = out_channels_of(groups);
    ConvJob job = {run, shape, groups, 0, scratch};
    for (; job.chunk < groups.chunks; job.chunk++) {
        if (is_pointwise(shape)) {
            pointwise_forward(&job, out, x, weight);
            continue;
        }
        for (Tile tile = {0}; next_tile(&job, &tile);) {
            gather(&job, x, &tile);
            run_gemm(run, NO_TRANSPOSE, TRANSPOSE, rows_of(&tile), groups.out, k, 1, scratch, k,
                     weight + chunk_weights(&job), k, 0, out + out_offset(&job, &tile), ld);
        }
    }
}

void conv_backward(const Run *run, float *dx, float *dweight, const float *dout, const float *x,
                   const float *weight, const ConvShape *shape, ConvGroups groups, float *scratch)
{
    int k = patch_floats(shape, groups), ld = out_channels_of(groups);
    ConvJob job = {run, shape, groups, 0, scratch};
    for (; job.chunk < groups.chunks; job.chunk++) {
        if (is_pointwise(shape)) {
            pointwise_backward(&job, dx, dweight, dout, x, weight);
            continue;
        }
        float beta = 0;
        for (Tile tile = {0}; next_tile(&job, &tile); beta = 1) {
            const float *dout_tile = dout + out_offset(&job, &tile);
            gather(&job, x, &tile);
            run_gemm(run, TRANSPOSE, NO_TRANSPOSE, groups.out, k, rows_of(&tile), 1, dout_tile, ld,
                     scratch, k, beta, dweight + chunk_weights(&job), k);
            if (!dx) continue;
            run_gemm(run, NO_TRANSPOSE, NO_TRANSPOSE, rows_of(&tile), k, groups.out, 1, dout_tile,
                     ld, weight + chunk_weights(&job), k, 0, scratch, k);
            scatter(&job, dx, &tile);
        }
    }
}

/* --- groups as chunks --- */

size_t conv_chunk_floats(const ConvShape *shape, ConvGroups groups)
{
    return (size_t)out_channels_of(groups) * (size_t)patch_floats(shape, groups);
}

/* Where the weights of output channel o and tap t stand in a chunk's row. */
static size_t chunk_place(const ConvShape *shape, ConvGroups groups, int o, int tap)
{
    int joined = groups.groups / groups.chunks;
    int inner = groups.in / joined, outer = groups.out / joined;
    int group_of_chunk = o % groups.out / outer;
    return (size_t)o * (size_t)patch_floats(shape, groups) + (size_t)(tap * groups.in) +
           (size_t)(group_of_chunk * inner);
}

void conv_expand(float *chunks, const float *weight, const ConvShape *shape, ConvGroups groups)
{
    size_t inner = (size_t)(groups.in * groups.chunks / groups.groups);
    memset(chunks, 0, sizeof(float) * conv_chunk_floats(shape, groups));
    for (int o = 0; o < out_channels_of(groups); o++)
        for (int tap = 0; tap < shape->kernel * shape->kernel; tap++, weight += inner)
            memcpy(chunks + chunk_place(shape, groups, o, tap), weight, sizeof(float) * inner);
}

void conv_compress(float *weight, const float *chunks, const ConvShape *shape, ConvGroups groups)
{
    size_t inner = (size_t)(groups.in * groups.chunks / groups.groups);
    for (int o = 0; o < out_channels_of(groups); o++)
        for (int tap = 0; tap < shape->kernel * shape->kernel; tap++, weight += inner)
            memcpy(weight, chunks + chunk_place(shape, groups, o, tap), sizeof(float) * inner);
}

/* --- the op with a bias --- */

enum { WEIGHT, BIAS };

typedef struct ConvOptions {
    ConvShape shape;
    ConvGroups groups;
} ConvOptions;

static size_t scratch(const Op *op, bool training)
{
    (void)training;
    const ConvOptions *options = op->options;
    return conv_scratch(&options->shape, options->groups, op->out->shape.dim[0]);
}

static void forward(const Op *op, Run *run)
{
    const ConvOptions *options = op->options;
    float *out = run_value(run, op->out);
    conv_forward(run, out, run_value(run, op->in[0]), run_param(run, op, WEIGHT), &options->shape,
                 options->groups, run_scratch(run));
    run->kernel->bias_add(out, run_param(run, op, BIAS),
                          (size_t)run->images * out_pixels(&options->shape), options->groups.out);
}

static void backward(const Op *op, Run *run)
{
    const ConvOptions *options = op->options;
    const float *dout = run_dout(run, op);
    conv_backward(run, run_grad(run, op, 0), run_dparam(run, op, WEIGHT), dout,
                  run_value(run, op->in[0]), run_param(run, op, WEIGHT), &options->shape,
                  options->groups, run_scratch(run));
    run->kernel->column_sum(run_dparam(run, op, BIAS), dout,
                            (size_t)run->images * out_pixels(&options->shape), options->groups.out);
}

static const OpType conv_type = {.name = "conv",
                                 .keeps = KEEPS_IN0,
                                 .scratch = scratch,
                                 .forward = forward,
                                 .backward = backward,
                                 .macs = macs_of_weights};

Tensor *nn_conv(Graph *graph, const char *name, Tensor *x, Conv conv)
{
    ConvOptions options = {conv_shape(graph, name, x, conv.kernel, conv.stride, conv.padding),
                           conv_groups(x->shape.dim[3], conv.out_channels, 1)};
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

ConvParts nn_conv_parts(const Op *op)
{
    const ConvOptions *options = op->options;
    return (ConvParts){options->shape, op->param[WEIGHT], op->param[BIAS]};
}
