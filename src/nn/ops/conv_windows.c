/* Indirect convolution: a worker's scratch, where windows lie, and products of them. */
#include "conv_indirect.h"

/* --- scratch --- */

static int largest(int a, int b)
{
    return a > b ? a : b;
}

/* The zeros that lie outside the image. */
static size_t zero_floats(const Convolution *conv)
{
    return (size_t)largest(indirect_segment_floats(conv), conv->out_channels);
}

static int padded_side(int side, const ConvShape *shape)
{
    return side + 2 * shape->padding + shape->kernel; /* "same" padding may hang over behind */
}

/* A padded image; the gradient of the weights as (window,out_channels). */
static size_t joined_floats(const Convolution *conv)
{
    const ConvShape *shape = &conv->shape;
    if (!indirect_joins_taps(conv)) return 0;
    return (size_t)padded_side(shape->height, shape) * (size_t)padded_side(shape->width, shape) *
               (size_t)shape->channels +
           (size_t)indirect_window_floats(conv) * (size_t)conv->out_channels;
}

/* A block of the input's gradient, where its pixels are no neighbours. */
static size_t gathered_floats(const Convolution *conv)
{
    return conv->shape.stride > 1 && conv->wants_dx ? INDIRECT_BLOCK * (size_t)conv->shape.channels
                                                    : 0;
}

/* A block's left side as rows `step` apart, which do not fall into the same sets of a cache. */
size_t indirect_left_step(const Convolution *conv)
{
    size_t floats = (size_t)largest(indirect_segment_floats(conv), conv->out_channels);
    return (floats + 15) / 16 * 16 + 16;
}

/* A block's right side as panels. */
static size_t right_floats(const Convolution *conv)
{
    return gemm_panels_floats(INDIRECT_BLOCK,
                              largest(indirect_segment_floats(conv), conv->out_channels));
}

/* Both sides of the weights' gradient; other blocks are not under way at the same time. */
static size_t block_floats(const Convolution *conv)
{
    if (!conv->has_backward) return 0;
    size_t sides = INDIRECT_BLOCK * indirect_left_step(conv) + right_floats(conv);
    return sides > gathered_floats(conv) ? sides : gathered_floats(conv);
}

static size_t pointer_count(const Convolution *conv)
{
    return INDIRECT_BLOCK * (1 + (size_t)indirect_taps(conv)) + 2 * (size_t)indirect_taps(conv);
}

size_t indirect_scratch(const Convolution *conv)
{
    return pointer_count(conv) * sizeof(float *) / sizeof(float) + zero_floats(conv) +
           joined_floats(conv) + block_floats(conv);
}

IndirectScratch indirect_scratch_of(const ConvCall *call)
{
    const Convolution *conv = call->conv;
    IndirectScratch s;
    s.window = (const float **)(void *)call->scratch;
    s.pixel = s.window + INDIRECT_BLOCK * (size_t)indirect_taps(conv);
    s.panels = s.pixel + INDIRECT_BLOCK;
    s.panel = s.panels + indirect_taps(conv);
    s.zeros = (float *)(s.panel + indirect_taps(conv));
    s.dweight = s.zeros + zero_floats(conv);
    s.image = s.dweight + (indirect_joins_taps(conv)
                               ? (size_t)indirect_window_floats(conv) * (size_t)conv->out_channels
                               : 0);
    s.left = s.gathered = s.dweight + joined_floats(conv);
    s.right = s.left + INDIRECT_BLOCK * indirect_left_step(conv);
    memset(s.zeros, 0, sizeof(float) * zero_floats(conv));
    return s;
}

/* --- where windows lie --- */

static const float *tap_at(const Convolution *conv, const Source *source, const float *zeros,
                           size_t image, int y, int x)
{
    if (y < 0 || y >= source->height || x < 0 || x >= source->width) return zeros;
    size_t pixel = (image * (size_t)source->height + (size_t)y) * (size_t)source->width + (size_t)x;
    return source->x + pixel * (size_t)conv->shape.channels;
}

Cursor cursor_at(size_t pixel, int height, int width)
{
    size_t pixels = (size_t)height * (size_t)width;
    return (Cursor){pixel / pixels, (int)(pixel % pixels) / width, (int)(pixel % pixels) % width};
}

void cursor_advance(Cursor *cursor, int height, int width)
{
    if (++cursor->x < width) return;
    cursor->x = 0;
    if (++cursor->y < height) return;
    cursor->y = 0;
    cursor->image++;
}

size_t indirect_place(size_t i, size_t count, size_t rows, size_t segments, size_t *step)
{
    size_t first = i / rows * rows;
    *step = count - first < rows ? count - first : rows;
    return first * segments + (i - first);
}

/* Pointers to every segment of the windows of a block of output pixels. */
void indirect_find_windows(const Convolution *conv, const Source *source, const IndirectScratch *s,
                           Block block, size_t rows)
{
    const ConvShape *shape = &conv->shape;
    size_t segments = (size_t)indirect_segments(conv), count = block.end - block.begin;
    Cursor at = cursor_at(block.begin, shape->out_height, shape->out_width);
    for (size_t i = 0; i < count; i++) {
        size_t step, place = indirect_place(i, count, rows, segments, &step);
        int y = at.y * shape->stride - source->padding, x = at.x * shape->stride - source->padding;
        for (size_t t = 0; t < segments; t++) {
            int ky = indirect_joins_taps(conv) ? (int)t : (int)t / shape->kernel;
            int kx = indirect_joins_taps(conv) ? 0 : (int)t % shape->kernel;
            s->window[place + t * step] = tap_at(conv, source, s->zeros, at.image, y + ky, x + kx);
        }
        cursor_advance(&at, shape->out_height, shape->out_width);
    }
}

/* --- rounds: all images at once, or one that is padded first --- */

int indirect_rounds(const ConvCall *call)
{
    return indirect_joins_taps(call->conv) ? call->run->images : 1;
}

size_t indirect_round_pixels(const ConvCall *call)
{
    size_t image = conv_out_pixels(&call->conv->shape);
    return indirect_joins_taps(call->conv) ? image : (size_t)call->run->images * image;
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

Source indirect_source(const ConvCall *call, const IndirectScratch *s, const float *x, int round)
{
    const Convolution *conv = call->conv;
    x += (size_t)round * conv_in_floats(&conv->shape);
    if (!indirect_joins_taps(conv) || needs_no_padding(&conv->shape))
        return (Source){x, conv->shape.height, conv->shape.width, conv->shape.padding};
    return pad_image(conv, x, s->image);
}

/* --- products --- */

/* c (pixels,columns) = [c +] windows * panels: slice by slice of segments whose panels stay in the
 * first-level cache. */
void indirect_multiply(const ConvCall *call, float *c, const IndirectScratch *s, size_t pixels,
                       int segments, int k, int columns, bool adds)
{
    const Kernels *kernel = call->run->kernel;
    int width = kernel->matmul_columns(), rows = kernel->conv_rows();
    int slice = largest(1, INDIRECT_SLICE_FLOATS / (k * width));
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
