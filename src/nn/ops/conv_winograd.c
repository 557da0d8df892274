/*
 * 3x3 convolutions with stride 1 or 2 by Winograd's tiles (src/kernels/isa/winograd.c): a group of tiles is
 * transformed, matrix products take it from in to out channels, one for each element of a transformed
 * tile ("plane"), and the result is transformed back. With stride 2 several planes have the same weights.
 * Backward is the transpose of forward, so that the transformed gradient serves both weights and inputs.
 *
 * A group is a number of whole rows of tiles, so that its outputs are a run of pixels.
 */
#include "conv.h"

/* Tiles of a group, and their planes together. */
enum { GROUP_TILES = 98, GROUP_PLANES = GROUP_TILES * 36 };

static int at_least(int a, int b)
{
    return a < b ? b : a;
}

static int at_most(int a, int b)
{
    return a < b ? a : b;
}

/* Inputs of a tile's side, and its planes. */
static int tile_side(const Convolution *conv)
{
    return conv->shape.stride * (conv->tile - 1) + conv->shape.kernel;
}

static size_t plane_count(const Convolution *conv)
{
    return (size_t)tile_side(conv) * (size_t)tile_side(conv);
}

static int weight_side(const Convolution *conv)
{
    return conv->tile + 2;
}

static size_t weight_planes(const Convolution *conv)
{
    return (size_t)weight_side(conv) * (size_t)weight_side(conv);
}

/* The weights of plane e, and whether it is the first that has them (include/kernels/kernels.h). */
static size_t weight_of(const Convolution *conv, size_t e, bool *is_first)
{
    int side = tile_side(conv), last = weight_side(conv) - 1;
    int i = (int)e / side, j = (int)e % side;
    *is_first = i <= last && j <= last;
    return (size_t)at_most(i, last) * (size_t)weight_side(conv) + (size_t)at_most(j, last);
}

static int tiles_across(const Convolution *conv)
{
    return (conv->shape.out_width + conv->tile - 1) / conv->tile;
}

static int tiles_down(const Convolution *conv)
{
    return (conv->shape.out_height + conv->tile - 1) / conv->tile;
}

/* Those of many planes are fewer, so that they stay in the cache. */
static int group_tiles(const Convolution *conv)
{
    return at_most(GROUP_TILES, GROUP_PLANES / (int)plane_count(conv));
}

/* Rows of tiles in a group: as even as can be. */
static int group_rows(const Convolution *conv)
{
    int all = conv->images * tiles_down(conv), most = group_tiles(conv) / tiles_across(conv);
    if (most < 1) most = 1;
    int groups = (all + most - 1) / most;
    return (all + groups - 1) / groups;
}

static size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

/* Floats between the tiles of a plane: not such that they fall into the same sets of a cache. */
static size_t tile_step(int channels)
{
    size_t step = round_up((size_t)channels, 16);
    return step % 128 == 0 ? step + 16 : step;
}

/* Floats between planes: no power of two, which writing them side by side would pay tenfold for. */
static size_t plane_step(const Convolution *conv, int channels)
{
    return (size_t)group_rows(conv) * (size_t)tiles_across(conv) * tile_step(channels) + 48;
}

/* --- weights: panels of each plane for forward, then for the gradient of the input --- */

static size_t forward_plane(const Convolution *conv)
{
    return gemm_panels_floats(conv->shape.channels, conv->out_channels);
}

static size_t backward_plane(const Convolution *conv)
{
    if (!conv->has_backward || !conv->wants_dx) return 0;
    return gemm_panels_floats(conv->out_channels, conv->shape.channels);
}

/* Output channels that are transformed at a time: a panel of forward's. */
static int chunk_rows(const Convolution *conv)
{
    return gemm_panel(conv->out_channels);
}

/* Between the planes of transformed weights of one chunk. */
static size_t chunk_plane(const Convolution *conv)
{
    return (size_t)chunk_rows(conv) * (size_t)conv->shape.channels + 48;
}

static size_t prepared(const Convolution *conv)
{
    return weight_planes(conv) * (forward_plane(conv) + backward_plane(conv) + chunk_plane(conv));
}

