/* Max and average pooling against their double-precision references. */
#include "nn/check_op.h"

static Pool2d pool;
static bool is_max;

/* Windows along one side: as many as begin inside the padded image and, unless the last may hang over,
 * end inside it; none begins in the padding behind. */
static int windows(int size)
{
    int count = 0;
    for (int begin = -pool.padding; begin < size; begin += pool.stride)
        count += pool.ceil ? count == 0 || begin - pool.stride + pool.kernel < size + pool.padding
                           : begin + pool.kernel <= size + pool.padding;
    return count;
}

/* Largest or mean of what of the window at (y,x) lies inside. */
static double pooled(const double *x, int n, int y0, int x0, int c)
{
    double sum = 0, largest = -INFINITY;
    int count = 0;
    for (int y = y0; y < y0 + pool.kernel; y++)
        for (int ix = x0; ix < x0 + pool.kernel; ix++) {
            if (y < 0 || y >= in.H || ix < 0 || ix >= in.W) continue;
            double value = x[at(in, n, y, ix, c)];
            sum += value;
            largest = fmax(largest, value);
            count++;
        }
    return is_max ? largest : sum / count;
}

static double *pool_reference(const Bench *bench, const double *value, bool training)
{
    (void)training;
    double *out = new_doubles(out_count);
    Extent to = {in.N, windows(in.H), windows(in.W), in.C};
    assert_int_equal(extent_count(to), out_count);
    FOR_EACH(to)
    out[at(to, n, y, x, c)] = pooled(value_of(bench, value, "x"), n, y * pool.stride - pool.padding,
                                     x * pool.stride - pool.padding, c);
    return out;
}

static void check_pool(Extent extent, Pool2d options)
{
    for (int max = 0; max < 2; max++) {
        in = extent;
        pool = options;
        is_max = max;
        Bench bench = bench_open(in.N);
        Tensor *x = image_source(&bench, "x", in);
        check_op(&bench,
                 is_max ? nn_max_pool(bench.graph, "p", x, pool)
                        : nn_average_pool(bench.graph, "p", x, pool),
                 pool_reference);
    }
}

static void test_pool(void **state)
{
    (void)state;
    check_pool((Extent){2, 9, 8, 5}, (Pool2d){.kernel = 3, .stride = 2, .padding = 1});
    check_pool((Extent){3, 6, 7, 17}, (Pool2d){.kernel = 2, .stride = 2});
    check_pool((Extent){1, 5, 5, 3}, (Pool2d){.kernel = 3, .stride = 1, .padding = 1});
    check_pool((Extent){1, 3, 3, 600},
               (Pool2d){.kernel = 2, .stride = 1}); /* more than a block of channels */
}

/* Sides whose last window hangs over the edge, and sides where none is left to add. */
static void test_pool_ceil(void **state)
{
    (void)state;
    for (int side = 2; side <= 7; side++) {
        check_pool((Extent){2, side, side + 1, 4},
                   (Pool2d){.kernel = 2, .stride = 2, .ceil = true});
        check_pool((Extent){2, side, side + 1, 4},
                   (Pool2d){.kernel = 3, .stride = 2, .padding = 1, .ceil = true});
    }
}

/* Where two pixels are the largest, the first takes the whole gradient: it is given once. */
static void test_max_pool_ties(void **state)
{
    (void)state;
    in = (Extent){1, 2, 2, 3};
    Bench bench = bench_open(1);
    bench_probe(&bench, nn_max_pool(bench.graph, "p", image_source(&bench, "x", in),
                                    (Pool2d){.kernel = 2, .stride = 2}));
    bench_ready(&bench);
    fill(bench.graph->params->value, extent_count(in), 0.5F);
    bench_run(&bench, true, NAN);
    for (size_t i = 0; i < extent_count(in); i++)
        assert_true(bench.gradient[i] == (i < 3 ? probe_weight(i) : 0));
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_pool_ceil),
        cmocka_unit_test(test_max_pool_ties),
    };
    return run_op_tests("pool", tests);
}
