/*
 * Batch norm over rows of channels, piece by piece, so that a piece is taken while it is in the cache. Sums
 * run over the rows in order, in double, in blocks of channels whose accumulators stay in the first-level
 * cache; loops of one width each, since mixed ones do not vectorise.
 */
#include "clip.h"
#include "kernels.h"

enum { BLOCK = 256 };

static int block_size(int C, int begin)
{
    return C - begin < BLOCK ? C - begin : BLOCK;
}

/* Mean of n columns of x, then the sum of squared deviations from it. */
static void block_moments(double *mean, double *square, const float *x, size_t rows, int C, int n)
{
    memset(mean, 0, sizeof(double) * (size_t)n);
    memset(square, 0, sizeof(double) * (size_t)n);
    for (size_t r = 0; r < rows; r++) {
        const float *row = x + r * (size_t)C;
        ELEMENTWISE
        for (int c = 0; c < n; c++) mean[c] += row[c];
    }
    for (int c = 0; c < n; c++) mean[c] /= (double)rows;
    for (size_t r = 0; r < rows; r++) {
        const float *row = x + r * (size_t)C;
        ELEMENTWISE
        for (int c = 0; c < n; c++) {
            double d = row[c] - mean[c];
            square[c] += d * d;
        }
    }
}

/* Joining two sets of rows: Chan, Golub and LeVeque 1979. */
void KERNEL(column_moments_add)(double *mean, double *square, size_t before, const float *x,
                                size_t rows, int C)
{
    double share = (double)rows / (double)(before + rows);
    for (int begin = 0; begin < C; begin += BLOCK) {
        int n = block_size(C, begin);
        double mine[BLOCK], deviation[BLOCK];
        block_moments(mine, deviation, x + begin, rows, C, n);
        for (int c = 0; c < n; c++) {
            double difference = mine[c] - mean[begin + c];
            mean[begin + c] += difference * share;
            square[begin + c] += deviation[c] + difference * difference * share * (double)before;
        }
    }
}

/* `has_residual` and `clips` are constants wherever this is called. */
INLINE void apply(float *out, const float *x, const float *scale, const float *shift,
                  const float *residual, int has_residual, int clips, float limit, int C)
{
    ELEMENTWISE
    for (int c = 0; c < C; c++) {
        float y = scalar_fma(x[c], scale[c], shift[c]);
        if (has_residual) y += residual[c];
        if (clips) {
            y = y < 0 ? 0 : y; /* NaN stays NaN */
            y = y > limit ? limit : y;
        }
        out[c] = y;
    }
}

void KERNEL(batchnorm_apply)(float *out, const float *x, const float *scale, const float *shift,
                             const float *residual, Activation activation, size_t rows, int C)
{
    float limit = clip_limit(activation);
    for (size_t r = 0; r < rows; r++, out += C, x += C) {
        if (residual && activation)
            apply(out, x, scale, shift, residual + r * (size_t)C, 1, 1, limit, C);
        else if (residual)
            apply(out, x, scale, shift, residual + r * (size_t)C, 1, 0, limit, C);
        else if (activation)
            apply(out, x, scale, shift, NULL, 0, 1, limit, C);
        else
            apply(out, x, scale, shift, NULL, 0, 0, limit, C);
    }
}

/* g = dout where the activation lets it through. */
INLINE void gate(float *g, const float *dout, const float *out, const float *x,
                 const BatchNorm *norm, int begin, int n)
{
    float limit = clip_limit(norm->activation);
    const float *scale = norm->scale + begin, *shift = norm->shift + begin;
    if (!norm->activation) {
        ELEMENTWISE
        for (int c = 0; c < n; c++) g[c] = dout[c];
    } else if (out) {
        ELEMENTWISE
        for (int c = 0; c < n; c++) g[c] = is_clipped(out[c], limit) ? 0 : dout[c];
    } else {
        ELEMENTWISE
        for (int c = 0; c < n; c++)
            g[c] = is_clipped(scalar_fma(x[c], scale[c], shift[c]), limit) ? 0 : dout[c];
    }
}

void KERNEL(batchnorm_backward_reduce)(double *product, double *sum, float *gated,
                                       const float *dout, const float *out, const float *x,
                                       const BatchNorm *norm, size_t rows, int C)
{
    for (int begin = 0; begin < C; begin += BLOCK) {
        int n = block_size(C, begin);
        float own[BLOCK], centred[BLOCK];
        double *sums = sum + begin, *products = product + begin;
        for (size_t r = 0; r < rows; r++) {
            size_t at = r * (size_t)C + (size_t)begin;
            float *g = gated ? gated + at : own;
            gate(g, dout + at, out ? out + at : NULL, x + at, norm, begin, n);
            ELEMENTWISE
            for (int c = 0; c < n; c++) centred[c] = x[at + (size_t)c] - norm->mean[begin + c];
            ELEMENTWISE
            for (int c = 0; c < n; c++) sums[c] += g[c];
            ELEMENTWISE
            for (int c = 0; c < n; c++) products[c] += (double)g[c] * (double)centred[c];
        }
    }
}

/* `clips` is a constant wherever this is called. */
INLINE void backward(float *dx, const float *dout, const float *x, const BatchNorm *norm,
                     const BatchNormSlope *slope, int clips, float limit, int C)
{
    ELEMENTWISE
    for (int c = 0; c < C; c++) {
        float g = dout[c];
        if (clips) g = is_clipped(scalar_fma(x[c], norm->scale[c], norm->shift[c]), limit) ? 0 : g;
        dx[c] = scalar_fma(norm->scale[c], g, -slope->offset[c]) -
                slope->factor[c] * (x[c] - norm->mean[c]);
    }
}

void KERNEL(batchnorm_backward_apply)(float *dx, const float *dout, const float *x,
                                      const BatchNorm *norm, const BatchNormSlope *slope,
                                      size_t rows, int C)
{
    float limit = clip_limit(norm->activation);
    for (size_t r = 0; r < rows; r++, dx += C, dout += C, x += C) {
        if (norm->activation)
            backward(dx, dout, x, norm, slope, 1, limit, C);
        else
            backward(dx, dout, x, norm, slope, 0, limit, C);
    }
}
