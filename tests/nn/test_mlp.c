/*
 * The fused MLP half of a ConvNeXt block against its double-precision reference, and drop path.
 */
#include "nn/check_op.h"

enum { IMAGES_MAX = 16 };

static Mlp mlp;
static double factor[IMAGES_MAX]; /* of each image's branch in training */

static RefMlp mlp_parameters(const Bench *bench, const double *value)
{
    return (RefMlp){.norm_gain = value_of(bench, value, "norm.weight"),
                    .norm_bias = value_of(bench, value, "norm.bias"),
                    .fc1 = value_of(bench, value, "mlp.fc1.weight"),
                    .fc1_bias = value_of(bench, value, "mlp.fc1.bias"),
                    .fc2 = value_of(bench, value, "mlp.fc2.weight"),
                    .fc2_bias = value_of(bench, value, "mlp.fc2.bias"),
                    .gamma = value_of(bench, value, "gamma"),
                    .C = in.C,
                    .hidden = mlp.hidden};
}

static double *mlp_reference(const Bench *bench, const double *value, bool training)
{
    double *out = new_doubles(out_count);
    RefMlp parameters = mlp_parameters(bench, value);
    ref_mlp(out, value_of(bench, value, "x"), value_of(bench, value, "residual"), &parameters, in.N,
            (size_t)in.H * (size_t)in.W, training ? factor : NULL);
    return out;
}

static Tensor *build_mlp(Bench *bench, Extent extent, Mlp options)
{
    in = extent;
    mlp = options;
    mlp.init = (Init){INIT_NORMAL, 0.5};
    return nn_mlp(bench->graph, image_source(bench, "x", in), image_source(bench, "residual", in),
                  mlp);
}

static void check_mlp(Extent extent, Mlp options)
{
    Bench bench = bench_open(extent.N);
    for (int n = 0; n < IMAGES_MAX; n++) factor[n] = 1;
    check_op(&bench, build_mlp(&bench, extent, options), mlp_reference);
}

static void test_mlp(void **state)
{
    (void)state;
    check_mlp((Extent){3, 5, 3, 5}, (Mlp){.hidden = 20, .layer_scale = 0.3F});
    check_mlp((Extent){2, 3, 3, 17}, (Mlp){.hidden = 68, .layer_scale = 1e-6F});
    check_mlp((Extent){1, 1, 1, 3}, (Mlp){.hidden = 7});
}

/* Two tiles of 306 rows, the first of which ends inside an image; hidden channels in two groups, the last one
 * with a panel that is not full. */
static void test_mlp_several_tiles(void **state)
{
    (void)state;
    check_mlp((Extent){4, 9, 17, 2}, (Mlp){.hidden = 300, .layer_scale = 0.5F});
}

static Tensor *build_dropping_mlp(Bench *bench)
{
    return build_mlp(bench, (Extent){4, 20, 20, 24},
                     (Mlp){.hidden = 300, .layer_scale = 0.5F, .drop_path = 0.3F});
}

/* As in ConvNeXt: the normalised map, too, is kept or made anew. */
static Tensor *build_blocks(Bench *bench)
{
    const Init normal = {INIT_NORMAL, 0.5};
    Tensor *x = image_source(bench, "x", (Extent){2, 9, 8, 12});
    for (int b = 0; b < 3; b++) {
        graph_push_scope(bench->graph, "block%d", b);
        Tensor *xhat = nn_depthwise_norm(
            bench->graph, x, (DepthwiseNorm){.kernel = 7, .epsilon = 1e-6F, .init = normal});
        x = nn_mlp(bench->graph, xhat, x, (Mlp){.hidden = 48, .layer_scale = 0.3F, .init = normal});
        graph_pop_scope(bench->graph);
    }
    return x;
}

static void test_recompute(void **state)
{
    (void)state;
    check_recompute(4, build_dropping_mlp);
    check_recompute(2, build_blocks);
}

static bool is_dropped(const Bench *bench, const Op *op, int image)
{
    size_t floats = image_floats(op->out), begin = (size_t)image * floats;
    return memcmp(run_value(&bench->run, op->out) + begin,
                  run_value(&bench->run, op->in[1]) + begin, sizeof(float) * floats) == 0;
}

