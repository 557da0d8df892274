/* Pooling windows over images of C channels. Padding takes no part: a window is what of it lies inside. */
#include "kernels.h"

enum { BLOCKS = 4 }; /* of 16 channels at a time: their comparisons do not wait for each other */

typedef struct Window {
    int y0, y1, x0, x1; /* half-open */
} Window;

INLINE Window window_of(const ConvShape *shape, int row)
{
    int y = row / shape->out_width * shape->stride - shape->padding;
    int x = row % shape->out_width * shape->stride - shape->padding;
    int y1 = y + shape->kernel, x1 = x + shape->kernel;
    return (Window){y < 0 ? 0 : y, y1 > shape->height ? shape->height : y1, x < 0 ? 0 : x,
                    x1 > shape->width ? shape->width : x1};
}

INLINE size_t pixel_at(const ConvShape *shape, int y, int x)
{
    return ((size_t)y * (size_t)shape->width + (size_t)x) * (size_t)shape->channels;
}

INLINE int out_pixels(const ConvShape *shape)
{
    return shape->out_height * shape->out_width;
}

/* a > b ? a : b, NaN where either is. */
INLINE v16 larger(v16 a, v16 b)
{
    v16 r;
    FOR_VECS r.v[p] = vec_select((b.v[p] <= a.v[p]) | vec_is_nan(a.v[p]), a.v[p], b.v[p]);
    return r;
}

/* `blocks` times n <= 16 channels of one window, from `channel` on. */
INLINE void max_of_window(float *out, const float *x, const ConvShape *shape, Window w, int channel,
                          int blocks, int n)
{
    const float *from = x + channel;
    v16 most[BLOCKS];
    for (int b = 0; b < blocks; b++)
        most[b] = v16_load_n16(from + pixel_at(shape, w.y0, w.x0) + 16 * b, n);
    for (int y = w.y0; y < w.y1; y++) {
        const float *pixel = from + pixel_at(shape, y, w.x0);
        for (int ix = w.x0; ix < w.x1; ix++, pixel += shape->channels)
            for (int b = 0; b < blocks; b++)
                most[b] = larger(most[b], v16_load_n16(pixel + 16 * b, n));
    }
    for (int b = 0; b < blocks; b++) v16_store_n16(out + channel + 16 * b, most[b], n);
}

void KERNEL(max_pool_forward)(float *out, const float *x, const ConvShape *shape)
{
    int C = shape->channels;
    for (int row = 0; row < out_pixels(shape); row++, out += C) {
        Window w = window_of(shape, row);
        int c = 0;
        for (; c + 16 * BLOCKS <= C; c += 16 * BLOCKS)
            max_of_window(out, x, shape, w, c, BLOCKS, 16);
        for (; c + 16 <= C; c += 16) max_of_window(out, x, shape, w, c, 1, 16);
        if (c < C) max_of_window(out, x, shape, w, c, 1, C - c);
    }
}

/* The first tap that equals the largest takes the gradient. */
INLINE void give_to_largest(float *dx, const float *dout, const float *x, const float *out,
                            const ConvShape *shape, Window w, int channel, int n)
{
    v16 rest = v16_load_n16(dout + channel, n), most = v16_load_n16(out + channel, n);
    for (int y = w.y0; y < w.y1; y++) {
        size_t at = pixel_at(shape, y, w.x0) + (size_t)channel;
        for (int ix = w.x0; ix < w.x1; ix++, at += (size_t)shape->channels) {
            v16 value = v16_load_n16(x + at, n), gradient = v16_load_n16(dx + at, n);
            FOR_VECS
            {
                ivec hit = value.v[p] == most.v[p];
                gradient.v[p] += (vec)((ivec)rest.v[p] & hit);
                rest.v[p] = (vec)((ivec)rest.v[p] & ~hit);
            }
            v16_store_n16(dx + at, gradient, n);
        }
    }
}

/* Rows [begin, end) of dx become zero; returns `end`. */
INLINE int empty_rows(float *dx, const ConvShape *shape, int begin, int end)
{
    memset(dx + pixel_at(shape, begin, 0), 0,
           sizeof(float) * (pixel_at(shape, end, 0) - pixel_at(shape, begin, 0)));
    return end;
}

/* Rows are emptied as the windows reach them: they are in the cache then. */
void KERNEL(max_pool_backward)(float *dx, const float *dout, const float *x, const float *out,
                               const ConvShape *shape, bool adds)
{
    int C = shape->channels, whole = C / 16 * 16, empty = adds ? shape->height : 0;
    for (int row = 0; row < out_pixels(shape); row++, out += C, dout += C) {
        Window w = window_of(shape, row);
        if (empty < w.y1) empty = empty_rows(dx, shape, empty, w.y1);
        for (int c = 0; c < whole; c += 16) give_to_largest(dx, dout, x, out, shape, w, c, 16);
        if (whole < C) give_to_largest(dx, dout, x, out, shape, w, whole, C - whole);
    }
    if (empty < shape->height) empty_rows(dx, shape, empty, shape->height);
}

void KERNEL(average_pool_forward)(float *out, const float *x, const ConvShape *shape)
{
    size_t C = (size_t)shape->channels;
    for (int row = 0; row < out_pixels(shape); row++, out += C) {
        Window w = window_of(shape, row);
        memset(out, 0, sizeof(float) * C);
        for (int y = w.y0; y < w.y1; y++)
            for (int ix = w.x0; ix < w.x1; ix++)
                KERNEL(add)(out, out, x + pixel_at(shape, y, ix), C);
        KERNEL(scale)(out, out, 1 / (float)((w.y1 - w.y0) * (w.x1 - w.x0)), C);
    }
}

void KERNEL(average_pool_backward)(float *dx, const float *dout, const ConvShape *shape)
{
    int C = shape->channels;
    for (int row = 0; row < out_pixels(shape); row++, dout += C) {
        Window w = window_of(shape, row);
        float share = 1 / (float)((w.y1 - w.y0) * (w.x1 - w.x0));
        for (int y = w.y0; y < w.y1; y++)
            for (int ix = w.x0; ix < w.x1; ix++) {
                float *pixel = dx + pixel_at(shape, y, ix);
                ELEMENTWISE
                for (int c = 0; c < C; c++) pixel[c] = scalar_fma(dout[c], share, pixel[c]);
            }
    }
}
