/* Dropout against its definition, with the mask drawn a second time from the addressed generator. */
#include "nn/check_op.h"

#include "base/hash.h"
#include "base/random.h"

static const float PROBABILITY = 0.3F;

static double *dropout_reference(const Bench *bench, const double *value, bool training)
{
    const double *x = value_of(bench, value, "x");
    double *out = new_doubles(extent_count(in));
    size_t D = extent_count(in) / (size_t)in.N, kept = 0;
    for (size_t n = 0; n < (size_t)in.N; n++) {
        Random random = random_at(bench->run.seed, RANDOM_DROP, hash_text("d"), bench->run.step,
                                  bench->run.record[n]);
        for (size_t i = 0; i < D; i++) {
            bool hidden = training && random_uniform(&random) < (double)PROBABILITY;
            double factor = hidden ? 0 : training ? 1 / (1 - (double)PROBABILITY) : 1;
            out[n * D + i] = factor * x[n * D + i];
            kept += !hidden;
        }
    }
    /* five deviations of 1200 draws */
    if (training) assert_true(fabs((double)kept / (double)extent_count(in) - 0.7) < 0.066);
    return out;
}

static void test_dropout(void **state)
{
    (void)state;
    in = (Extent){6, 1, 1, 200};
    Bench bench = bench_open(in.N);
    Tensor *x = bench_source(&bench, "x", shape_of(2, in.N, in.C));
    check_op(&bench, nn_dropout(bench.graph, "d", x, PROBABILITY), dropout_reference);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_dropout)};
    return run_op_tests("dropout", tests);
}
