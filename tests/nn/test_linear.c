/*
 * Linear layers over the last axis, plain, with GELU and as a residual branch, and the rows' normalisation
 * and gain, against double-precision references.
 */
#include "base/hash.h"
#include "nn/check_op.h"

static const Init NORMAL = {INIT_NORMAL, 0.4};

enum { IMAGES_MAX = 8 };

static Linear linear;
static double factor[IMAGES_MAX]; /* of each image's branch in training */

static double gelu(double x)
{
    return x * 0.5 * (1 + erf(x / sqrt(2)));
}

static size_t rows_of_input(void)
{
    return (size_t)in.N * (size_t)in.H * (size_t)in.W;
}

static double *linear_reference(const Bench *bench, const double *value, bool training)
{
    double *out = new_doubles(out_count);
    const double *residual = value_of(bench, value, "residual");
    ref_linear(out, value_of(bench, value, "x"), value_of(bench, value, "l.weight"),
               value_of(bench, value, "l.bias"), rows_of_input(), in.C, linear.out);
    for (size_t i = 0; i < out_count; i++) {
        if (linear.gelu) out[i] = gelu(out[i]);
        if (residual)
            out[i] = residual[i] + (training ? factor[i * (size_t)in.N / out_count] : 1) * out[i];
    }
    return out;
}

/* Drops come from the op's name, the step and the record, as bench_ready sets them. */
static void draw_factors(const char *op_name)
{
    for (int n = 0; n < in.N; n++) {
        Random random = random_at(5, RANDOM_DROP, hash_text(op_name), 11, 100 + (uint32_t)n);
        bool dropped = random_uniform(&random) < (double)linear.drop_path;
        factor[n] = dropped ? 0 : 1 / (1 - (double)linear.drop_path);
    }
}

static void check_linear(Tensor *(*source)(Bench *bench, const char *name, Extent e), Extent extent,
                         Linear options, bool residual)
{
    in = extent;
    linear = options;
    linear.init = NORMAL;
    draw_factors("l");
    Bench bench = bench_open(in.N);
    Tensor *x = source(&bench, "x", in);
    Extent to = in;
    to.C = linear.out;
    check_op(&bench,
             residual
                 ? nn_linear_residual(bench.graph, "l", x, source(&bench, "residual", to), linear)
                 : nn_linear(bench.graph, "l", x, linear),
             linear_reference);
}

static Tensor *row_source(Bench *bench, const char *name, Extent e)
{
    return bench_source(bench, name, shape_of(2, e.N, e.C));
}

static Tensor *token_source(Bench *bench, const char *name, Extent e)
{
    return bench_source(bench, name, shape_of(3, e.N, e.H * e.W, e.C));
}

static void test_linear(void **state)
{
    (void)state;
    check_linear(row_source, (Extent){5, 1, 1, 13}, (Linear){.out = 7}, false);
    check_linear(token_source, (Extent){3, 5, 1, 13}, (Linear){.out = 21}, false);
    check_linear(image_source, (Extent){2, 3, 5, 6}, (Linear){.out = 4}, false);
}

static void test_linear_gelu(void **state)
{
    (void)state;
    check_linear(token_source, (Extent){3, 5, 1, 13}, (Linear){.out = 21, .gelu = true}, false);
    check_linear(image_source, (Extent){2, 3, 5, 6}, (Linear){.out = 17, .gelu = true}, false);
}

static void test_linear_residual(void **state)
{
    (void)state;
    check_linear(token_source, (Extent){3, 5, 1, 13}, (Linear){.out = 21}, true);
    check_linear(image_source, (Extent){2, 3, 5, 6}, (Linear){.out = 4}, true);
}

/* Some images lose the branch, the others have it enlarged; none does in evaluation. */
static void test_linear_residual_drop_path(void **state)
{
    (void)state;
    check_linear(token_source, (Extent){7, 3, 1, 5}, (Linear){.out = 9, .drop_path = 0.4F}, true);
    int dropped = 0;
    for (int n = 0; n < 7; n++) dropped += factor[n] == 0;
    assert_true(dropped > 0 && dropped < 7);
}

/* --- normalisation and gain --- */

static Tensor *build_residual(Bench *bench)
{
    in = (Extent){2, 1, 9, 40};
    return nn_linear_residual(bench->graph, "a", token_source(bench, "x", in),
                              token_source(bench, "residual", (Extent){2, 1, 9, 70}),
                              (Linear){.out = 70, .init = {INIT_NORMAL, 0.3}});
}

static void test_recompute(void **state)
{
    (void)state;
    check_recompute(2, build_residual);
}

static double *normalize_reference(const Bench *bench, const double *value, bool training)
{
    (void)training;
    double *out = new_doubles(out_count);
    ref_layernorm(out, value_of(bench, value, "x"), NULL, NULL, rows_of_input(), in.C, 1e-3);
    return out;
}

static void test_normalize(void **state)
{
    (void)state;
    in = (Extent){3, 5, 1, 19};
    Bench bench = bench_open(in.N);
    check_op(&bench, nn_normalize(bench.graph, "n", token_source(&bench, "x", in), 1e-3F),
             normalize_reference);
}

static double *affine_reference(const Bench *bench, const double *value, bool training)
{
    (void)training;
    double *out = new_doubles(out_count);
    const double *x = value_of(bench, value, "x"), *gain = value_of(bench, value, "a.weight"),
                 *bias = value_of(bench, value, "a.bias");
    for (size_t i = 0; i < out_count; i++) {
        size_t c = i % (size_t)in.C;
        out[i] = x[i] * gain[c] + bias[c];
    }
    return out;
}

static void test_affine(void **state)
{
    (void)state;
    in = (Extent){2, 3, 5, 17};
    Bench bench = bench_open(in.N);
    check_op(&bench, nn_affine(bench.graph, "a", image_source(&bench, "x", in)), affine_reference);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear),          cmocka_unit_test(test_linear_gelu),
        cmocka_unit_test(test_linear_residual), cmocka_unit_test(test_linear_residual_drop_path),
        cmocka_unit_test(test_recompute),       cmocka_unit_test(test_normalize),
        cmocka_unit_test(test_affine),
    };
    gemm_init();
    return run_op_tests("linear", tests);
}
