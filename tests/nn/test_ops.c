/*
 * Plain convolution, layer norm, depthwise convolution, the shortcut, the mean and the loss against their
 * double-precision references. Sizes are odd on purpose.
 */
#include "nn/check_op.h"
#include "nn/targets.h"

static const Init NORMAL = {INIT_NORMAL, 0.4};

/* --- convolution --- */

static Conv conv;

static double *conv_reference(const Bench *bench, const double *value, bool training)
{
    (void)training;
    double *out = new_doubles(out_count);
    ref_conv(out, value_of(bench, value, "x"), value_of(bench, value, "c.weight"),
             value_of(bench, value, "c.bias"), in, conv.out_channels, conv.kernel, conv.stride,
             conv.padding);
    return out;
}

static void check_conv(Extent extent, Conv options)
{
    in = extent;
    conv = options;
    conv.init = NORMAL;
    Bench bench = bench_open(in.N);
    check_op(&bench, nn_conv(bench.graph, "c", image_source(&bench, "x", in), conv),
             conv_reference);
}

static void test_conv(void **state)
{
    (void)state;
    check_conv((Extent){2, 9, 7, 5},
               (Conv){.out_channels = 7, .kernel = 3, .stride = 2, .padding = 1});
    check_conv((Extent){2, 9, 7, 5}, (Conv){.out_channels = 3, .kernel = 2, .stride = 2});
    check_conv((Extent){3, 8, 12, 3}, (Conv){.out_channels = 17, .kernel = 4, .stride = 4});
    check_conv((Extent){1, 3, 5, 4}, (Conv){.out_channels = 1, .kernel = 1, .stride = 1});
    check_conv((Extent){1, 2, 2, 2},
               (Conv){.out_channels = 2, .kernel = 5, .stride = 1, .padding = 2});
}

/* 630 floats in a patch: 208 of the 256 output pixels make a tile. */
static void test_conv_several_tiles(void **state)
{
    (void)state;
    check_conv((Extent){1, 16, 16, 70},
               (Conv){.out_channels = 2, .kernel = 3, .stride = 1, .padding = 1});
}

/* --- norm, depthwise --- */

static double *layernorm_reference(const Bench *bench, const double *value, bool training)
{
    (void)training;
    double *out = new_doubles(out_count);
    ref_layernorm(out, value_of(bench, value, "x"), value_of(bench, value, "n.weight"),
                  value_of(bench, value, "n.bias"), out_count / (size_t)in.C, in.C, 1e-3F);
    return out;
}

static void test_layernorm(void **state)
{
    (void)state;
    in = (Extent){3, 5, 3, 19};
    Bench bench = bench_open(in.N);
    check_op(&bench, nn_layernorm(bench.graph, "n", image_source(&bench, "x", in), 1e-3F),
             layernorm_reference);
    bench = bench_open(5);
    in.C = 40;
    check_op(&bench,
             nn_layernorm(bench.graph, "n", bench_source(&bench, "x", shape_of(2, 5, 40)), 1e-3F),
             layernorm_reference);
}

static int depthwise_kernel;

static double *depthwise_reference(const Bench *bench, const double *value, bool training)
{
    (void)training;
    double *out = new_doubles(out_count);
    ref_depthwise(out, value_of(bench, value, "x"), value_of(bench, value, "conv_dw.weight"),
                  value_of(bench, value, "conv_dw.bias"), in, depthwise_kernel);
    ref_layernorm(out, out, NULL, NULL, out_count / (size_t)in.C, in.C, 1e-6F);
    return out;
}

static void check_depthwise(Extent extent, int kernel)
{
    in = extent;
    depthwise_kernel = kernel;
    Bench bench = bench_open(in.N);
    check_op(&bench,
             nn_depthwise_norm(bench.graph, image_source(&bench, "x", in),
                               (DepthwiseNorm){.kernel = kernel, .epsilon = 1e-6F, .init = NORMAL}),
             depthwise_reference);
}

static void test_depthwise_norm(void **state)
{
    (void)state;
    check_depthwise((Extent){2, 9, 11, 5}, 7);
    check_depthwise((Extent){1, 2, 2, 40}, 7);
    check_depthwise((Extent){2, 1, 3, 17}, 7);
    check_depthwise((Extent){3, 6, 5, 16}, 5);
    check_depthwise((Extent){2, 4, 7, 3}, 3);
    check_depthwise((Extent){2, 3, 3, 6}, 1);
}

/* --- the small ones --- */

static PadShortcut pad_shortcut;

