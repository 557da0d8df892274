/*
 * Kernels on rows of channels of attention, response norm, batch norm and its activations: against float64 references on
 * every instruction set of this machine, with equal bits on v3 and v4.
 */
#include "compare.h"

enum { ROWS = 7 };

/* --- SiLU --- */

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static void check_silu(const Kernels *kernel, int C)
{
    size_t n = ROWS * (size_t)C;
    float *x = random_floats(n, 1, 4), *dout = random_floats(n, 2, 1), *out = malloc(4 * n),
          *dx = malloc(4 * n);
    kernel->silu_forward(out, x, n);
    kernel->silu_backward(dx, dout, x, n);
    for (size_t i = 0; i < n; i++) {
        double s = sigmoid((double)x[i]), slope = s * (1 + (double)x[i] * (1 - s));
        near((double)out[i], (double)x[i] * s, 5e-7);
        near((double)dx[i], (double)dout[i] * slope, 1e-6);
    }
    kernel->silu_backward(dout, dout, x, n); /* in place */
    assert_memory_equal(dout, dx, 4 * n);
    free(x), free(dout), free(out), free(dx);
}

/* Far from zero it is x or 0 and its slope 1 or 0, without overflow; NaN and infinity show. */
static void check_silu_ends(const Kernels *kernel)
{
    static const float x[] = {100, 1e30F, -100, -1e30F, 0, NAN, INFINITY};
    static const float ones[] = {1, 1, 1, 1, 1, 1, 1};
    float out[7], dx[7];
    kernel->silu_forward(out, x, 7);
    kernel->silu_backward(dx, ones, x, 7);
    assert_true(out[0] == 100 && out[1] == 1e30F && dx[0] == 1 && dx[1] == 1);
    assert_true(fabsf(out[2]) < 1e-30F && fabsf(dx[2]) < 1e-30F);
    assert_true(fabsf(out[3]) < 1e-5F && fabsf(dx[3]) < 1e-5F);
    assert_true(out[4] == 0 && dx[4] == 0.5F);
    assert_true(isnan(out[5]) && isnan(dx[5]) && !isfinite(out[6]));
}

/* --- clipping --- */

static void check_clip(const Kernels *kernel)
{
    static const float x[] = {-1, -0.0F, 0.5F, 6, 7, NAN};
    static const float dout[] = {1, 2, 3, 4, 5, 6};
    float out[6], dx[6];
    kernel->clip_forward(out, x, ACTIVATION_RELU6, 6);
    assert_true(out[0] == 0 && out[1] == 0 && out[2] == 0.5F && out[3] == 6 && out[4] == 6 &&
                isnan(out[5]));
    kernel->clip_backward(dx, dout, out, ACTIVATION_RELU6, 5);
    assert_true(dx[0] == 0 && dx[1] == 0 && dx[2] == 3 && dx[3] == 0 && dx[4] == 0);
    kernel->clip_forward(out, x, ACTIVATION_RELU, 6);
    assert_true(out[0] == 0 && out[3] == 6 && out[4] == 7);
    kernel->clip_backward(dx, dout, out, ACTIVATION_RELU, 5);
    assert_true(dx[0] == 0 && dx[2] == 3 && dx[3] == 4 && dx[4] == 5);
}

/* --- the softmax's gradient --- */

static void check_softmax_backward(const Kernels *kernel, int C)
{
    size_t n = ROWS * (size_t)C;
    float *x = random_floats(n, 1, 2), *p = malloc(4 * n), *d = random_floats(n, 2, 1),
          *given = malloc(4 * n);
    float log_sum[ROWS];
    kernel->softmax(p, log_sum, x, ROWS, C);
    memcpy(given, d, 4 * n);
    kernel->softmax_backward(d, p, ROWS, C);
    for (size_t r = 0; r < ROWS; r++) {
        double mean = 0;
        for (size_t i = r * (size_t)C; i < (r + 1) * (size_t)C; i++)
            mean += (double)given[i] * (double)p[i];
        for (size_t i = r * (size_t)C; i < (r + 1) * (size_t)C; i++)
            near((double)d[i], (double)p[i] * ((double)given[i] - mean), 1e-6);
    }
    free(x), free(p), free(d), free(given);
}

/* --- columns --- */

