/* What only heads have besides their losses: attention pooling and dropout, against references. */
#include "nn/check_op.h"

#include "base/hash.h"

/* --- attention pooling --- */

static double *pool_reference(const Bench *bench, const double *value, bool training)
{
    (void)training;
    double *out = new_doubles(out_count);
    const double *x = value_of(bench, value, "x"), *w = value_of(bench, value, "p.weight");
    int T = in.H * in.W, D = in.C;
    for (int n = 0; n < in.N; n++) {
        double *weight = new_doubles((size_t)T), total = 0;
        for (int t = 0; t < T; t++) {
            double score = 0;
            for (int i = 0; i < D; i++) score += w[i] * x[(n * T + t) * D + i];
            total += weight[t] = exp(score / sqrt(D));
        }
        for (int t = 0; t < T; t++)
            for (int i = 0; i < D; i++)
                out[n * D + i] += weight[t] / total * x[(n * T + t) * D + i];
        free(weight);
    }
    return out;
}

static void test_attention_pool(void **state)
{
    (void)state;
    static const Extent extents[] = {{3, 2, 4, 5}, {2, 1, 1, 7}, {1, 7, 7, 33}, {2, 1, 9, 16}};
    for (size_t i = 0; i < sizeof extents / sizeof *extents; i++) {
        in = extents[i];
        Bench bench = bench_open(in.N);
        check_op(&bench, nn_attention_pool(bench.graph, "p", image_source(&bench, "x", in)),
                 pool_reference);
    }
}

/* --- dropout --- */

static float share;

/* The draws of the bench's records, by the same address. */
static double *dropout_reference(const Bench *bench, const double *value, bool training)
{
    double *out = new_doubles(out_count);
    const double *x = value_of(bench, value, "x");
    for (int n = 0; n < in.N; n++) {
        Random random = random_at(bench->run.seed, RANDOM_DROP, hash_text("d"), bench->run.step,
                                  bench->run.record[n]);
        for (int i = 0; i < in.C; i++) {
            bool dropped = training && random_u32(&random) < (double)share * 0x1p32;
            out[n * in.C + i] = dropped ? 0 : x[n * in.C + i] / (training ? 1 - (double)share : 1);
        }
    }
    return out;
}

static void test_dropout(void **state)
{
    (void)state;
    static const float shares[] = {0.1F, 0.5F, 0.9F};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        share = shares[i];
        in = (Extent){4, 1, 1, 37};
        Bench bench = bench_open(in.N);
        Tensor *x = bench_source(&bench, "x", shape_of(2, in.N, in.C));
        check_op(&bench, nn_dropout(bench.graph, "d", x, share), dropout_reference);
    }
}

/* The share that is left out is the one asked for, and another step leaves out others. */
static void test_dropout_share(void **state)
{
    (void)state;
    enum { N = 4, D = 5000 };
    Bench bench = bench_open(N);
    Tensor *out = nn_dropout(bench.graph, "d", bench_source(&bench, "x", shape_of(2, N, D)), 0.3F);
    out->is_output = true;
    bench_probe(&bench, out);
    bench_ready(&bench);
    bool dropped[2][N * D];
    int count = 0, both = 0;
    for (int step = 0; step < 2; step++) {
        bench.run.step = 100 + (uint64_t)step;
        bench_run(&bench, true, NAN);
        for (int i = 0; i < N * D; i++) dropped[step][i] = run_value(&bench.run, out)[i] == 0;
    }
    for (int i = 0; i < N * D; i++) {
        count += dropped[0][i];
        both += dropped[0][i] && dropped[1][i];
    }
    assert_true(fabs((double)count / (N * D) - 0.3) < 0.02);
    assert_true(fabs((double)both / (N * D) - 0.09) < 0.02);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attention_pool),
        cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_dropout_share),
    };
    gemm_init();
    return run_op_tests("layers of heads", tests);
}
