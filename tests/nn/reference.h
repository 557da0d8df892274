/*
 * What the ops compute, written down plainly in double precision: the reference of test_ops and
 * test_graph. Nothing here shares code or order of evaluation with src/nn.
 */
#pragma once

#include <math.h>
#include <stddef.h>

typedef struct Extent {
    int N, H, W, C;
} Extent;

static inline size_t extent_count(Extent e)
{
    return (size_t)e.N * (size_t)e.H * (size_t)e.W * (size_t)e.C;
}

static inline size_t at(Extent e, int n, int y, int x, int c)
{
    return (((size_t)n * (size_t)e.H + (size_t)y) * (size_t)e.W + (size_t)x) * (size_t)e.C +
           (size_t)c;
}

/* Runs the body for every (n,y,x,c) of an extent. */
#define FOR_EACH(e)                                                                                \
    for (int n = 0; n < (e).N; n++)                                                                \
        for (int y = 0; y < (e).H; y++)                                                            \
            for (int x = 0; x < (e).W; x++)                                                        \
                for (int c = 0; c < (e).C; c++)

static inline Extent ref_conv_extent(Extent in, int channels, int kernel, int stride, int padding)
{
    return (Extent){in.N, (in.H + 2 * padding - kernel) / stride + 1,
                    (in.W + 2 * padding - kernel) / stride + 1, channels};
}

/* weight (channels,K,K,C); bias may be NULL. */
static inline void ref_conv(double *out, const double *in, const double *weight, const double *bias,
                            Extent from, int channels, int kernel, int stride, int padding)
{
    Extent to = ref_conv_extent(from, channels, kernel, stride, padding);
    FOR_EACH(to)
    {
        double sum = bias ? bias[c] : 0;
        for (int ky = 0; ky < kernel; ky++)
            for (int kx = 0; kx < kernel; kx++) {
                int iy = y * stride + ky - padding, ix = x * stride + kx - padding;
                if (iy < 0 || iy >= from.H || ix < 0 || ix >= from.W) continue;
                for (int k = 0; k < from.C; k++)
                    sum += in[at(from, n, iy, ix, k)] *
                           weight[((c * kernel + ky) * kernel + kx) * from.C + k];
            }
        out[at(to, n, y, x, c)] = sum;
    }
}

/* weight (K,K,C); same size. */
static inline void ref_depthwise(double *out, const double *in, const double *weight,
                                 const double *bias, Extent e, int kernel)
{
    FOR_EACH(e)
    {
        double sum = bias[c];
        for (int ky = 0; ky < kernel; ky++)
            for (int kx = 0; kx < kernel; kx++) {
                int iy = y + ky - kernel / 2, ix = x + kx - kernel / 2;
                if (iy < 0 || iy >= e.H || ix < 0 || ix >= e.W) continue;
                sum += in[at(e, n, iy, ix, c)] * weight[(ky * kernel + kx) * e.C + c];
            }
        out[at(e, n, y, x, c)] = sum;
    }
}

/* Rows to mean 0 and variance 1; gain and bias may be NULL. out may be in. */
static inline void ref_layernorm(double *out, const double *in, const double *gain,
                                 const double *bias, size_t rows, int C, double epsilon)
{
    for (size_t r = 0; r < rows; r++) {
        const double *row = in + r * (size_t)C;
        double mean = 0, variance = 0;
        for (int c = 0; c < C; c++) mean += row[c] / C;
        for (int c = 0; c < C; c++) variance += (row[c] - mean) * (row[c] - mean) / C;
        for (int c = 0; c < C; c++)
            out[r * (size_t)C + (size_t)c] =
                (row[c] - mean) / sqrt(variance + epsilon) * (gain ? gain[c] : 1) +
                (bias ? bias[c] : 0);
    }
}

/* weight (K,D). */
static inline void ref_linear(double *out, const double *in, const double *weight,
                              const double *bias, size_t rows, int D, int K)
{
    for (size_t r = 0; r < rows; r++)
        for (int k = 0; k < K; k++) {
            double sum = bias[k];
            for (int d = 0; d < D; d++) sum += in[r * (size_t)D + (size_t)d] * weight[k * D + d];
            out[r * (size_t)K + (size_t)k] = sum;
        }
}

typedef struct RefMlp {
    const double *norm_gain, *norm_bias, *fc1, *fc1_bias, *fc2, *fc2_bias,
        *gamma; /* gamma: or NULL */
    int C, hidden;
} RefMlp;

