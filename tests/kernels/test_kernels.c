/*
 * Kernels of every instruction set that this machine runs: against float64 references, equal bits
 * on v3 and v4 (same order of additions, true fused multiply-adds on both), NaN never hidden. Whole
 * ops with their gradients are checked in tests/nn.
 */
#include "compare.h"
#include "kernels/gemm.h"

/* --- references --- */

static double gelu(double x)
{
    return 0.5 * x * erfc(-x / sqrt(2));
}
static double gelu_slope(double x)
{
    return 0.5 * erfc(-x / sqrt(2)) + x * exp(-x * x / 2) / sqrt(2 * 3.14159265358979323846);
}

static void check_gelu(const Kernels *kernel, int C)
{
    size_t rows = 7, n = rows * (size_t)C;
    float *u = random_floats(n, 1, 3), *bias = random_floats((size_t)C, 2, 1),
          *dh = random_floats(n, 3, 1);
    float *h = random_floats(n, 4, 1), *out = random_floats(n, 5, 1),
          *dbias = calloc((size_t)C, sizeof(float));
    float *du = malloc(sizeof(float) * n);
    memcpy(du, dh, sizeof(float) * n);
    kernel->gelu_forward(out, u, bias, 1.25F, rows, C);
    kernel->gelu_backward(h, du, dbias, u, bias, 1.25F, rows, C);
    for (size_t i = 0; i < n; i++) {
        double x = (double)(u[i] + bias[i % (size_t)C]);
        near((double)out[i], 1.25 * gelu(x), 1e-6);
        near((double)h[i], 1.25 * gelu(x), 1e-6);
        near((double)du[i], 1.25 * gelu_slope(x) * (double)dh[i], 2e-6);
    }
    for (size_t c = 0; c < (size_t)C; c++) {
        double sum = 0;
        for (size_t r = 0; r < rows; r++) sum += (double)du[r * (size_t)C + c];
        near((double)dbias[c], sum, 1e-5);
    }
    free(u), free(bias), free(dh), free(h), free(out), free(dbias), free(du);
}

static void check_normalize(const Kernels *kernel, int C)
{
    double tolerance =
        C < 8 ? 1e-3 : 1e-5; /* a row of three nearly equal numbers magnifies rounding */
    size_t rows = 5, n = rows * (size_t)C;
    float *x = random_floats(n, 1, 2), *g = random_floats(n, 2, 1), *xhat = malloc(4 * n),
          *dx = malloc(4 * n), rstd[5];
    kernel->normalize_forward(xhat, rstd, x, rows, C, 1e-6F);
    kernel->normalize_backward(dx, g, xhat, rstd, rows, C);
    for (size_t r = 0; r < rows; r++) {
        double mean = 0, variance = 0, gm = 0, gx = 0;
        const float *row = x + r * (size_t)C, *gr = g + r * (size_t)C;
        for (int c = 0; c < C; c++) mean += (double)row[c] / C;
        for (int c = 0; c < C; c++) variance += pow((double)row[c] - mean, 2) / C;
        double scale = 1 / sqrt(variance + 1e-6);
        for (int c = 0; c < C; c++) {
            gm += (double)gr[c] / C;
            gx += (double)gr[c] * ((double)row[c] - mean) * scale / C;
        }
        if (C == 1) continue; /* all rounding */
        near((double)rstd[r], scale, tolerance);
        for (int c = 0; c < C; c++) {
            double normal = ((double)row[c] - mean) * scale;
            near((double)xhat[r * (size_t)C + (size_t)c], normal, tolerance);
            near((double)dx[r * (size_t)C + (size_t)c], scale * ((double)gr[c] - gm - normal * gx),
                 3 * tolerance);
        }
    }
    free(x), free(g), free(xhat), free(dx);
}

