/*
 * Batch norm over rows of channels. Sums run over the rows in order, in double, in blocks of
 * channels whose accumulators stay in the first-level cache.
 */
#include "clip.h"
#include "kernels.h"

enum { BLOCK = 256 };

static int block_size(int C, int begin)
{
    return C - begin < BLOCK ? C - begin : BLOCK;
}

void KERNEL(column_moments)(float *mean, float *variance, const float *x, size_t rows, int C)
{
    for (int begin = 0; begin < C; begin += BLOCK) {
        int n = block_size(C, begin);
        double sum[BLOCK] = {0}, center[BLOCK];
        for (size_t r = 0; r < rows; r++) {
            const float *row = x + r * (size_t)C + begin;
            ELEMENTWISE
            for (int c = 0; c < n; c++) sum[c] += row[c];
        }
        ELEMENTWISE
        for (int c = 0; c < n; c++) {
            center[c] = sum[c] / (double)rows;
            sum[c] = 0;
        }
        for (size_t r = 0; r < rows; r++) {
            const float *row = x + r * (size_t)C + begin;
            ELEMENTWISE
            for (int c = 0; c < n; c++) {
                double d = row[c] - center[c];
                sum[c] += d * d;
            }
        }
        ELEMENTWISE
        for (int c = 0; c < n; c++) {
            mean[begin + c] = (float)center[c];
            variance[begin + c] = (float)(sum[c] / (double)rows);
        }
    }
}

void KERNEL(batchnorm_apply)(float *out, const float *x, const float *scale, const float *shift,
                             const float *residual, Activation activation, size_t rows, int C)
{
    for (size_t r = 0; r < rows; r++) {
        size_t at = r * (size_t)C;
        ELEMENTWISE
        for (int c = 0; c < C; c++)
            out[at + (size_t)c] = scalar_fma(x[at + (size_t)c], scale[c], shift[c]);
        if (residual) KERNEL(add)(out + at, out + at, residual + at, (size_t)C);
        if (activation) KERNEL(clip_forward)(out + at, out + at, activation, (size_t)C);
    }
}

void KERNEL(batchnorm_backward_reduce)(float *dgain, float *dbias, const float *dout,
                                       const float *out, const float *x, const float *mean,
                                       const float *rstd, Activation activation, size_t rows, int C)
{
    int clips = activation != ACTIVATION_NONE;
    float limit = clip_limit(activation);
    for (int begin = 0; begin < C; begin += BLOCK) {
        int n = block_size(C, begin);
        double sum[BLOCK] = {0}, product[BLOCK] = {0};
        float slope[BLOCK], centred[BLOCK]; /* separate loops: mixed widths do not vectorise */
        for (size_t r = 0; r < rows; r++) {
            size_t at = r * (size_t)C + (size_t)begin;
            ELEMENTWISE
            for (int c = 0; c < n; c++) {
                float g = dout[at + (size_t)c];
                slope[c] = clips & is_clipped(out[at + (size_t)c], limit) ? 0 : g;
                centred[c] = x[at + (size_t)c] - mean[begin + c];
            }
            ELEMENTWISE
            for (int c = 0; c < n; c++) sum[c] += slope[c];
            ELEMENTWISE
            for (int c = 0; c < n; c++) product[c] += (double)slope[c] * (double)centred[c];
        }
        ELEMENTWISE
        for (int c = 0; c < n; c++) {
            dbias[begin + c] = (float)sum[c];
            dgain[begin + c] = (float)(product[c] * (double)rstd[begin + c]);
        }
    }
}

void KERNEL(batchnorm_backward_apply)(float *dx, float *dresidual, const float *dout,
                                      const float *out, const float *x, const float *mean,
                                      const float *rstd, const float *gain, const float *dgain,
                                      const float *dbias, Activation activation, size_t rows, int C)
{
    int clips = activation != ACTIVATION_NONE;
    float limit = clip_limit(activation);
    for (int begin = 0; begin < C; begin += BLOCK) {
        int n = block_size(C, begin);
        float factor[BLOCK], offset[BLOCK],
            slope[BLOCK]; /* dx = factor * g - offset - slope * (x - mean) */
        ELEMENTWISE
        for (int c = 0; c < n; c++) {
            factor[c] = gain[begin + c] * rstd[begin + c];
            offset[c] = factor[c] * (dbias[begin + c] / (float)rows);
            slope[c] = factor[c] * rstd[begin + c] * (dgain[begin + c] / (float)rows);
        }
        for (size_t r = 0; r < rows; r++) {
            size_t at = r * (size_t)C + (size_t)begin;
            ELEMENTWISE
            for (int c = 0; c < n; c++) {
                float g = clips & is_clipped(out[at + (size_t)c], limit) ? 0 : dout[at + (size_t)c];
                if (dresidual) dresidual[at + (size_t)c] = g;
                float centred = x[at + (size_t)c] - mean[begin + c];
                dx[at + (size_t)c] = scalar_fma(factor[c], g, -offset[c]) - slope[c] * centred;
            }
        }
    }
}
