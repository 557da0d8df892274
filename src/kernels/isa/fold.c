/* The way back from a folded matrix (src/nn/ops/mlp_fold.c), one pass over it each. */
#include "kernels.h"

void KERNEL(unfold_columns)(float *dw, float *dgain, float *dbias, const float *w, const float *db,
                            const float *gain, const float *bias, size_t rows, int C)
{
    size_t channels = (size_t)C;
    for (size_t r = 0; r < rows; r++, dw += channels, w += channels) {
        float shift = db[r];
        ELEMENTWISE
        for (size_t c = 0; c < channels; c++) {
            dgain[c] = scalar_fma(dw[c], w[c], dgain[c]);
            dbias[c] = scalar_fma(shift, w[c], dbias[c]);
            dw[c] = scalar_fma(shift, bias[c], dw[c] * gain[c]);
        }
    }
}

float KERNEL(unfold_row)(float *g, const float *w, float factor, size_t n)
{
    v16 sum = v16_zero(), factors = v16_set(factor);
    for (size_t i = 0; i < n; i += 16) {
        int count = n - i < 16 ? (int)(n - i) : 16;
        v16 x = v16_load_n16(g + i, count);
        sum = v16_fma(v16_load_n16(w + i, count), x, sum);
        v16_store_n16(g + i, v16_mul(x, factors), count);
    }
    return v16_sum(sum);
}
