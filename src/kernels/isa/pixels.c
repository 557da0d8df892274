/* Resampling of pictures: one pixel is a vector of four floats (RGBX). */
#include "kernels.h"

typedef float pixel __attribute__((vector_size(16)));

void KERNEL(widen_bytes)(float *out, const uint8_t *in, size_t n)
{
    ELEMENTWISE
    for (size_t i = 0; i < n; i++) out[i] = in[i];
}

INLINE pixel load_pixel(const float *in)
{
    pixel loaded;
    memcpy(&loaded, in, sizeof loaded);
    return loaded;
}

void KERNEL(resample_row)(float *out, const float *in, const int *first, const float *weight,
                          int taps, int out_width)
{
    for (int i = 0; i < out_width; i++, weight += taps, out += 4) {
        const float *at = in + (size_t)first[i] * 4;
        pixel sum = {0};
        for (int t = 0; t < taps; t++)
            sum += load_pixel(at + (size_t)t * 4) * (weight[t] - (pixel){0});
        memcpy(out, &sum, sizeof sum);
    }
}

void KERNEL(resample_column)(float *out, const float *rows, const float *weight, int taps, size_t n)
{
    memset(out, 0, sizeof(float) * n);
    for (int t = 0; t < taps; t++, rows += n) {
        float w = weight[t];
        ELEMENTWISE
        for (size_t i = 0; i < n; i++) out[i] += rows[i] * w;
    }
}

/* Upwards in out, whole vectors: the fourth float is the first of the next pixel, which comes after. */
void KERNEL(store_row)(float *out, const float *in, const float scale[3], const float shift[3],
                       bool flip, int width)
{
    pixel factor = {scale[0], scale[1], scale[2]}, offset = {shift[0], shift[1], shift[2]};
    for (int x = 0; x < width; x++, out += 3) {
        pixel value = load_pixel(in + 4 * (size_t)(flip ? width - 1 - x : x)) * factor + offset;
        memcpy(out, &value, sizeof(float) * (x < width - 1 ? 4 : 3));
    }
}
