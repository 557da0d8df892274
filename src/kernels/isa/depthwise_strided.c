/*
 * Depthwise convolution of any kernel, stride and padding, on one image: tap by tap over the channels.
 * For the large kernels of stride 1 there is depthwise.c, which keeps its sums in registers.
 */
#include "kernels.h"

INLINE size_t pixel_at(const ConvShape *shape, int y, int x)
{
    return ((size_t)y * (size_t)shape->width + (size_t)x) * (size_t)shape->channels;
}

INLINE int inside(int at, int size)
{
    return at >= 0 && at < size;
}

/* One tap of one output pixel: where it lies in image and kernel; false: outside. */
typedef struct Tap {
    size_t image, weight;
} Tap;

INLINE int tap_at(Tap *tap, const ConvShape *shape, int row, int t)
{
    int ky = t / shape->kernel, kx = t % shape->kernel;
    int y = row / shape->out_width * shape->stride - shape->padding + ky;
    int x = row % shape->out_width * shape->stride - shape->padding + kx;
    if (!inside(y, shape->height) || !inside(x, shape->width)) return 0;
    *tap = (Tap){pixel_at(shape, y, x), (size_t)t * (size_t)shape->channels};
    return 1;
}

void KERNEL(depthwise_strided_forward)(float *out, const float *x, const float *weight,
                                       const ConvShape *shape)
{
    int C = shape->channels, taps = shape->kernel * shape->kernel;
    for (int row = 0; row < shape->out_height * shape->out_width; row++, out += C) {
        memset(out, 0, sizeof(float) * (size_t)C);
        for (int t = 0; t < taps; t++) {
            Tap tap;
            if (!tap_at(&tap, shape, row, t)) continue;
            const float *a = x + tap.image, *w = weight + tap.weight;
            ELEMENTWISE
            for (int c = 0; c < C; c++) out[c] = scalar_fma(a[c], w[c], out[c]);
        }
    }
}

void KERNEL(depthwise_strided_backward)(float *dx, float *dweight, const float *dout,
                                        const float *x, const float *weight, const ConvShape *shape)
{
    int C = shape->channels, taps = shape->kernel * shape->kernel;
    for (int row = 0; row < shape->out_height * shape->out_width; row++, dout += C)
        for (int t = 0; t < taps; t++) {
            Tap tap;
            if (!tap_at(&tap, shape, row, t)) continue;
            const float *a = x + tap.image, *w = weight + tap.weight;
            float *dw = dweight + tap.weight, *da = dx ? dx + tap.image : NULL;
            ELEMENTWISE
            for (int c = 0; c < C; c++) dw[c] = scalar_fma(a[c], dout[c], dw[c]);
            if (!da) continue;
            ELEMENTWISE
            for (int c = 0; c < C; c++) da[c] = scalar_fma(w[c], dout[c], da[c]);
        }
}