/* Panels of so many bytes leave the caches before they are read anyway. */
static bool is_far(const Convolution *conv)
{
    enum { FAR_BYTES = 2 << 20 };
    return sizeof(float) * prepared(conv) >= FAR_BYTES;
}

static void pack(const Convolution *conv, float *panels, Transpose tb, int k, int n, const float *b)
{
    int ldb = conv->shape.channels;
    if (is_far(conv))
        gemm_pack_far(panels, tb, k, n, b, ldb);
    else
        gemm_pack(panels, tb, k, n, b, ldb);
}

/* Rows [first, first + rows) of U^T (out_channels,C) of one plane, into the panels of both directions. */
static void pack_plane(const Convolution *conv, float *forward, float *backward, const float *u,
                       int first, int rows)
{
    int C = conv->shape.channels, N = conv->out_channels;
    pack(conv, forward + (size_t)first * (size_t)C, TRANSPOSE, C, rows, u);
    if (!backward_plane(conv)) return;
    int columns = gemm_panel(C);
    for (int c = 0; c < C; c += columns)
        pack(conv, backward + (size_t)c * (size_t)N + (size_t)first * (size_t)columns, NO_TRANSPOSE,
             rows, at_most(columns, C - c), u + c);
}

static void prepare(const Convolution *conv, const float *weight, float *out)
{
    const Kernels *kernel = kernels();
    size_t planes = weight_planes(conv);
    int C = conv->shape.channels;
    float *backward = out + planes * forward_plane(conv);
    float *chunk = backward + planes * backward_plane(conv);
    for (int first = 0; first < conv->out_channels; first += chunk_rows(conv)) {
        int left = conv->out_channels - first;
        int rows = left < chunk_rows(conv) ? left : chunk_rows(conv);
        for (int r = 0; r < rows; r++)
            kernel->winograd_weight(chunk + (size_t)r * (size_t)C,
                                    weight + 9 * (size_t)(first + r) * (size_t)C, conv->tile,
                                    conv->shape.stride, chunk_plane(conv), C);
        for (size_t u = 0; u < planes; u++)
            pack_plane(conv, out + u * forward_plane(conv), backward + u * backward_plane(conv),
                       chunk + u * chunk_plane(conv), first, rows);
    }
}

/* --- groups of tiles --- */

/* Output channels whose weights' transformed gradient exists at a time: a few, if all tiles are there at once; else
 * it is a sum over groups. */
static int gradient_rows(const Convolution *conv)
{
    enum { FEW = 64 };
    int all = conv->out_channels;
    bool is_single = group_rows(conv) >= conv->images * tiles_down(conv);
    return is_single && all > FEW ? FEW : all;
}

static size_t gradient_step(const Convolution *conv)
{
    return (size_t)gradient_rows(conv) * (size_t)conv->shape.channels + 48;
}

/* Transformed inputs and outputs of a group, and the gradient of the transformed weights. */
static size_t scratch(const Convolution *conv)
{
    size_t weights = conv->has_backward ? weight_planes(conv) * gradient_step(conv) : 0;
    return plane_count(conv) *
               (plane_step(conv, conv->shape.channels) + plane_step(conv, conv->out_channels)) +
           weights;
}

/* Rows of tiles [begin, end), counted over the images of the lane. */
typedef struct Group {
    int begin, end;
} Group;

static bool next_group(const ConvCall *call, Group *group)
{
    int all = call->run->images * tiles_down(call->conv);
    group->begin = group->end;
    if (group->begin >= all) return false;
    int end = group->begin + group_rows(call->conv);
    group->end = end < all ? end : all;
    return true;
}

static int tiles_of(const ConvCall *call, Group group)
{
    return (group.end - group.begin) * tiles_across(call->conv);
}

/* The output pixel at which a row of tiles begins. */
static size_t first_pixel(const Convolution *conv, int row)
{
    int down = tiles_down(conv);
    return (size_t)(row / down) * conv_out_pixels(&conv->shape) +
           (size_t)(row % down * conv->tile) * (size_t)conv->shape.out_width;
}

