/*
 * Convolution without a patch matrix: for a block of pixels a table of pointers tells where each tap of each window
 * lies, outside the image at zeros, and the products read the image itself. A "segment" is what is contiguous
 * in window and image: a tap of C channels, or, for images of few channels, which are padded in a copy, a row of
 * the kernel.
 */
#include "conv_indirect.h"

/* --- weights: panels of each segment, (k,out_channels); for the gradient of each tap, (out_channels,C) --- */

static size_t forward_panels(const Convolution *conv)
{
    return gemm_panels_floats(indirect_segment_floats(conv), conv->out_channels);
}

static size_t backward_panels(const Convolution *conv)
{
    if (!conv->has_backward || !conv->wants_dx) return 0;
    return gemm_panels_floats(conv->out_channels, conv->shape.channels);
}

static size_t prepared(const Convolution *conv)
{
    return (size_t)indirect_segments(conv) * forward_panels(conv) +
           (size_t)indirect_taps(conv) * backward_panels(conv);
}

static void prepare(const Convolution *conv, const float *weight, float *out)
{
    int k = indirect_segment_floats(conv), C = conv->shape.channels, N = conv->out_channels;
    for (size_t s = 0; s < (size_t)indirect_segments(conv); s++, out += forward_panels(conv))
        gemm_pack(out, TRANSPOSE, k, N, weight + s * (size_t)k, indirect_window_floats(conv));
    if (backward_panels(conv) == 0) return;
    for (size_t tap = 0; tap < (size_t)indirect_taps(conv); tap++, out += backward_panels(conv))
        gemm_pack(out, NO_TRANSPOSE, N, C, weight + tap * (size_t)C, indirect_window_floats(conv));
}

const float *indirect_backward_panels(const ConvCall *call, size_t *step)
{
    const Convolution *conv = call->conv;
    *step = backward_panels(conv);
    return call->prepared + (size_t)indirect_segments(conv) * forward_panels(conv);
}

/* --- forward --- */

static void forward(const ConvCall *call, float *out, const float *x)
{
    const Convolution *conv = call->conv;
    IndirectScratch s = indirect_scratch_of(call);
    for (int t = 0; t < indirect_segments(conv); t++)
        s.panels[t] = call->prepared + (size_t)t * forward_panels(conv);
    for (int round = 0; round < indirect_rounds(call); round++) {
        Source source = indirect_source(call, &s, x, round);
        size_t first = (size_t)round * indirect_round_pixels(call);
        for (Block block = {0}; indirect_next_block(&block, indirect_round_pixels(call));) {
            size_t begin = first + block.begin, end = first + block.end;
            indirect_find_windows(conv, &source, &s, block, (size_t)call->run->kernel->conv_rows());
            indirect_multiply(call, out + begin * (size_t)conv->out_channels, &s, end - begin,
                              indirect_segments(conv), indirect_segment_floats(conv),
                              conv->out_channels, false);
            conv_rows_done(call, begin, end);
        }
    }
}

/* --- gradient of the weights --- */

static void gather_left(const Convolution *conv, float *left, const float *const *rows, int k,
                        size_t pixels)
{
    for (size_t i = 0; i < pixels; i++)
        memcpy(left + i * indirect_left_step(conv), rows[i], sizeof(float) * (size_t)k);
}

/* The left side of a product, of `count` pixels of a block from `first` on: element (pixel, row) is
 * at[(pixel - first) * step + row]. */
typedef struct Left {
    const float *at;
    size_t step, first, count;
} Left;

/* c (rows,columns; stride ldc) = [c +] left^T right, whose panels are of all `pixels` of the block. */
static void multiply_left(const ConvCall *call, float *c, int ldc, const IndirectScratch *s,
                          Left left, int rows, int columns, size_t pixels, bool adds)
{
    const Kernels *kernel = call->run->kernel;
    int width = kernel->matmul_columns(), most = kernel->matmul_rows();
    for (int column = 0; column < columns; column += width) {
        int n = columns - column < width ? columns - column : width;
        const float *panel = s->right + (size_t)column * pixels + left.first * (size_t)width;
        for (int row = 0; row < rows; row += most)
            kernel->matmul_block(c + (size_t)row * (size_t)ldc + column, (size_t)ldc, left.at + row,
                                 1, left.step, panel, (int)left.count,
                                 rows - row < most ? rows - row : most, n, adds);
        if (column / width % 4 == 3) run_poll(call->run);
    }
    run_poll(call->run);
}

