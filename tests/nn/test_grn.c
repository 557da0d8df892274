/* Global response normalisation against its double-precision reference. */
#include "nn/check_op.h"

/* out = x + bias + weight x n per image, n_c = norm of channel c / (mean of all channels' norms + 1e-6). */
static void respond(double *out, const double *x, const double *weight, const double *bias)
{
    size_t places = (size_t)in.H * (size_t)in.W, C = (size_t)in.C;
    double *norm = new_doubles(C), mean = 0;
    for (size_t c = 0; c < C; c++) {
        for (size_t p = 0; p < places; p++) norm[c] += x[p * C + c] * x[p * C + c];
        norm[c] = sqrt(norm[c]);
        mean += norm[c] / (double)C;
    }
    for (size_t i = 0; i < places * C; i++) {
        size_t c = i % C;
        out[i] = x[i] + bias[c] + weight[c] * x[i] * norm[c] / (mean + 1e-6);
    }
    free(norm);
}

static double *grn_reference(const Bench *bench, const double *value, bool training)
{
    (void)training;
    double *out = new_doubles(out_count);
    size_t image = out_count / (size_t)in.N;
    for (size_t n = 0; n < (size_t)in.N; n++)
        respond(out + n * image, value_of(bench, value, "x") + n * image,
                value_of(bench, value, "g.weight"), value_of(bench, value, "g.bias"));
    return out;
}

static void check_grn(Extent extent)
{
    in = extent;
    Bench bench = bench_open(in.N);
    check_op(&bench, nn_grn(bench.graph, "g", image_source(&bench, "x", in)), grn_reference);
}

static void test_grn(void **state)
{
    (void)state;
    check_grn((Extent){3, 5, 3, 7});
    check_grn((Extent){1, 1, 1, 19}); /* the norm of one value is its size */
    check_grn((Extent){2, 4, 7, 1});
    check_grn((Extent){2, 3, 3, 300});
}

/* A channel that is zero everywhere, such as a GELU far below zero makes, has norm 0 and no slope through
 * it; nothing turns into NaN. */
static void test_grn_silent_channel(void **state)
{
    (void)state;
    in = (Extent){2, 2, 3, 4};
    Bench bench = bench_open(in.N);
    Tensor *out = nn_grn(bench.graph, "g", image_source(&bench, "x", in));
    reference = grn_reference;
    out_count = shape_count(out->shape);
    bench_probe(&bench, out);
    bench_ready(&bench);
    float *x = bench.graph->params->value + param_find(bench.graph->params, "x")->offset;
    for (size_t i = 1; i < extent_count(in); i += 4) x[i] = 0;
    check_output(&bench, out, true);
    for (size_t i = 0; i < bench.graph->params->total; i++)
        assert_true(isfinite(bench.gradient[i]));
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grn),
        cmocka_unit_test(test_grn_silent_channel),
    };
    return run_op_tests("grn", tests);
}
