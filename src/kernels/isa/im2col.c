/* The patch matrix of a convolution and its transpose. Taps of one kernel row are neighbours in the
 * image and in the patch, so whole runs are copied. */
#include "kernels.h"

/* The part of kernel row ky of output pixel (oy,ox) that lies inside the image. */
typedef struct TapRun {
    size_t image, patch; /* offsets of the run */
    size_t count;        /* floats; 0: outside */
} TapRun;

INLINE TapRun tap_run(const ConvShape *shape, int oy, int ox, int ky)
{
    int y = oy * shape->stride - shape->padding + ky, x = ox * shape->stride - shape->padding;
    if (y < 0 || y >= shape->height) return (TapRun){0};
    int first = x < 0 ? -x : 0;
    int last = x + shape->kernel > shape->width ? shape->width - x : shape->kernel;
    if (last <= first) return (TapRun){0};
    size_t C = (size_t)shape->channels;
    return (TapRun){.image = ((size_t)y * (size_t)shape->width + (size_t)(x + first)) * C,
                    .patch = ((size_t)ky * (size_t)shape->kernel + (size_t)first) * C,
                    .count = (size_t)(last - first) * C};
}

void KERNEL(im2col)(float *columns, const float *x, const ConvShape *shape, int row_begin,
                    int row_end)
{
    size_t row_floats = (size_t)shape->kernel * (size_t)shape->kernel * (size_t)shape->channels;
    size_t tap_row = (size_t)shape->kernel * (size_t)shape->channels;
    for (int row = row_begin; row < row_end; row++, columns += row_floats)
        for (int ky = 0; ky < shape->kernel; ky++) {
            TapRun run = tap_run(shape, row / shape->out_width, row % shape->out_width, ky);
            if (run.count < tap_row)
                memset(columns + (size_t)ky * tap_row, 0, sizeof(float) * tap_row);
            memcpy(columns + run.patch, x + run.image, sizeof(float) * run.count);
        }
}

void KERNEL(col2im_add)(float *dx, const float *columns, const ConvShape *shape, int row_begin,
                        int row_end)
{
    size_t row_floats = (size_t)shape->kernel * (size_t)shape->kernel * (size_t)shape->channels;
    for (int row = row_begin; row < row_end; row++, columns += row_floats)
        for (int ky = 0; ky < shape->kernel; ky++) {
            TapRun run = tap_run(shape, row / shape->out_width, row % shape->out_width, ky);
            KERNEL(add)(dx + run.image, dx + run.image, columns + run.patch, run.count);
        }
}