/* How many windows from the first on are `step` apart: those of a row of the image. */
static size_t even_windows(const float *const *windows, size_t count, size_t step)
{
    size_t n = 1;
    while (n < count && windows[n] == windows[n - 1] + step) n++;
    return n;
}

/* One segment's share, transposed: few channels fill no vector, so the output's channels are the columns. Windows
 * of a row overlap in the padded image and are read there. */
static void joined_segment(const ConvCall *call, float *dweight, const IndirectScratch *s,
                           const float *const *windows, size_t pixels, bool adds)
{
    const Convolution *conv = call->conv;
    int k = indirect_segment_floats(conv), N = conv->out_channels;
    size_t step = (size_t)conv->shape.stride * (size_t)conv->shape.channels;
    for (size_t first = 0, count; first < pixels; first += count) {
        count = even_windows(windows + first, pixels - first, step);
        multiply_left(call, dweight, N, s, (Left){windows[first], step, first, count}, k, N, pixels,
                      adds || first > 0);
    }
}

/* Of a block whose windows have been found as one group. */
static void weight_block(const ConvCall *call, float *dweight, const float *dout,
                         const IndirectScratch *s, size_t pixels, bool adds)
{
    const Convolution *conv = call->conv;
    const Kernels *kernel = call->run->kernel;
    int k = indirect_segment_floats(conv), N = conv->out_channels;
    for (size_t i = 0; i < pixels; i++) s->pixel[i] = dout + i * (size_t)N;
    if (indirect_joins_taps(conv))
        kernel->conv_pack(s->right, s->pixel, (int)pixels, N);
    else
        gather_left(conv, s->left, s->pixel, N, pixels);
    for (size_t t = 0; t < (size_t)indirect_segments(conv); t++) {
        const float *const *windows = s->window + t * pixels;
        if (indirect_joins_taps(conv)) {
            joined_segment(call, s->dweight + t * (size_t)k * (size_t)N, s, windows, pixels, adds);
        } else {
            kernel->conv_pack(s->right, windows, (int)pixels, k);
            multiply_left(call, dweight + t * (size_t)k, indirect_window_floats(conv), s,
                          (Left){s->left, indirect_left_step(conv), 0, pixels}, N, k, pixels, adds);
        }
    }
}

static void weight_gradient(const ConvCall *call, float *dweight, const float *dout, const float *x,
                            const IndirectScratch *s)
{
    const Convolution *conv = call->conv;
    size_t N = (size_t)conv->out_channels, window = (size_t)indirect_window_floats(conv);
    for (int round = 0; round < indirect_rounds(call); round++) {
        Source source = indirect_source(call, s, x, round);
        size_t first = (size_t)round * indirect_round_pixels(call);
        for (Block block = {0}; indirect_next_block(&block, indirect_round_pixels(call));) {
            size_t begin = first + block.begin, end = first + block.end;
            conv_rows_done(call, begin, end);
            indirect_find_windows(conv, &source, s, block, INDIRECT_BLOCK);
            weight_block(call, dweight, dout + begin * N, s, end - begin, begin > 0);
        }
    }
    if (!indirect_joins_taps(conv)) return;
    for (size_t n = 0; n < N; n++)
        for (size_t i = 0; i < window; i++) dweight[n * window + i] = s->dweight[i * N + n];
}

static void backward(const ConvCall *call, float *dx, bool adds, float *dweight, const float *dout,
                     const float *x)
{
    IndirectScratch s = indirect_scratch_of(call);
    weight_gradient(call, dweight, dout, x, &s);
    if (dx) indirect_input_gradient(call, dx, adds, dout, &s);
}

const ConvMethod conv_indirect = {.name = "indirect",
                                  .prepared = prepared,
                                  .prepare = prepare,
                                  .scratch = indirect_scratch,
                                  .forward = forward,
                                  .backward = backward};