typedef void TileFn(float *out, const float *x, const WinogradTile *tile, int C);

/* An image of `channels` channels and the tiles on it: where tile (0,0) begins, its side, and how far apart they
 * begin. */
typedef struct TileImage {
    int height, width, channels;
    int padding, side, step;
} TileImage;

static TileImage input_image(const Convolution *conv)
{
    const ConvShape *shape = &conv->shape;
    return (TileImage){shape->height,  shape->width,    shape->channels,
                       shape->padding, tile_side(conv), conv->tile * shape->stride};
}

static TileImage output_image(const Convolution *conv)
{
    return (TileImage){conv->shape.out_height,
                       conv->shape.out_width,
                       conv->out_channels,
                       0,
                       conv->tile,
                       conv->tile};
}

static WinogradTile tile_at(const Convolution *conv, const TileImage *image, int row, int column)
{
    int down = tiles_down(conv), W = image->width, C = image->channels;
    int y = row % down * image->step - image->padding, x = column * image->step - image->padding;
    ptrdiff_t pixel = ((ptrdiff_t)(row / down) * image->height + y) * W + x;
    return (WinogradTile){.size = conv->tile,
                          .stride = conv->shape.stride,
                          .origin = pixel * C,
                          .row = (size_t)W * (size_t)C,
                          .pixel = (size_t)C,
                          .plane = plane_step(conv, C),
                          .y_begin = at_least(-y, 0),
                          .y_end = at_most(image->height - y, image->side),
                          .x_begin = at_least(-x, 0),
                          .x_end = at_most(W - x, image->side)};
}

/* Applies `transform` to the tiles of a group: to the planes, or back. */
static void transform_group(const ConvCall *call, TileFn *transform, TileImage image, float *to,
                            const float *from, bool to_planes, Group group)
{
    const Convolution *conv = call->conv;
    size_t at = 0;
    for (int row = group.begin; row < group.end; row++)
        for (int column = 0; column < tiles_across(conv);
             column++, at += tile_step(image.channels)) {
            WinogradTile tile = tile_at(conv, &image, row, column);
            transform(to_planes ? to + at : to, to_planes ? from : from + at, &tile,
                      image.channels);
        }
}

/* --- forward and backward --- */

typedef struct Planes {
    float *in, *out, *weight; /* planes of these steps */
    size_t in_step, out_step, weight_step;
} Planes;

static Planes planes_of(const ConvCall *call)
{
    const Convolution *conv = call->conv;
    size_t planes = plane_count(conv);
    Planes p = {.in_step = plane_step(conv, conv->shape.channels),
                .out_step = plane_step(conv, conv->out_channels),
                .weight_step = gradient_step(conv)};
    p.in = call->scratch;
    p.out = p.in + planes * p.in_step;
    p.weight = p.out + planes * p.out_step;
    return p;
}

/* After product number i of many alike: each of the large ones takes up to a third of a millisecond. */
static void poll_sometimes(const ConvCall *call, size_t i)
{
    bool is_large = call->conv->shape.channels * call->conv->out_channels >= 128 * 1024;
    if (is_large || i % 8 == 7) run_poll(call->run);
}

/* From planes of `from` (tiles,k) to those of `to` (tiles,n), by panels of the weights. */
static void multiply_planes(const ConvCall *call, int tiles, int n, int k, const float *from,
                            size_t from_step, const float *panels, size_t panels_step, float *to,
                            size_t to_step)
{
    for (size_t e = 0; e < plane_count(call->conv); e++) {
        bool is_first;
        size_t u = weight_of(call->conv, e, &is_first);
        run_gemm_packed(call->run, NO_TRANSPOSE, tiles, n, k, from + e * from_step,
                        (int)tile_step(k), panels + u * panels_step, 0, to + e * to_step,
                        (int)tile_step(n));
        poll_sometimes(call, e);
    }
}

