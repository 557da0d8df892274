/* Pooling windows over images of C channels. Padding takes no part: a window is what of it lies inside. */
#include "kernels.h"

enum { BLOCK = 512 }; /* channels at a time */

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
INLINE void keep_larger(float *out, const float *x, int n)
{
    ELEMENTWISE
    for (int c = 0; c < n; c++) out[c] = x[c] <= out[c] ? out[c] : out[c] != out[c] ? out[c] : x[c];
}

void KERNEL(max_pool_forward)(float *out, const float *x, const ConvShape *shape)
{
    int C = shape->channels;
    for (int row = 0; row < out_pixels(shape); row++, out += C) {
        Window w = window_of(shape, row);
        memcpy(out, x + pixel_at(shape, w.y0, w.x0), sizeof(float) * (size_t)C);
        for (int y = w.y0; y < w.y1; y++)
            for (int ix = w.x0; ix < w.x1; ix++) keep_larger(out, x + pixel_at(shape, y, ix), C);
    }
}

/* The first tap that equals the largest takes the gradient. */
INLINE void give_to_largest(float *dx, float *rest, const float *x, const float *out, int n)
{
    ELEMENTWISE
    for (int c = 0; c < n; c++) {
        int hit = x[c] == out[c];
        dx[c] += hit ? rest[c] : 0;
        rest[c] = hit ? 0 : rest[c];
    }
}

void KERNEL(max_pool_backward)(float *dx, const float *dout, const float *x, const float *out,
                               const ConvShape *shape)
{
    int C = shape->channels;
    for (int row = 0; row < out_pixels(shape); row++, out += C, dout += C) {
        Window w = window_of(shape, row);
        for (int begin = 0; begin < C; begin += BLOCK) {
            int n = C - begin < BLOCK ? C - begin : BLOCK;
            float rest[BLOCK];
            memcpy(rest, dout + begin, sizeof(float) * (size_t)n);
            for (int y = w.y0; y < w.y1; y++)
                for (int ix = w.x0; ix < w.x1; ix++) {
                    size_t at = pixel_at(shape, y, ix) + (size_t)begin;
                    give_to_largest(dx + at, rest, x + at, out + begin, n);
                }
        }
    }
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
