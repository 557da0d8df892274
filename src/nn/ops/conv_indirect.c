/*
 * Convolution without a patch matrix: for a block of pixels a table of pointers tells where each tap of each window
 * lies, outside the image at zeros, and the products read the image itself. A "segment" is what is contiguous
 * in window and image: a tap of C channels, or, for images of few channels, which are padded in a copy, a row of
 * the kernel.
 *
 * The gradient of the input takes each pixel's windows the other way round. With a stride, pixels of different
 * remainders have different taps, so each class of them is a convolution of its own.
 */
#include "conv.h"

/* Pixels of a block: a multiple of the rows of conv_block. Floats of the panels that a block passes over at
 * a time: half a first-level cache. */
enum { BLOCK = 240, SLICE_FLOATS = 8 * 1024, FEW_CHANNELS = 16 };

/* Whether images are padded in a copy, and rows of the kernel are the segments. */
static bool joins_taps(const Convolution *conv)
{
    return conv->shape.channels < FEW_CHANNELS && !conv->wants_dx;
}

static int taps_of(const Convolution *conv)
{
    return conv->shape.kernel * conv->shape.kernel;
}

static int segments_of(const Convolution *conv)
{
    return joins_taps(conv) ? conv->shape.kernel : taps_of(conv);
}

static int segment_floats(const Convolution *conv)
{
    return joins_taps(conv) ? conv->shape.kernel * conv->shape.channels : conv->shape.channels;
}

static int window_floats(const Convolution *conv)
{
    return taps_of(conv) * conv->shape.channels;
}

/* --- weights: panels of each segment, (k,out_channels); for the gradient of each tap, (out_channels,C) --- */

static size_t forward_panels(const Convolution *conv)
{
    return gemm_panels_floats(segment_floats(conv), conv->out_channels);
}

static size_t backward_panels(const Convolution *conv)
{
    if (!conv->has_backward || !conv->wants_dx) return 0;
    return gemm_panels_floats(conv->out_channels, conv->shape.channels);
}

static size_t prepared(const Convolution *conv)
{
    return (size_t)segments_of(conv) * forward_panels(conv) +
           (size_t)taps_of(conv) * backward_panels(conv);
}

static void prepare(const Convolution *conv, const float *weight, float *out)
{
    int k = segment_floats(conv), C = conv->shape.channels, N = conv->out_channels;
    for (size_t s = 0; s < (size_t)segments_of(conv); s++, out += forward_panels(conv))
        gemm_pack(out, TRANSPOSE, k, N, weight + s * (size_t)k, window_floats(conv));
    if (backward_panels(conv) == 0) return;
    for (size_t tap = 0; tap < (size_t)taps_of(conv); tap++, out += backward_panels(conv))
        gemm_pack(out, NO_TRANSPOSE, N, C, weight + tap * (size_t)C, window_floats(conv));
}

/* --- scratch --- */

static int largest(int a, int b)
{
    return a > b ? a : b;
}

/* The zeros that lie outside the image. */
static size_t zero_floats(const Convolution *conv)
{
    return (size_t)largest(segment_floats(conv), conv->out_channels);
}

static int padded_side(int side, const ConvShape *shape)
{
    return side + 2 * shape->padding + shape->kernel; /* "same" padding may hang over behind */
}

/* A padded image; the gradient of the weights as (window,out_channels). */
static size_t joined_floats(const Convolution *conv)
{
    const ConvShape *shape = &conv->shape;
    if (!joins_taps(conv)) return 0;
    return (size_t)padded_side(shape->height, shape) * (size_t)padded_side(shape->width, shape) *
               (size_t)shape->channels +
           (size_t)window_floats(conv) * (size_t)conv->out_channels;
}

/* A block of the input's gradient, where its pixels are no neighbours. */
static size_t gathered_floats(const Convolution *conv)
{
    return conv->shape.stride > 1 && conv->wants_dx ? BLOCK * (size_t)conv->shape.channels : 0;
}

/* A block's left side as rows `step` apart, which do not fall into the same sets of a cache. */
static size_t left_step(const Convolution *conv)
{
    size_t floats = (size_t)largest(segment_floats(conv), conv->out_channels);
    return (floats + 15) / 16 * 16 + 16;
}

/* A block's right side as panels. */
static size_t right_floats(const Convolution *conv)
{
    return gemm_panels_floats(BLOCK, largest(segment_floats(conv), conv->out_channels));
}