static void check_columns(const Kernels *kernel, int C)
{
    size_t n = ROWS * (size_t)C;
    float *a = random_floats(n, 1, 1), *b = random_floats(n, 2, 1), *out = malloc(4 * n);
    float *scale_a = random_floats((size_t)C, 3, 1), *scale_b = random_floats((size_t)C, 4, 1);
    float *dot = malloc(4 * (size_t)C);
    kernel->column_dot(dot, a, b, ROWS, C);
    kernel->column_combine(out, a, scale_a, b, scale_b, ROWS, C);
    for (size_t c = 0; c < (size_t)C; c++) {
        double sum = 0;
        for (size_t i = c; i < n; i += (size_t)C) {
            sum += (double)a[i] * (double)b[i];
            near((double)out[i],
                 (double)a[i] * (double)scale_a[c] + (double)b[i] * (double)scale_b[c], 1e-6);
        }
        near((double)dot[c], sum, 1e-7);
    }
    kernel->column_combine(a, a, scale_a, b, scale_b, ROWS, C); /* in place */
    assert_memory_equal(a, out, 4 * n);
    free(a), free(b), free(out), free(scale_a), free(scale_b), free(dot);
}

/* --- batch norm --- */

typedef struct Norm {
    float *x, *residual, *dout, *mean, *rstd, *gain, *scale, *shift;
} Norm;

static Norm norm_create(int C)
{
    size_t n = ROWS * (size_t)C;
    Norm norm = {random_floats(n, 1, 3),         random_floats(n, 2, 2),
                 random_floats(n, 3, 1),         random_floats((size_t)C, 4, 1),
                 random_floats((size_t)C, 5, 1), random_floats((size_t)C, 6, 1),
                 random_floats((size_t)C, 7, 1), random_floats((size_t)C, 8, 1)};
    return norm;
}

static void norm_free(Norm *norm)
{
    free(norm->x), free(norm->residual), free(norm->dout), free(norm->mean), free(norm->rstd);
    free(norm->gain), free(norm->scale), free(norm->shift);
}

static double clipped(double x, Activation activation)
{
    if (activation == ACTIVATION_RELU6 && x > 6) return 6;
    return activation != ACTIVATION_NONE && x < 0 ? 0 : x;
}

static bool is_open(float out, Activation activation)
{
    if (activation == ACTIVATION_RELU6 && out >= 6) return false;
    return activation == ACTIVATION_NONE || out > 0;
}

/* In two pieces; `out` tells the gate where there was a residual. */
static void check_norm_backward(const Kernels *kernel, const Norm *norm, const float *out,
                                bool with_residual, Activation activation, int C)
{
    enum { FIRST = ROWS / 3 };
    size_t n = ROWS * (size_t)C, first = FIRST * (size_t)C;
    double *product = calloc((size_t)C, 8), *sum = calloc((size_t)C, 8);
    float *g = malloc(4 * n), *dx = malloc(4 * n);
    BatchNorm batch_norm = {norm->mean, norm->scale, norm->shift, activation};
    BatchNormSlope slope = {norm->rstd, norm->gain};
    for (int part = 0; part < 2; part++) {
        size_t at = part ? first : 0, rows = part ? ROWS - FIRST : FIRST;
        kernel->batchnorm_backward_reduce(product, sum, g + at, norm->dout + at,
                                          with_residual ? out + at : NULL, norm->x + at,
                                          &batch_norm, rows, C);
        BatchNorm gated = batch_norm;
        if (with_residual) gated.activation = ACTIVATION_NONE;
        kernel->batchnorm_backward_apply(dx + at, with_residual ? g + at : norm->dout + at,
                                         norm->x + at, &gated, &slope, rows, C);
    }
    for (size_t c = 0; c < (size_t)C; c++) {
        double expected_sum = 0, expected_product = 0;
        for (size_t i = c; i < n; i += (size_t)C) {
            double slope_of = is_open(out[i], activation) ? (double)norm->dout[i] : 0;
            double centred = (double)norm->x[i] - (double)norm->mean[c];
            expected_sum += slope_of;
            expected_product += slope_of * centred;
            assert_true((double)g[i] == slope_of);
            near((double)dx[i],
                 (double)norm->scale[c] * slope_of - (double)norm->rstd[c] -
                     (double)norm->gain[c] * centred,
                 2e-6);
        }
        near(sum[c], expected_sum, 1e-6);
        near(product[c], expected_product, 1e-5);
    }
    free(product), free(sum), free(g), free(dx);
}

