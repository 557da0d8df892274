/* The patch matrix of a convolution and its transpose. Taps of one kernel row are neighbours in the
 * image and in the patch, so whole runs are copied. */
#include "kernels.h"

/* A run of taps: kernel row ky of output pixel (oy,ox), what of it lies inside the image. */
typedef struct TapRun {
    size_t image;     /* offset of the first pixel's first channel */
    int first, count; /* taps of the row */
} TapRun;

INLINE TapRun tap_run(const ConvShape *shape, int oy, int ox, int ky)
{
    int y = oy * shape->stride - shape->padding + ky, x = ox * shape->stride - shape->padding;
    if (y < 0 || y >= shape->height) return (TapRun){0};
    int first = x < 0 ? -x : 0;
    int last = x + shape->kernel > shape->width ? shape->width - x : shape->kernel;
    if (last <= first) return (TapRun){0};
    return (TapRun){.image = ((size_t)y * (size_t)shape->width + (size_t)(x + first)) *
                             (size_t)shape->channels,
                    .first = first,
                    .count = last - first};
}

void KERNEL(im2col)(float *columns, const float *x, const ConvShape *shape, int channel,
                    int channels, int row_begin, int row_end)
{
    size_t C = (size_t)shape->channels, n = (size_t)channels, K = (size_t)shape->kernel;
    x += channel;
    for (int row = row_begin; row < row_end; row++)
        for (int ky = 0; ky < shape->kernel; ky++, columns += K * n) {
            TapRun run = tap_run(shape, row / shape->out_width, row % shape->out_width, ky);
            if (run.count < shape->kernel) memset(columns, 0, sizeof(float) * K * n);
            float *to = columns + (size_t)run.first * n;
            if (n == C)
                memcpy(to, x + run.image, sizeof(float) * (size_t)run.count * n);
            else
                for (size_t t = 0; t < (size_t)run.count; t++)
                    memcpy(to + t * n, x + run.image + t * C, sizeof(float) * n);
        }
}

void KERNEL(col2im_add)(float *dx, const float *columns, const ConvShape *shape, int channel,
                        int channels, int row_begin, int row_end)
{
    size_t C = (size_t)shape->channels, n = (size_t)channels, K = (size_t)shape->kernel;
    dx += channel;
    for (int row = row_begin; row < row_end; row++)
        for (int ky = 0; ky < shape->kernel; ky++, columns += K * n) {
            TapRun run = tap_run(shape, row / shape->out_width, row % shape->out_width, ky);
            const float *from = columns + (size_t)run.first * n;
            float *to = dx + run.image;
            if (n == C)
                KERNEL(add)(to, to, from, (size_t)run.count * n);
            else
                for (size_t t = 0; t < (size_t)run.count; t++)
                    KERNEL(add)(to + t * C, to + t * C, from + t * n, n);
        }
}