static double *pad_shortcut_reference(const Bench *bench, const double *value, bool training)
{
    (void)training;
    double *out = new_doubles(out_count);
    ref_pad_shortcut(out, value_of(bench, value, "x"), in, pad_shortcut.stride,
                     pad_shortcut.out_channels);
    return out;
}

static void check_pad_shortcut(Extent extent, PadShortcut options)
{
    in = extent;
    pad_shortcut = options;
    Bench bench = bench_open(in.N);
    check_op(&bench, nn_pad_shortcut(bench.graph, "s", image_source(&bench, "x", in), pad_shortcut),
             pad_shortcut_reference);
}

static void test_pad_shortcut(void **state)
{
    (void)state;
    check_pad_shortcut((Extent){2, 7, 5, 3}, (PadShortcut){.stride = 2, .out_channels = 8});
    check_pad_shortcut((Extent){2, 4, 6, 16}, (PadShortcut){.stride = 2, .out_channels = 32});
    check_pad_shortcut((Extent){1, 3, 3, 3}, (PadShortcut){.stride = 1, .out_channels = 3});
}

static double *mean_pool_reference(const Bench *bench, const double *value, bool training)
{
    (void)training;
    double *out = new_doubles(out_count);
    ref_mean_pool(out, value_of(bench, value, "x"), in);
    return out;
}

static void test_mean_pool(void **state)
{
    (void)state;
    in = (Extent){3, 5, 3, 19};
    Bench bench = bench_open(in.N);
    check_op(&bench, nn_mean_pool(bench.graph, "p", image_source(&bench, "x", in)),
             mean_pool_reference);
}

/* --- softmax loss --- */

static const int label[] = {3, -1, 0, 6, -1, 2};

static double softmax_loss(const Bench *bench, const double *value)
{
    return (double)bench->run.head[1].scale *
           ref_cross_entropy(value_of(bench, value, "x"), label, 6, 7);
}

/* Masked images have neither loss nor gradient; the gradient carries the scale, the loss does
 * not. */
static void test_softmax_loss(void **state)
{
    (void)state;
    Bench bench = bench_open(6);
    Tensor *logits = bench_source(&bench, "x", shape_of(2, 6, 7));
    Tensor *probability = nn_softmax_loss(bench.graph, "s", logits, (SoftmaxLoss){.head = 1});
    Target target[6];
    HeadRun head[2] = {[1] = {.target = targets_of(target, label, 6), .parts = 1, .scale = 0.37F}};
    bench_ready(&bench);
    bench.run.head = head;
    bench_run(&bench, true, NAN);
    double *value = as_doubles(bench.arena, bench.run.value, bench.graph->params->total);
    double expected = softmax_loss(&bench, value) / (double)head[1].scale;
    assert_true(fabs(head[1].loss - expected) < 1e-5 * expected);
    check_gradients(&bench, softmax_loss);
    int correct = 0;
    for (int n = 0; n < 6; n++) {
        double sum = 0;
        int best = 0;
        for (int k = 0; k < 7; k++) {
            sum += (double)run_value(&bench.run, probability)[n * 7 + k];
            if (value[n * 7 + k] > value[n * 7 + best]) best = k;
            if (label[n] < 0) assert_true(bench.gradient[n * 7 + k] == 0);
        }
        assert_true(fabs(sum - 1) < 1e-6);
        correct += best == label[n];
    }
    assert_int_equal(head[1].correct, correct);
    bench_close(&bench);
}

/* A head without any label: loss 0, gradient 0, no NaN. */
static void test_softmax_no_label(void **state)
{
    (void)state;
    static const int none[] = {-1, -1, -1};
    Bench bench = bench_open(3);
    nn_softmax_loss(bench.graph, "s", bench_source(&bench, "x", shape_of(2, 3, 4)),
                    (SoftmaxLoss){.head = 0});
    Target target[3];
    HeadRun head = {.target = targets_of(target, none, 3), .parts = 1, .scale = 0};
    bench_ready(&bench);
    bench.run.head = &head;
    bench_run(&bench, true, NAN);
    assert_true(head.loss == 0);
    assert_int_equal(head.correct, 0);
    for (int i = 0; i < 12; i++) assert_true(bench.gradient[i] == 0);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv),         cmocka_unit_test(test_conv_several_tiles),
        cmocka_unit_test(test_layernorm),    cmocka_unit_test(test_depthwise_norm),
        cmocka_unit_test(test_pad_shortcut), cmocka_unit_test(test_mean_pool),
        cmocka_unit_test(test_softmax_loss), cmocka_unit_test(test_softmax_no_label),
    };
    gemm_init();
    return run_op_tests("ops", tests);
}
