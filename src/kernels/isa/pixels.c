/* Resampling of pictures: one pixel is a vector of four floats (RGBX). */
#include "kernels.h"

typedef float pixel __attribute__((vector_size(16)));
typedef uint8_t pixel_bytes __attribute__((vector_size(4)));

INLINE pixel load_bytes(const uint8_t *in)
{
    pixel_bytes bytes;
    memcpy(&bytes, in, sizeof bytes);
    return __builtin_convertvector(bytes, pixel);
}

void KERNEL(resample_row)(float *out, const uint8_t *in, const int *first, const float *weight,
                          int taps, int out_width)
{
    for (int i = 0; i < out_width; i++, weight += taps, out += 4) {
        const uint8_t *at = in + (size_t)first[i] * 4;
        pixel sum = {0};
        for (int t = 0; t < taps; t++)
            sum += load_bytes(at + (size_t)t * 4) * (weight[t] - (pixel){0});
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

void KERNEL(store_row)(float *out, const float *in, const float scale[3], const float shift[3],
                       bool flip, int width)
{
    for (int x = 0; x < width; x++, in += 4) {
        float *to = out + 3 * (size_t)(flip ? width - 1 - x : x);
        for (int c = 0; c < 3; c++) to[c] = in[c] * scale[c] + shift[c];
    }
}