/* Both sides of the weights' gradient; other blocks are not under way at the same time. */
static size_t block_floats(const Convolution *conv)
{
    if (!conv->has_backward) return 0;
    size_t sides = BLOCK * left_step(conv) + right_floats(conv);
    return sides > gathered_floats(conv) ? sides : gathered_floats(conv);
}

static size_t pointer_count(const Convolution *conv)
{
    return BLOCK * (1 + (size_t)taps_of(conv)) + 2 * (size_t)taps_of(conv);
}

static size_t scratch(const Convolution *conv)
{
    return pointer_count(conv) * sizeof(float *) / sizeof(float) + zero_floats(conv) +
           joined_floats(conv) + block_floats(conv);
}

typedef struct Scratch {
    const float **window; /* (BLOCK * taps) */
    const float **pixel;  /* (BLOCK) */
    const float **panels; /* (taps): of each segment */
    const float **panel;  /* (taps): those of a slice */
    float *zeros, *image, *dweight;
    float *left, *right; /* of the weights' gradient */
    float *gathered;     /* of the input's */
} Scratch;

static Scratch scratch_of(const ConvCall *call)
{
    const Convolution *conv = call->conv;
    Scratch s;
    s.window = (const float **)(void *)call->scratch;
    s.pixel = s.window + BLOCK * (size_t)taps_of(conv);
    s.panels = s.pixel + BLOCK;
    s.panel = s.panels + taps_of(conv);
    s.zeros = (float *)(s.panel + taps_of(conv));
    s.dweight = s.zeros + zero_floats(conv);
    s.image = s.dweight +
              (joins_taps(conv) ? (size_t)window_floats(conv) * (size_t)conv->out_channels : 0);
    s.left = s.gathered = s.dweight + joined_floats(conv);
    s.right = s.left + BLOCK * left_step(conv);
    memset(s.zeros, 0, sizeof(float) * zero_floats(conv));
    return s;
}

/* --- where windows lie --- */

/* Pixels [begin, end) of all images of the lane. */
typedef struct Block {
    size_t begin, end;
} Block;

/* What windows are read from: the lane's images, or a padded one. */
typedef struct Source {
    const float *x;
    int height, width, padding;
} Source;

static const float *tap_at(const Convolution *conv, const Source *source, const float *zeros,
                           size_t image, int y, int x)
{
    if (y < 0 || y >= source->height || x < 0 || x >= source->width) return zeros;
    size_t pixel = (image * (size_t)source->height + (size_t)y) * (size_t)source->width + (size_t)x;
    return source->x + pixel * (size_t)conv->shape.channels;
}

/* The next pixel of an image of `width` pixels a row. */
typedef struct Cursor {
    size_t image;
    int y, x;
} Cursor;

static Cursor cursor_at(size_t pixel, int height, int width)
{
    size_t pixels = (size_t)height * (size_t)width;
    return (Cursor){pixel / pixels, (int)(pixel % pixels) / width, (int)(pixel % pixels) % width};
}

static void cursor_advance(Cursor *cursor, int height, int width)
{
    if (++cursor->x < width) return;
    cursor->x = 0;
    if (++cursor->y < height) return;
    cursor->y = 0;
    cursor->image++;
}

/* Where the pointers of pixel i of a block begin, and, in *step, how far apart its segments are: conv_block reads
 * groups of `rows` pixels, for outer_block all are one group. */
static size_t table_place(size_t i, size_t count, size_t rows, size_t segments, size_t *step)
{
    size_t first = i / rows * rows;
    *step = count - first < rows ? count - first : rows;
    return first * segments + (i - first);
}

/* Pointers to every segment of the windows of a block of output pixels. */
static void find_windows(const Convolution *conv, const Source *source, const Scratch *s,
                         Block block, size_t rows)
{
    const ConvShape *shape = &conv->shape;
    size_t segments = (size_t)segments_of(conv), count = block.end - block.begin;
    Cursor at = cursor_at(block.begin, shape->out_height, shape->out_width);
    for (size_t i = 0; i < count; i++) {
        size_t step, place = table_place(i, count, rows, segments, &step);
        int y = at.y * shape->stride - source->padding, x = at.x * shape->stride - source->padding;
        for (size_t t = 0; t < segments; t++) {
            int ky = joins_taps(conv) ? (int)t : (int)t / shape->kernel;
            int kx = joins_taps(conv) ? 0 : (int)t % shape->kernel;
            s->window[place + t * step] = tap_at(conv, source, s->zeros, at.image, y + ky, x + kx);
        }
        cursor_advance(&at, shape->out_height, shape->out_width);
    }
}

