/* Normalisation along rows, inner products and sums of squares. Two passes: mean, then variance. */
#include "kernels.h"

/* Elements i = 0, 16, 32, … of a row of C, the last ones with zeros behind them. */
INLINE v16 row_load(const float *x, int c, int C)
{
    return v16_load_n16(x + c, C - c < 16 ? C - c : 16);
}

INLINE void row_store(float *out, v16 a, int c, int C)
{
    v16_store_n16(out + c, a, C - c < 16 ? C - c : 16);
}

INLINE float row_sum(const float *x, int C)
{
    v16 sum = v16_zero();
    for (int c = 0; c < C; c += 16) sum = v16_add(sum, row_load(x, c, C));
    return v16_sum(sum);
}

/* Sum of (x - mean)^2; zeros behind the row would count as -mean, so the rest is left out. */
INLINE float row_deviations(const float *x, float mean, int C)
{
    v16 sum = v16_zero(), means = v16_set(mean);
    int c = 0;
    for (; c + 16 <= C; c += 16) {
        v16 d = v16_sub(v16_load(x + c), means);
        sum = v16_fma(d, d, sum);
    }
    float rest[16] = {0};
    for (int i = 0; c + i < C; i++) rest[i] = x[c + i] - mean;
    v16 d = v16_load(rest);
    return v16_sum(v16_fma(d, d, sum));
}

void KERNEL(normalize_forward)(float *xhat, float *rstd, const float *x, size_t rows, int C,
                               float epsilon)
{
    for (size_t r = 0; r < rows; r++, x += C, xhat += C) {
        float mean = row_sum(x, C) / (float)C;
        float variance = row_deviations(x, mean, C) / (float)C;
        rstd[r] = 1 / __builtin_sqrtf(variance + epsilon);
        v16 scale = v16_set(rstd[r]), means = v16_set(mean);
        for (int c = 0; c < C; c += 16)
            row_store(xhat, v16_mul(v16_sub(row_load(x, c, C), means), scale), c, C);
    }
}

void KERNEL(normalize_backward)(float *dx, const float *dxhat, const float *xhat, const float *rstd,
                                size_t rows, int C)
{
    for (size_t r = 0; r < rows; r++, dx += C, dxhat += C, xhat += C) {
        v16 sum = v16_zero(), product = v16_zero();
        for (int c = 0; c < C; c += 16) {
            v16 g = row_load(dxhat, c, C);
            sum = v16_add(sum, g);
            product = v16_fma(g, row_load(xhat, c, C), product);
        }
        v16 mean = v16_set(v16_sum(sum) / (float)C), slope = v16_set(-v16_sum(product) / (float)C);
        v16 scale = v16_set(rstd[r]);
        for (int c = 0; c < C; c += 16) {
            v16 g = v16_sub(row_load(dxhat, c, C), mean);
            row_store(dx, v16_mul(v16_fma(row_load(xhat, c, C), slope, g), scale), c, C);
        }
    }
}

float KERNEL(dot)(const float *a, const float *b, size_t n)
{
    v16 sum = v16_zero();
    size_t i = 0;
    for (; i + 16 <= n; i += 16) sum = v16_fma(v16_load(a + i), v16_load(b + i), sum);
    if (i < n) sum = v16_fma(v16_load_n(a + i, (int)(n - i)), v16_load_n(b + i, (int)(n - i)), sum);
    return v16_sum(sum);
}

double KERNEL(sum_squares)(const float *x, size_t n)
{
    double sum[16] = {0};
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int j = 0; j < 16; j++) {
            double value = x[i + (size_t)j];
            sum[j] += value * value; /* exact product: 24 + 24 bits fit in 53 */
        }
    for (int j = 0; i + (size_t)j < n; j++)
        sum[j] += (double)x[i + (size_t)j] * (double)x[i + (size_t)j];
    for (int width = 8; width >= 1; width /= 2)
        for (int j = 0; j < width; j++) sum[j] += sum[j + width];
    return sum[0];
}