static void check_softmax(const Kernels *kernel, int C)
{
    size_t rows = 6, n = rows * (size_t)C;
    float *x = random_floats(n, 1, 8), *p = malloc(4 * n), log_sum[6];
    kernel->softmax(p, log_sum, x, rows, C);
    for (size_t r = 0; r < rows; r++) {
        double largest = -1e300, sum = 0;
        for (int c = 0; c < C; c++) largest = fmax(largest, (double)x[r * (size_t)C + (size_t)c]);
        for (int c = 0; c < C; c++) sum += exp((double)x[r * (size_t)C + (size_t)c] - largest);
        near((double)log_sum[r], largest + log(sum), 3e-7);
        for (int c = 0; c < C; c++)
            near((double)p[r * (size_t)C + (size_t)c],
                 exp((double)x[r * (size_t)C + (size_t)c] - largest) / sum, 1e-6);
    }
    free(x), free(p);
}

static void check_batchnorm(const Kernels *kernel, int C)
{
    size_t rows = 37, n = rows * (size_t)C;
    float *x = random_floats(n, 1, 2);
    double *mean = calloc((size_t)C, 8), *square = calloc((size_t)C, 8);
    for (size_t r = 0; r < n; r++) x[r] += 3;
    for (size_t begin = 0; begin < rows; begin += 15) /* three pieces */
        kernel->column_moments_add(mean, square, begin, x + begin * (size_t)C,
                                   begin + 15 < rows ? 15 : rows - begin, C);
    for (int c = 0; c < C; c++) {
        double m = 0, v = 0;
        for (size_t r = 0; r < rows; r++) m += (double)x[r * (size_t)C + (size_t)c] / (double)rows;
        for (size_t r = 0; r < rows; r++)
            v += pow((double)x[r * (size_t)C + (size_t)c] - m, 2) / (double)rows;
        near(mean[c], m, 1e-14);
        near(square[c] / (double)rows, v, 1e-13);
    }
    free(x), free(mean), free(square);
}

/* Every tap, written out. */
static void check_depthwise(const Kernels *kernel, int H, int W, int C, int K)
{
    size_t n = (size_t)H * (size_t)W * (size_t)C, taps = (size_t)(K * K) * (size_t)C;
    float *x = random_floats(n, 1, 1), *w = random_floats(taps, 2, 1),
          *b = random_floats((size_t)C, 3, 1);
    float *g = random_floats(n, 4, 1), *out = malloc(4 * n), *dx = calloc(n, 4),
          *dw = calloc(taps, 4);
    float *db = calloc((size_t)C, 4),
          *scratch = random_floats(kernel->depthwise_scratch(H, W, K), 5, 1);
    double *ref_dx = calloc(n, 8), *ref_dw = calloc(taps, 8);
    kernel->depthwise_forward(out, x, w, b, H, W, C, K, scratch);
    kernel->depthwise_backward(dx, dw, db, g, x, w, H, W, C, K, scratch);
    for (int y = 0; y < H; y++)
        for (int xx = 0; xx < W; xx++)
            for (int c = 0; c < C; c++) {
                size_t at = ((size_t)y * (size_t)W + (size_t)xx) * (size_t)C + (size_t)c;
                double sum = (double)b[c];
                for (int ky = 0; ky < K; ky++)
                    for (int kx = 0; kx < K; kx++) {
                        int iy = y + ky - K / 2, ix = xx + kx - K / 2;
                        if (iy < 0 || iy >= H || ix < 0 || ix >= W) continue;
                        size_t in = ((size_t)iy * (size_t)W + (size_t)ix) * (size_t)C + (size_t)c;
                        size_t tap = (size_t)(ky * K + kx) * (size_t)C + (size_t)c;
                        sum += (double)x[in] * (double)w[tap];
                        ref_dx[in] += (double)g[at] * (double)w[tap];
                        ref_dw[tap] += (double)g[at] * (double)x[in];
                    }
                near((double)out[at], sum, 1e-5);
            }
    for (size_t i = 0; i < n; i++) near((double)dx[i], ref_dx[i], 1e-5);
    for (size_t i = 0; i < taps; i++)
        near((double)dw[i], ref_dw[i], 1e-6 * (10 + sqrt((double)(H * W))));
    free(x), free(w), free(b), free(g), free(out), free(dx), free(dw), free(db), free(scratch),
        free(ref_dx), free(ref_dw);
}