/* c (pixels,columns) = [c +] windows * panels: slice by slice of segments whose panels stay in the
 * first-level cache. */
static void multiply_block(const ConvCall *call, float *c, const Scratch *s, size_t pixels,
                           int segments, int k, int columns, bool adds)
{
    const Kernels *kernel = call->run->kernel;
    int width = kernel->matmul_columns(), rows = kernel->conv_rows();
    int slice = largest(1, SLICE_FLOATS / (k * width));
    for (int from = 0; from < segments; from += slice) {
        int count = segments - from < slice ? segments - from : slice;
        for (int column = 0; column < columns; column += width) {
            int n = columns - column < width ? columns - column : width;
            for (int t = 0; t < count; t++)
                s->panel[t] = s->panels[from + t] + (size_t)column * (size_t)k;
            for (size_t i = 0; i < pixels; i += (size_t)rows) {
                int group = pixels - i < (size_t)rows ? (int)(pixels - i) : rows;
                kernel->conv_block(c + i * (size_t)columns + column, (size_t)columns,
                                   s->window + i * (size_t)segments + from * group, s->panel, count,
                                   k, group, n, adds || from > 0);
            }
            if (column / width % 4 == 3) run_poll(call->run);
        }
        run_poll(call->run);
    }
}

/* --- rounds: all images at once, or one that is padded first --- */

static bool next_block(Block *block, size_t end)
{
    block->begin = block->end;
    if (block->begin >= end) return false;
    block->end = block->begin + BLOCK < end ? block->begin + BLOCK : end;
    return true;
}

static int rounds_of(const ConvCall *call)
{
    return joins_taps(call->conv) ? call->run->images : 1;
}

static size_t round_pixels(const ConvCall *call)
{
    size_t image = conv_out_pixels(&call->conv->shape);
    return joins_taps(call->conv) ? image : (size_t)call->run->images * image;
}

static Source pad_image(const Convolution *conv, const float *x, float *image)
{
    const ConvShape *shape = &conv->shape;
    int height = padded_side(shape->height, shape), width = padded_side(shape->width, shape);
    size_t C = (size_t)shape->channels, row = (size_t)width * C, in = (size_t)shape->width * C;
    memset(image, 0, sizeof(float) * (size_t)height * row);
    for (size_t y = 0; y < (size_t)shape->height; y++)
        memcpy(image + (y + (size_t)shape->padding) * row + (size_t)shape->padding * C, x + y * in,
               sizeof(float) * in);
    return (Source){image, height, width, 0};
}

/* Whether every window lies inside the image. */
static bool needs_no_padding(const ConvShape *shape)
{
    return shape->padding == 0 &&
           (shape->out_height - 1) * shape->stride + shape->kernel <= shape->height &&
           (shape->out_width - 1) * shape->stride + shape->kernel <= shape->width;
}

static Source round_source(const ConvCall *call, const Scratch *s, const float *x, int round)
{
    const Convolution *conv = call->conv;
    x += (size_t)round * conv_in_floats(&conv->shape);
    if (!joins_taps(conv) || needs_no_padding(&conv->shape))
        return (Source){x, conv->shape.height, conv->shape.width, conv->shape.padding};
    return pad_image(conv, x, s->image);
}

/* --- forward --- */

static void forward(const ConvCall *call, float *out, const float *x)
{
    const Convolution *conv = call->conv;
    Scratch s = scratch_of(call);
    for (int t = 0; t < segments_of(conv); t++)
        s.panels[t] = call->prepared + (size_t)t * forward_panels(conv);
    for (int round = 0; round < rounds_of(call); round++) {
        Source source = round_source(call, &s, x, round);
        size_t first = (size_t)round * round_pixels(call);
        for (Block block = {0}; next_block(&block, round_pixels(call));) {
            size_t begin = first + block.begin, end = first + block.end;
            find_windows(conv, &source, &s, block, (size_t)call->run->kernel->conv_rows());
            multiply_block(call, out + begin * (size_t)conv->out_channels, &s, end - begin,
                           segments_of(conv), segment_floats(conv), conv->out_channels, false);
            conv_rows_done(call, begin, end);
        }
    }
}

