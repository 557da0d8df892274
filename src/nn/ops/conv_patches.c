/*
 * Convolution as a product with the patch matrix (im2col), in tiles of output pixels small enough
 * that a tile of patches stays in the second-level cache. Takes everything, groups too.
 */
#include "conv.h"

enum { TILE_FLOATS = 128 * 1024 };

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

static size_t tile_scratch(const ConvShape *shape, ConvGroups groups, int images)
{
    Tiling tiling = tiling_of(shape, groups, images);
    return (size_t)tiling.images * (size_t)tiling.rows * (size_t)patch_floats(shape, groups);
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
    int images = job->run->images, all = (int)conv_out_pixels(job->shape);
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
            patches_of(job, tile, n), x + (size_t)(tile->image + n) * conv_in_floats(job->shape),
            job->shape, job->chunk * job->groups.in, job->groups.in, tile->begin, tile->end);
}

static void scatter(const ConvJob *job, float *dx, const Tile *tile)
{
    for (int n = 0; n < tile->images; n++)
        job->run->kernel->col2im_add(
            dx + (size_t)(tile->image + n) * conv_in_floats(job->shape), patches_of(job, tile, n),
            job->shape, job->chunk * job->groups.in, job->groups.in, tile->begin, tile->end);
}

static int out_channels_of(ConvGroups groups)
{
    return groups.chunks * groups.out;
}

static size_t out_offset(const ConvJob *job, const Tile *tile)
{
    size_t pixel = (size_t)tile->image * conv_out_pixels(job->shape) + (size_t)tile->begin;
    return pixel * (size_t)out_channels_of(job->groups) + (size_t)(job->chunk * job->groups.out);
}

static size_t chunk_weights(const ConvJob *job)
{
    return (size_t)job->chunk * (size_t)job->groups.out *
           (size_t)patch_floats(job->shape, job->groups);
}

/* --- groups as chunks: (out_channels,K*K,C/groups) and, for each chunk, (out,K*K,in) --- */

static size_t chunk_floats(const ConvShape *shape, ConvGroups groups)
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

static void expand(float *chunks, const float *weight, const ConvShape *shape, ConvGroups groups)
{
    size_t inner = (size_t)(groups.in * groups.chunks / groups.groups);
    memset(chunks, 0, sizeof(float) * chunk_floats(shape, groups));
    for (int o = 0; o < out_channels_of(groups); o++)
        for (int tap = 0; tap < shape->kernel * shape->kernel; tap++, weight += inner)
            memcpy(chunks + chunk_place(shape, groups, o, tap), weight, sizeof(float) * inner);
}

static void compress(float *weight, const float *chunks, const ConvShape *shape, ConvGroups groups)
{
    size_t inner = (size_t)(groups.in * groups.chunks / groups.groups);
    for (int o = 0; o < out_channels_of(groups); o++)
        for (int tap = 0; tap < shape->kernel * shape->kernel; tap++, weight += inner)
            memcpy(weight, chunks + chunk_place(shape, groups, o, tap), sizeof(float) * inner);
}

/* --- forward and backward --- */

static bool is_grouped(const Convolution *conv)
{
    return conv->groups.groups > 1;
}

static size_t expanded_floats(const Convolution *conv)
{
    return is_grouped(conv) ? chunk_floats(&conv->shape, conv->groups) : 0;
}

static void prepare(const Convolution *conv, const float *weight, float *prepared)
{
    if (is_grouped(conv)) expand(prepared, weight, &conv->shape, conv->groups);
}

/* The gradient of the weights as chunks, the tile's patches. */
static size_t scratch(const Convolution *conv)
{
    return expanded_floats(conv) + tile_scratch(&conv->shape, conv->groups, conv->images);
}

static ConvJob job_of(const ConvCall *call)
{
    return (ConvJob){.run = call->run,
                     .shape = &call->conv->shape,
                     .groups = call->conv->groups,
                     .scratch = call->scratch + expanded_floats(call->conv)};
}

static const float *chunk_weight(const ConvCall *call, const ConvJob *job)
{
    return (is_grouped(call->conv) ? call->prepared : call->weight) + chunk_weights(job);
}

static void forward(const ConvCall *call, float *out, const float *x)
{
    ConvJob job = job_of(call);
    int k = patch_floats(job.shape, job.groups), ld = out_channels_of(job.groups);
    for (; job.chunk < job.groups.chunks; job.chunk++)
        for (Tile tile = {0}; next_tile(&job, &tile);) {
            gather(&job, x, &tile);
            run_gemm(job.run, NO_TRANSPOSE, TRANSPOSE, rows_of(&tile), job.groups.out, k, 1,
                     job.scratch, k, chunk_weight(call, &job), k, 0, out + out_offset(&job, &tile),
                     ld);
        }
    conv_rows_all(call);
}

static void backward(const ConvCall *call, float *dx, bool adds, float *dweight, const float *dout,
                     const float *x)
{
    ConvJob job = job_of(call);
    int k = patch_floats(job.shape, job.groups), ld = out_channels_of(job.groups);
    float *target = is_grouped(call->conv) ? call->scratch : dweight;
    conv_clear_dx(call, dx, adds);
    conv_rows_all(call);
    for (; job.chunk < job.groups.chunks; job.chunk++) {
        bool sums = false;
        for (Tile tile = {0}; next_tile(&job, &tile); sums = true) {
            const float *dout_tile = dout + out_offset(&job, &tile);
            gather(&job, x, &tile);
            run_gemm(job.run, TRANSPOSE, NO_TRANSPOSE, job.groups.out, k, rows_of(&tile), 1,
                     dout_tile, ld, job.scratch, k, sums ? 1 : 0, target + chunk_weights(&job), k);
            if (!dx) continue;
            run_gemm(job.run, NO_TRANSPOSE, NO_TRANSPOSE, rows_of(&tile), k, job.groups.out, 1,
                     dout_tile, ld, chunk_weight(call, &job), k, 0, job.scratch, k);
            scatter(&job, dx, &tile);
        }
    }
    if (is_grouped(call->conv)) compress(dweight, target, job.shape, job.groups);
}

const ConvMethod conv_patches = {.name = "patches",
                                 .prepared = expanded_floats,
                                 .prepare = prepare,
                                 .scratch = scratch,
                                 .forward = forward,
                                 .backward = backward};