static void check_sums(const Kernels *kernel, size_t n)
{
    float *a = random_floats(n, 1, 1), *b = random_floats(n, 2, 1);
    double dot = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        dot += (double)a[i] * (double)b[i];
        squares += (double)a[i] * (double)a[i];
    }
    near((double)kernel->dot(a, b, n), dot, 1e-7 * sqrt((double)n) * 10);
    near(kernel->sum_squares(a, n), squares, 1e-13);
    free(a), free(b);
}

static void check_references(const Kernels *kernel)
{
    for (int c = 0; c < WIDTHS; c++) {
        check_gelu(kernel, widths[c]);
        check_normalize(kernel, widths[c]);
        check_softmax(kernel, widths[c]);
        check_batchnorm(kernel, widths[c]);
        check_sums(kernel, (size_t)widths[c] * 13);
    }
    for (int K = 1; K <= 7; K += 2)
        for (int side = 1; side <= 15; side += 3)
            check_depthwise(kernel, side, 16 - side, K == 7 ? 40 : 17, K);
    check_depthwise(kernel, 56, 56, 16, 7);
}

static void test_references(void **state)
{
    (void)state;
    for_each_isa(check_references);
}

/* --- the exact sum --- */

static void test_exact(void **state)
{
    (void)state;
    enum { N = 4099 };
    static float x[N];
    static int64_t expected[N], sum[N];
    Random random = random_at(9, RANDOM_MIX, 0, 0, 0);
    for (int i = 0; i < N; i++) {
        int exponent = (int)random_below(&random, 70) - 58;
        x[i] = (float)ldexp(2 * random_uniform(&random) - 1, exponent);
        if (i % 7 == 0) x[i] = (float)ldexp((double)random_below(&random, 9) + 0.5, -50); /* ties */
        if (i % 101 == 0) x[i] = nextafterf(4096, 0) * (i % 2 ? 1 : -1);
        if (i % 103 == 0) x[i] = 0x1p-149F;
        if (i % 107 == 0)
            x[i] = (float)ldexp((double)random_below(&random, 4096) + 0.5, -18); /* l = +-2^31 */
    }
    for (int k = 0; k < ISAS; k++) {
        const Kernels *kernel = kernels_named(isas[k]);
        if (!kernel) continue;
        for (int i = 0; i < N; i++) {
            sum[i] = (int64_t)i << 40;
            expected[i] = sum[i] + (int64_t)rintl((long double)x[i] * 0x1p50L);
        }
        assert_true(kernel->exact_add(sum + 1, x + 1, 4096, N - 1)); /* unaligned */
        for (int i = 1; i < N; i++)
            if (sum[i] != expected[i]) fail_msg("%s: element %d, %a", kernel->isa, i, (double)x[i]);
        float back[3];
        int64_t big[3] = {((int64_t)1 << 62) - 1, -5, 0};
        kernel->exact_read(back, big, 3);
        assert_true(back[0] == 4096 && back[1] == -5 * 0x1p-50F && back[2] == 0);
        static const float outside[] = {4, -4, INFINITY, NAN, -INFINITY};
        for (int o = 0; o < 5; o++)
            for (size_t at = 0; at < 40; at += 13) {
                float few[40] = {0};
                few[at] = outside[o];
                assert_false(kernel->exact_add(sum, few, 4, 40));
                few[at] = nextafterf(4, 0);
                assert_true(kernel->exact_add(sum, few, 4, 40));
            }
    }
}

/* --- v3 and v4 give the same bits --- */