/* --- gradient of the weights --- */

static void gather_left(const Convolution *conv, float *left, const float *const *rows, int k,
                        size_t pixels)
{
    for (size_t i = 0; i < pixels; i++)
        memcpy(left + i * left_step(conv), rows[i], sizeof(float) * (size_t)k);
}

/* c (rows,columns; stride ldc) = [c +] left^T panels. */
static void multiply_left(const ConvCall *call, float *c, int ldc, const Scratch *s, int rows,
                          int columns, size_t pixels, bool adds)
{
    const Kernels *kernel = call->run->kernel;
    int width = kernel->matmul_columns(), most = kernel->matmul_rows();
    for (int column = 0; column < columns; column += width) {
        int n = columns - column < width ? columns - column : width;
        for (int row = 0; row < rows; row += most)
            kernel->matmul_block(c + (size_t)row * (size_t)ldc + column, (size_t)ldc, s->left + row,
                                 1, left_step(call->conv), s->right + (size_t)column * pixels,
                                 (int)pixels, rows - row < most ? rows - row : most, n, adds);
        if (column / width % 4 == 3) run_poll(call->run);
    }
    run_poll(call->run);
}

/* Of a block whose windows have been found as one group. Few channels fill no vector, so there the output's
 * channels are the columns, and the result is transposed. */
static void weight_block(const ConvCall *call, float *dweight, const float *dout, const Scratch *s,
                         size_t pixels, bool adds)
{
    const Convolution *conv = call->conv;
    const Kernels *kernel = call->run->kernel;
    int k = segment_floats(conv), N = conv->out_channels;
    for (size_t i = 0; i < pixels; i++) s->pixel[i] = dout + i * (size_t)N;
    if (joins_taps(conv))
        kernel->conv_pack(s->right, s->pixel, (int)pixels, N);
    else
        gather_left(conv, s->left, s->pixel, N, pixels);
    for (size_t t = 0; t < (size_t)segments_of(conv); t++) {
        const float *const *windows = s->window + t * pixels;
        if (joins_taps(conv)) {
            gather_left(conv, s->left, windows, k, pixels);
            multiply_left(call, s->dweight + t * (size_t)k * (size_t)N, N, s, k, N, pixels, adds);
        } else {
            kernel->conv_pack(s->right, windows, (int)pixels, k);
            multiply_left(call, dweight + t * (size_t)k, window_floats(conv), s, N, k, pixels,
                          adds);
        }
    }
}

static void weight_gradient(const ConvCall *call, float *dweight, const float *dout, const float *x,
                            const Scratch *s)
{
    const Convolution *conv = call->conv;
    size_t N = (size_t)conv->out_channels, window = (size_t)window_floats(conv);
    for (int round = 0; round < rounds_of(call); round++) {
        Source source = round_source(call, s, x, round);
        size_t first = (size_t)round * round_pixels(call);
        for (Block block = {0}; next_block(&block, round_pixels(call));) {
            size_t begin = first + block.begin, end = first + block.end;
            conv_rows_done(call, begin, end);
            find_windows(conv, &source, s, block, BLOCK);
            weight_block(call, dweight, dout + begin * N, s, end - begin, begin > 0);
        }
    }
    if (!joins_taps(conv)) return;
    for (size_t n = 0; n < N; n++)
        for (size_t i = 0; i < window; i++) dweight[n * window + i] = s->dweight[i * N + n];
}

/* --- gradient of the input --- */

/* Along one side: input places first, first + stride, …; the taps tap, tap + stride, … reach them, from the output
 * out of the first place, out - 1, …. */
typedef struct SideClass {
    int first, places, tap, taps, out;
} SideClass;

static SideClass side_class(const ConvShape *shape, int side, int first)
{
    int stride = shape->stride, tap = (first + shape->padding) % stride;
    return (SideClass){.first = first,
                       .places = (side - first + stride - 1) / stride,
                       .tap = tap,
                       .taps =
                           tap < shape->kernel ? (shape->kernel - tap + stride - 1) / stride : 0,
                       .out = (first + shape->padding - tap) / stride};
}

typedef struct PixelClass {
    SideClass y, x;
} PixelClass;

static int class_taps(const PixelClass *class)
{
    return class->y.taps * class->x.taps;
}