/* One row: out = residual + factor * gamma * fc2(gelu(fc1(gain * xhat + bias))). */
static inline void ref_mlp_row(double *out, const double *xhat, const double *residual,
                               const RefMlp *p, double factor)
{
    double sum[64] = {0}, normed[64];
    for (int c = 0; c < p->C; c++) normed[c] = p->norm_gain[c] * xhat[c] + p->norm_bias[c];
    for (int j = 0; j < p->hidden; j++) {
        double u = p->fc1_bias[j];
        for (int c = 0; c < p->C; c++) u += p->fc1[j * p->C + c] * normed[c];
        double h = u * 0.5 * (1 + erf(u / sqrt(2)));
        for (int c = 0; c < p->C; c++) sum[c] += p->fc2[c * p->hidden + j] * h;
    }
    for (int c = 0; c < p->C; c++)
        out[c] = residual[c] + factor * (p->gamma ? p->gamma[c] : 1) * (sum[c] + p->fc2_bias[c]);
}

/* `factor` (N) or NULL: 1 for every image. */
static inline void ref_mlp(double *out, const double *xhat, const double *residual, const RefMlp *p,
                           int images, size_t image_rows, const double *factor)
{
    for (size_t r = 0; r < (size_t)images * image_rows; r++) {
        size_t i = r * (size_t)p->C;
        ref_mlp_row(out + i, xhat + i, residual + i, p, factor ? factor[r / image_rows] : 1);
    }
}

/* Mean and biased variance per channel over all rows. */
static inline void ref_moments(double *mean, double *variance, const double *in, size_t rows, int C)
{
    for (int c = 0; c < C; c++) {
        mean[c] = variance[c] = 0;
        for (size_t r = 0; r < rows; r++) mean[c] += in[r * (size_t)C + (size_t)c];
        mean[c] /= (double)rows;
        for (size_t r = 0; r < rows; r++) {
            double d = in[r * (size_t)C + (size_t)c] - mean[c];
            variance[c] += d * d;
        }
        variance[c] /= (double)rows;
    }
}

static inline double reference_activation(double x, Activation activation)
{
    if (activation == ACTIVATION_SILU) return x / (1 + exp(-x));
    if (activation == ACTIVATION_RELU6 && x > 6) return 6;
    return activation != ACTIVATION_NONE && x < 0 ? 0 : x;
}

/* out = act(gain * (in - mean) / sqrt(variance + epsilon) + bias + residual); residual may be NULL,
 * out may be in. */
static inline void ref_batchnorm(double *out, const double *in, const double *mean,
                                 const double *variance, const double *gain, const double *bias,
                                 const double *residual, Activation activation, size_t rows, int C,
                                 double epsilon)
{
    for (size_t i = 0; i < rows * (size_t)C; i++) {
        size_t c = i % (size_t)C;
        double v = gain[c] * (in[i] - mean[c]) / sqrt(variance[c] + epsilon) + bias[c] +
                   (residual ? residual[i] : 0);
        out[i] = reference_activation(v, activation);
    }
}

static inline Extent ref_shortcut_extent(Extent in, int stride, int channels)
{
    return (Extent){in.N, (in.H + stride - 1) / stride, (in.W + stride - 1) / stride, channels};
}

static inline void ref_pad_shortcut(double *out, const double *in, Extent from, int stride,
                                    int channels)
{
    Extent to = ref_shortcut_extent(from, stride, channels);
    int before = (channels - from.C) / 2;
    FOR_EACH(to)
    {
        int k = c - before;
        out[at(to, n, y, x, c)] =
            k >= 0 && k < from.C ? in[at(from, n, y * stride, x * stride, k)] : 0;
    }
}

static inline void ref_mean_pool(double *out, const double *in, Extent e)
{
    for (int i = 0; i < e.N * e.C; i++) out[i] = 0;
    FOR_EACH(e) out[n * e.C + c] += in[at(e, n, y, x, c)] / (e.H * e.W);
}

/* Sum of -log softmax at the label over labelled rows. */
static inline double ref_cross_entropy(const double *logits, const int *label, int rows, int K)
{
    double loss = 0;
    for (int n = 0; n < rows; n++) {
        if (label[n] < 0) continue;
        double sum = 0;
        for (int k = 0; k < K; k++) sum += exp(logits[n * K + k] - logits[n * K]);
        loss += log(sum) - (logits[n * K + label[n]] - logits[n * K]);
    }
    return loss;
}