/* Runs every kernel with sums or polynomials on C channels; returns a digest of all outputs. */
static uint64_t all_bits(const Kernels *kernel, int C)
{
    size_t rows = 49, n = rows * (size_t)C;
    uint64_t bits = 0;
    float *x = random_floats(n, 1, 2), *y = random_floats(n, 2, 1), *a = malloc(4 * n),
          *b = malloc(4 * n);
    float *v = malloc(4 * 49 * (size_t)C), *w = random_floats(49 * (size_t)C, 3, 1),
          *u = malloc(4 * (size_t)C + 256);
    float *t = malloc(4 * (size_t)C), rstd[49],
          *scratch = malloc(4 * kernel->depthwise_scratch(7, 7, 7));
#define ADD(array, count) bits = add_bits(bits, array, count)
    kernel->gelu_forward(a, x, w, 1.1F, rows, C), ADD(a, n);
    memset(u, 0, 4 * (size_t)C), memcpy(b, y, 4 * n);
    kernel->gelu_backward(a, b, u, x, w, 0.9F, rows, C), ADD(a, n), ADD(b, n), ADD(u, (size_t)C);
    kernel->normalize_forward(a, rstd, x, rows, C, 1e-6F), ADD(a, n), ADD(rstd, rows);
    kernel->normalize_backward(b, y, a, rstd, rows, C), ADD(b, n);
    kernel->softmax(b, rstd, x, rows, C), ADD(b, n), ADD(rstd, rows);
    kernel->affine_forward(a, x, w, w + C, rows, C), ADD(a, n);
    kernel->affine_backward(a, u, t, y, x, w, rows, C), ADD(a, n), ADD(u, (size_t)C),
        ADD(t, (size_t)C);
    double *sums = calloc(2 * (size_t)C, 8);
    kernel->column_moments_add(sums, sums + C, 0, x, rows, C);
    for (int c = 0; c < C; c++) u[c] = (float)sums[c], t[c] = (float)sums[C + c];
    ADD(u, (size_t)C), ADD(t, (size_t)C);
    BatchNorm norm = {u, t, w, ACTIVATION_RELU};
    kernel->batchnorm_apply(a, x, t, w, y, ACTIVATION_RELU, rows, C), ADD(a, n);
    kernel->batchnorm_backward_reduce(sums + C, sums, b, y, NULL, x, &norm, rows, C), ADD(b, n);
    for (int c = 0; c < 2 * C; c++) v[c] = (float)sums[c];
    ADD(v, 2 * (size_t)C);
    kernel->batchnorm_backward_apply(b, y, x, &norm, &(BatchNormSlope){v, v + C}, rows, C),
        ADD(b, n);
    free(sums);
    kernel->depthwise_forward(a, x, w, u, 7, 7, C, 7, scratch), ADD(a, n);
    memset(a, 0, 4 * n), memset(v, 0, 4 * 49 * (size_t)C), memset(u, 0, 4 * (size_t)C);
    kernel->depthwise_backward(a, v, u, y, x, w, 7, 7, C, 7, scratch), ADD(a, n),
        ADD(v, 49 * (size_t)C), ADD(u, (size_t)C);
    float scalars[3] = {kernel->dot(x, y, n), (float)kernel->sum_squares(x, n), 0};
    ADD(scalars, 2);
    AdamWStep adamw = {.lr = 1e-3F,
                       .beta1 = 0.9F,
                       .beta2 = 0.999F,
                       .rest1 = 0.1F,
                       .rest2 = 1e-3F,
                       .epsilon = 1e-8F,
                       .weight_decay = 0.05F,
                       .correction1 = 0.1F,
                       .correction2 = 1e-3F,
                       .grad_scale = 0.7F};
    memcpy(a, x, 4 * n), memset(b, 0, 4 * n);
    float *second = calloc(n, 4);
    kernel->adamw(a, b, second, y, &adamw, n), ADD(a, n), ADD(b, n), ADD(second, n);
    SgdStep sgd = {
        .lr = 0.1F, .momentum = 0.9F, .weight_decay = 1e-4F, .nesterov = true, .grad_scale = 0.7F};
    kernel->sgd(a, b, y, &sgd, n), ADD(a, n), ADD(b, n);
    free(x), free(y), free(a), free(b), free(v), free(w), free(u), free(t), free(scratch),
        free(second);
    return bits;
}