static void find_panels(const ConvCall *call, const Scratch *s, const PixelClass *class)
{
    const Convolution *conv = call->conv;
    const float *panels = call->prepared + (size_t)segments_of(conv) * forward_panels(conv);
    for (int t = 0; t < class_taps(class); t++) {
        int ky = class->y.tap + t / class->x.taps * conv->shape.stride;
        int kx = class->x.tap + t % class->x.taps * conv->shape.stride;
        s->panels[t] = panels + (size_t)(ky * conv->shape.kernel + kx) * backward_panels(conv);
    }
}

/* Pointers to the gradients of the outputs that see the block's pixels, tap by tap. */
static void find_gradients(const ConvCall *call, const float *dout, const Scratch *s,
                           const PixelClass *class, Block block)
{
    const ConvShape *shape = &call->conv->shape;
    size_t taps = (size_t)class_taps(class), count = block.end - block.begin;
    size_t rows = (size_t)call->run->kernel->conv_rows();
    Cursor at = cursor_at(block.begin, class->y.places, class->x.places);
    for (size_t i = 0; i < count; i++) {
        size_t step, place = table_place(i, count, rows, taps, &step);
        for (int t = 0; t < (int)taps; t++) {
            int y = class->y.out + at.y - t / class->x.taps;
            int x = class->x.out + at.x - t % class->x.taps;
            bool inside = y >= 0 && y < shape->out_height && x >= 0 && x < shape->out_width;
            size_t pixel = at.image * conv_out_pixels(shape) +
                           (size_t)y * (size_t)shape->out_width + (size_t)x;
            s->window[place + (size_t)t * step] =
                inside ? dout + pixel * (size_t)call->conv->out_channels : s->zeros;
        }
        cursor_advance(&at, class->y.places, class->x.places);
    }
}

/* The gradient of a block of pixels that are no neighbours, to where they are. */
static void scatter(const ConvCall *call, float *dx, bool adds, const Scratch *s,
                    const PixelClass *class, Block block)
{
    const ConvShape *shape = &call->conv->shape;
    size_t C = (size_t)shape->channels;
    Cursor at = cursor_at(block.begin, class->y.places, class->x.places);
    for (size_t i = 0; i < block.end - block.begin; i++) {
        size_t y = (size_t)(class->y.first + at.y * shape->stride);
        size_t x = (size_t)(class->x.first + at.x * shape->stride);
        float *to = dx + at.image * conv_in_floats(shape) + (y * (size_t)shape->width + x) * C;
        if (adds)
            call->run->kernel->add(to, to, s->gathered + i * C, C);
        else
            memcpy(to, s->gathered + i * C, sizeof(float) * C);
        cursor_advance(&at, class->y.places, class->x.places);
    }
}

static void class_gradient(const ConvCall *call, float *dx, bool adds, const float *dout,
                           const Scratch *s, const PixelClass *class)
{
    const Convolution *conv = call->conv;
    int C = conv->shape.channels;
    size_t pixels = (size_t)call->run->images * (size_t) class->y.places * (size_t) class->x.places;
    bool neighbours = conv->shape.stride == 1;
    if (class_taps(class) == 0) return;
    for (Block block = {0}; next_block(&block, pixels);) {
        find_panels(call, s, class);
        find_gradients(call, dout, s, class, block);
        float *to = neighbours ? dx + block.begin * (size_t)C : s->gathered;
        multiply_block(call, to, s, block.end - block.begin, class_taps(class), conv->out_channels,
                       C, neighbours && adds);
        if (!neighbours) scatter(call, dx, adds, s, class, block);
    }
}

static void backward(const ConvCall *call, float *dx, bool adds, float *dweight, const float *dout,
                     const float *x)
{
    const ConvShape *shape = &call->conv->shape;
    Scratch s = scratch_of(call);
    weight_gradient(call, dweight, dout, x, &s);
    if (!dx) return;
    if (shape->kernel < shape->stride) { /* some pixels have no tap */
        conv_clear_dx(call, dx, adds);
        adds = true;
    }
    for (int y = 0; y < shape->stride; y++)
        for (int x_first = 0; x_first < shape->stride; x_first++) {
            PixelClass class = {side_class(shape, shape->height, y),
                                side_class(shape, shape->width, x_first)};
            class_gradient(call, dx, adds, dout, &s, &class);
        }
}

const ConvMethod conv_indirect = {.name = "indirect",
                                  .prepared = prepared,
                                  .prepare = prepare,
                                  .scratch = scratch,
                                  .forward = forward,
                                  .backward = backward};