static void check_norm(const Kernels *kernel, int C)
{
    size_t n = ROWS * (size_t)C;
    Norm norm = norm_create(C);
    float *out = malloc(4 * n);
    for (Activation activation = ACTIVATION_NONE; activation <= ACTIVATION_RELU6; activation++)
        for (int with_residual = 0; with_residual < 2; with_residual++) {
            kernel->batchnorm_apply(out, norm.x, norm.scale, norm.shift,
                                    with_residual ? norm.residual : NULL, activation, ROWS, C);
            for (size_t i = 0; i < n; i++) {
                size_t c = i % (size_t)C;
                double sum = (double)norm.x[i] * (double)norm.scale[c] + (double)norm.shift[c];
                if (with_residual) sum += (double)norm.residual[i];
                near((double)out[i], clipped(sum, activation), 2e-6);
            }
            check_norm_backward(kernel, &norm, out, with_residual, activation, C);
        }
    norm_free(&norm);
    free(out);
}

/* --- gradients of a folded matrix --- */

static void check_unfold(const Kernels *kernel, int C)
{
    size_t n = ROWS * (size_t)C, channels = (size_t)C;
    float *dw = random_floats(n, 1, 1), *given = random_floats(n, 1, 1),
          *w = random_floats(n, 2, 1);
    float *db = random_floats(ROWS, 3, 1), *gain = random_floats(channels, 4, 1),
          *bias = random_floats(channels, 5, 1);
    float *dgain = calloc(channels, 4), *dbias = calloc(channels, 4);
    kernel->unfold_columns(dw, dgain, dbias, w, db, gain, bias, ROWS, C);
    for (size_t c = 0; c < channels; c++) {
        double gain_sum = 0, bias_sum = 0;
        for (size_t r = 0; r < ROWS; r++) {
            size_t at = r * channels + c;
            gain_sum += (double)given[at] * (double)w[at];
            bias_sum += (double)db[r] * (double)w[at];
            near((double)dw[at],
                 (double)db[r] * (double)bias[c] + (double)given[at] * (double)gain[c], 1e-6);
        }
        near((double)dgain[c], gain_sum, 2e-6);
        near((double)dbias[c], bias_sum, 2e-6);
    }
    double product = 0;
    for (size_t i = 0; i < n; i++) product += (double)given[i] * (double)w[i];
    near((double)kernel->unfold_row(given, w, 0.25F, n), product, 2e-5);
    float *old = random_floats(n, 1, 1);
    for (size_t i = 0; i < n; i++) assert_true(given[i] == 0.25F * old[i]);
    free(dw), free(given), free(w), free(db), free(gain), free(bias), free(dgain), free(dbias);
    free(old);
}

/* --- the tests --- */

static void check_all(const Kernels *kernel)
{
    check_silu_ends(kernel);
    check_clip(kernel);
    for (int c = 0; c < WIDTHS; c++) {
        check_silu(kernel, widths[c]);
        check_softmax_backward(kernel, widths[c]);
        check_columns(kernel, widths[c]);
        check_unfold(kernel, widths[c]);
        check_norm(kernel, widths[c]);
    }
}

static void test_rows(void **state)
{
    (void)state;
    for_each_isa(check_all);
}

static uint64_t all_bits(const Kernels *kernel, int C)
{
    size_t n = ROWS * (size_t)C;
    float *x = random_floats(n, 1, 2), *y = random_floats(n, 2, 1), *out = malloc(4 * n);
    float *dot = malloc(4 * (size_t)C), log_sum[ROWS];
    uint64_t bits = 0;
    kernel->silu_forward(out, x, n), bits = add_bits(bits, out, n);
    kernel->silu_backward(out, y, x, n), bits = add_bits(bits, out, n);
    kernel->softmax(out, log_sum, x, ROWS, C);
    kernel->softmax_backward(y, out, ROWS, C), bits = add_bits(bits, y, n);
    kernel->column_dot(dot, x, y, ROWS, C), bits = add_bits(bits, dot, (size_t)C);
    kernel->column_combine(out, x, dot, y, x, ROWS, C), bits = add_bits(bits, out, n);
    memset(dot, 0, 4 * (size_t)C);
    kernel->unfold_columns(out, dot, y, x, log_sum, x, y + C, ROWS, C);
    bits = add_bits(add_bits(bits, out, n), dot, (size_t)C);
    log_sum[0] = kernel->unfold_row(out, x, 0.3F, n), bits = add_bits(bits, log_sum, 1);
    free(x), free(y), free(out), free(dot);
    return bits;
}

static void test_same_bits(void **state)
{
    (void)state;
    check_same_bits(all_bits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_same_bits),
    };
    return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