static void forward(const ConvCall *call, float *out, const float *x)
{
    const Convolution *conv = call->conv;
    const Kernels *kernel = call->run->kernel;
    int C = conv->shape.channels, N = conv->out_channels;
    Planes p = planes_of(call);
    for (Group group = {0}; next_group(call, &group);) {
        transform_group(call, kernel->winograd_input, input_image(conv), p.in, x, true, group);
        multiply_planes(call, tiles_of(call, group), N, C, p.in, p.in_step, call->prepared,
                        forward_plane(conv), p.out, p.out_step);
        transform_group(call, kernel->winograd_output, output_image(conv), out, p.out, false,
                        group);
        conv_rows_done(call, first_pixel(conv, group.begin), first_pixel(conv, group.end));
    }
}

/* Of `count` output channels from `first` on: from a group's two transformed sides, to the planes that hold them. */
static void add_gradient(const ConvCall *call, const Planes *p, int tiles, int first, int count,
                         bool adds)
{
    const Convolution *conv = call->conv;
    int C = conv->shape.channels;
    for (size_t e = 0; e < plane_count(conv); e++) {
        bool is_first;
        size_t u = weight_of(conv, e, &is_first);
        run_gemm(call->run, TRANSPOSE, NO_TRANSPOSE, count, C, tiles, 1,
                 p->out + e * p->out_step + first, (int)tile_step(conv->out_channels),
                 p->in + e * p->in_step, (int)tile_step(C), adds || !is_first ? 1 : 0,
                 p->weight + u * p->weight_step, C);
        poll_sometimes(call, e);
    }
}

static void transform_gradient(const ConvCall *call, const Planes *p, float *dweight, int first,
                               int count)
{
    size_t C = (size_t)call->conv->shape.channels;
    for (size_t n = 0; n < (size_t)count; n++) {
        call->run->kernel->winograd_weight_backward(
            dweight + 9 * ((size_t)first + n) * C, p->weight + n * C, call->conv->tile,
            call->conv->shape.stride, p->weight_step, (int)C);
        poll_sometimes(call, n);
    }
}

/* The group's share of the weights' gradient, which is whole after the last group. */
static void weight_gradient(const ConvCall *call, const Planes *p, float *dweight, Group group)
{
    const Convolution *conv = call->conv;
    int N = conv->out_channels, rows = gradient_rows(conv), tiles = tiles_of(call, group);
    bool is_last = group.end == call->run->images * tiles_down(conv);
    for (int first = 0; first < N; first += rows) {
        int count = at_most(rows, N - first);
        add_gradient(call, p, tiles, first, count, group.begin > 0);
        if (is_last) transform_gradient(call, p, dweight, first, count);
    }
}

/* Turns the transformed inputs into their gradient. */
static void input_gradient(const ConvCall *call, const Planes *p, int tiles)
{
    const Convolution *conv = call->conv;
    const float *panels = call->prepared + weight_planes(conv) * forward_plane(conv);
    multiply_planes(call, tiles, conv->shape.channels, conv->out_channels, p->out, p->out_step,
                    panels, backward_plane(conv), p->in, p->in_step);
}

static void backward(const ConvCall *call, float *dx, bool adds, float *dweight, const float *dout,
                     const float *x)
{
    const Convolution *conv = call->conv;
    const Kernels *kernel = call->run->kernel;
    Planes p = planes_of(call);
    conv_clear_dx(call, dx, adds);
    for (Group group = {0}; next_group(call, &group);) {
        conv_rows_done(call, first_pixel(conv, group.begin), first_pixel(conv, group.end));
        transform_group(call, kernel->winograd_output_backward, output_image(conv), p.out, dout,
                        true, group);
        transform_group(call, kernel->winograd_input, input_image(conv), p.in, x, true, group);
        weight_gradient(call, &p, dweight, group);
        if (!dx) continue;
        input_gradient(call, &p, tiles_of(call, group));
        transform_group(call, kernel->winograd_input_backward, input_image(conv), dx, p.in, false,
                        group);
    }
}

const ConvMethod conv_winograd = {.name = "winograd",
                                  .prepared = prepared,
                                  .prepare = prepare,
                                  .scratch = scratch,
                                  .forward = forward,
                                  .backward = backward};
