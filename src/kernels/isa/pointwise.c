/* Elementwise kernels and sums over rows of channels. */
#include "clip.h"
#include "kernels.h"

void KERNEL(add)(float *out, const float *a, const float *b, size_t n)
{
    ELEMENTWISE
    for (size_t i = 0; i < n; i++) out[i] = a[i] + b[i];
}

void KERNEL(scale)(float *out, const float *x, float factor, size_t n)
{
    ELEMENTWISE
    for (size_t i = 0; i < n; i++) out[i] = x[i] * factor;
}

/* x < 0 ? 0 : x, not max(0, x): NaN stays NaN. */
void KERNEL(clip_forward)(float *out, const float *x, Activation activation, size_t n)
{
    float limit = clip_limit(activation);
    ELEMENTWISE
    for (size_t i = 0; i < n; i++) {
        float low = x[i] < 0 ? 0 : x[i];
        out[i] = low > limit ? limit : low;
    }
}

void KERNEL(clip_backward)(float *dx, const float *dout, const float *out, Activation activation,
                           size_t n)
{
    float limit = clip_limit(activation);
    ELEMENTWISE
    for (size_t i = 0; i < n; i++) dx[i] = is_clipped(out[i], limit) ? 0 : dout[i];
}

void KERNEL(affine_forward)(float *out, const float *x, const float *gain, const float *bias,
                            size_t rows, int C)
{
    size_t channels = (size_t)C;
    for (size_t r = 0; r < rows; r++, x += channels, out += channels) {
        if (!bias) {
            ELEMENTWISE
            for (size_t c = 0; c < channels; c++) out[c] = x[c] * gain[c];
            continue;
        }
        ELEMENTWISE
        for (size_t c = 0; c < channels; c++) out[c] = scalar_fma(x[c], gain[c], bias[c]);
    }
}

void KERNEL(affine_backward)(float *dx, float *dgain, float *dbias, const float *dout,
                             const float *x, const float *gain, size_t rows, int C)
{
    size_t channels = (size_t)C;
    memset(dgain, 0, sizeof(float) * channels);
    memset(dbias, 0, sizeof(float) * channels);
    for (size_t r = 0; r < rows; r++, x += channels, dout += channels, dx += channels) {
        ELEMENTWISE
        for (size_t c = 0; c < channels; c++) {
            float g = dout[c];
            dgain[c] = scalar_fma(g, x[c], dgain[c]);
            dbias[c] += g;
            dx[c] = g * gain[c];
        }
    }
}

void KERNEL(column_sum)(float *out, const float *x, size_t rows, int C)
{
    size_t channels = (size_t)C;
    memset(out, 0, sizeof(float) * channels);
    for (size_t r = 0; r < rows; r++, x += channels) {
        ELEMENTWISE
        for (size_t c = 0; c < channels; c++) out[c] += x[c];
    }
}

void KERNEL(bias_add)(float *x, const float *bias, size_t rows, int C)
{
    size_t channels = (size_t)C;
    for (size_t r = 0; r < rows; r++, x += channels) {
        ELEMENTWISE
        for (size_t c = 0; c < channels; c++) x[c] += bias[c];
    }
}