static void test_same_bits(void **state)
{
    (void)state;
    check_same_bits(all_bits);
}

/* --- NaN and infinities --- */

static void test_nan(void **state)
{
    (void)state;
    for (int k = 0; k < ISAS; k++) {
        const Kernels *kernel = kernels_named(isas[k]);
        if (!kernel) continue;
        for (int at = 0; at < 40; at += 13) {
            float x[40] = {0}, out[40], bias[40] = {0}, log_sum, rstd;
            x[at] = NAN;
            kernel->clip_forward(out, x, ACTIVATION_RELU, 40);
            assert_true(isnan(out[at]));
            kernel->gelu_forward(out, x, bias, 1, 1, 40);
            assert_true(isnan(out[at]));
            kernel->softmax(out, &log_sum, x, 1, 40);
            assert_true(isnan(out[0]) && isnan(out[at]) && isnan(log_sum));
            kernel->normalize_forward(out, &rstd, x, 1, 40, 1e-6F);
            assert_true(isnan(out[0]) && isnan(rstd));
            x[at] = INFINITY;
            kernel->gelu_forward(out, x, bias, 1, 1, 40);
            assert_false(isfinite(out[at]));
            kernel->softmax(out, &log_sum, x, 1, 40);
            assert_false(isfinite(log_sum));
            x[at] = -INFINITY;
            kernel->gelu_forward(out, x, bias, 1, 1, 40);
            assert_false(isfinite(out[at]));
        }
    }
}

/* --- GEMM --- */

static void test_gemm(void **state)
{
    (void)state;
    static const int sizes[][3] = {{1, 1, 1}, {7, 5, 3}, {17, 33, 40}, {64, 96, 48}, {3, 4, 0}};
    gemm_init();
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int mode = 0; mode < 8; mode++) {
            int m = sizes[s][0], n = sizes[s][1], k = sizes[s][2];
            Transpose ta = mode & 1 ? TRANSPOSE : NO_TRANSPOSE,
                      tb = mode & 2 ? TRANSPOSE : NO_TRANSPOSE;
            float beta = mode & 4 ? 0.5F : 0;
            int lda = (mode & 1 ? m : k) + 2, ldb = (mode & 2 ? k : n) + 1, ldc = n + 3;
            float *a = random_floats((size_t)(lda * (m + k + 1)), 1, 1),
                  *b = random_floats((size_t)(ldb * (n + k + 1)), 2, 1);
            float *c = random_floats((size_t)(ldc * m), 3, 1), *old = malloc(4 * (size_t)(ldc * m));
            if (beta == 0) c[0] = NAN;
            memcpy(old, c, 4 * (size_t)(ldc * m));
            gemm(ta, tb, m, n, k, 2, a, lda, b, ldb, beta, c, ldc);
            for (int i = 0; i < m; i++)
                for (int j = 0; j < n; j++) {
                    double sum = 0;
                    for (int l = 0; l < k; l++)
                        sum += (double)(mode & 1 ? a[l * lda + i] : a[i * lda + l]) *
                               (double)(mode & 2 ? b[j * ldb + l] : b[l * ldb + j]);
                    near((double)c[i * ldc + j],
                         2 * sum + (beta == 0 ? 0 : 0.5 * (double)old[i * ldc + j]), 1e-5);
                }
            free(a), free(b), free(c), free(old);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_references), cmocka_unit_test(test_exact),
        cmocka_unit_test(test_same_bits),  cmocka_unit_test(test_nan),
        cmocka_unit_test(test_gemm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