/* Finds a step in which `image` is dropped and the next one is not; sets the factors. */
static void find_drop_step(Bench *bench, const Op *op, int image)
{
    for (bench->run.step = 0; bench->run.step < 100; bench->run.step++) {
        bench_run(bench, true, NAN);
        for (int n = 0; n < in.N; n++)
            factor[n] = is_dropped(bench, op, n) ? 0 : 1 / (1 - (double)mlp.drop_path);
        if (factor[image] == 0 && factor[image + 1] > 0) return;
    }
    fail_msg("no image was dropped in 100 steps");
}

/* Dropped images contribute nothing, the others 1 / keep; evaluation drops none. */
static void check_drop_path(Extent extent, int hidden)
{
    Bench bench = bench_open(extent.N);
    Tensor *out =
        build_mlp(&bench, extent, (Mlp){.hidden = hidden, .layer_scale = 0.5F, .drop_path = 0.4F});
    const Op *op = bench.graph->op[out->producer];
    op->in[1]->is_output = true; /* is_dropped reads it after the pass */
    reference = mlp_reference;
    out_count = shape_count(out->shape);
    bench_probe(&bench, out);
    bench_ready(&bench);
    find_drop_step(&bench, op, 0);
    check_output(&bench, out, true);
    check_gradients(&bench, reference_loss);
    check_output(&bench, out, false);
    bench_close(&bench);
}

static void test_drop_path(void **state)
{
    (void)state;
    check_drop_path((Extent){5, 3, 5, 5}, 20);   /* several images in a tile */
    check_drop_path((Extent){2, 17, 18, 2}, 40); /* a tile of 306 rows is one image */
}

static Bench open_drop_bench(int lane, const Op **op)
{
    Bench bench = bench_open(lane);
    Tensor *out = build_mlp(&bench, (Extent){lane, 1, 1, 2}, (Mlp){.hidden = 4, .drop_path = 0.3F});
    *op = bench.graph->op[out->producer];
    (*op)->in[1]->is_output = true;
    bench_probe(&bench, out);
    bench_ready(&bench);
    return bench;
}

/* What is dropped depends on seed, step and record alone, with the given probability. */
static void test_drop_draws(void **state)
{
    (void)state;
    enum { LANE = 2000 };
    const Op *op;
    Bench bench = open_drop_bench(LANE, &op);
    uint32_t *record = (uint32_t *)bench.run.record;
    static bool first[LANE];
    int dropped = 0, same_step = 0, same_seed = 0;
    bench_run(&bench, true, NAN);
    for (int n = 0; n < LANE; n++) dropped += first[n] = is_dropped(&bench, op, n);
    assert_in_range(dropped, 500, 700); /* 600 +- 5 deviations */
    for (int n = 0; n < LANE; n++) record[n] = 100 + (uint32_t)(LANE - 1 - n);
    bench_run(&bench, true, NAN);
    for (int n = 0; n < LANE; n++) assert_int_equal(is_dropped(&bench, op, n), first[LANE - 1 - n]);
    bench.run.step++;
    bench_run(&bench, true, NAN);
    for (int n = 0; n < LANE; n++) same_step += is_dropped(&bench, op, n) == first[LANE - 1 - n];
    bench.run.step--;
    bench.run.seed++;
    bench_run(&bench, true, NAN);
    for (int n = 0; n < LANE; n++) same_seed += is_dropped(&bench, op, n) == first[LANE - 1 - n];
    assert_in_range(same_step, 1040, 1280); /* 0.7^2 + 0.3^2 of them by chance */
    assert_in_range(same_seed, 1040, 1280);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mlp),        cmocka_unit_test(test_mlp_several_tiles),
        cmocka_unit_test(test_recompute),  cmocka_unit_test(test_drop_path),
        cmocka_unit_test(test_drop_draws),
    };
    gemm_init();
    return cmocka_run_group_tests_name("mlp", tests, NULL, NULL);
}
