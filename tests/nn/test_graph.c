/*
 * Graphs in which one tensor has several readers: its gradient is the sum over them, whichever
 * op is built last and so touches the gradient first.
 */
#include "nn/bench.h"
#include "nn/reference.h"
#include "nn/targets.h"

enum { N = 3, H = 5, W = 7, C = 6, CLASSES = 4 };

static const Extent extent = {N, H, W, C};
static const Init NORMAL = {INIT_NORMAL, 0.4};

/* --- readers of an image x (N,H,W,C): each adds an op and its probe, or gives its loss --- */

static double conv_loss(const Bench *bench, const double *value)
{
    double out[N * H * W * C];
    ref_conv(out, value_of(bench, value, "x"), value_of(bench, value, "conv.weight"),
             value_of(bench, value, "conv.bias"), extent, 5, 3, 2, 1);
    return probe_loss(out, N * 3 * 4 * 5);
}

static Tensor *add_conv(Bench *bench, Tensor *x)
{
    return nn_conv(
        bench->graph, "conv", x,
        (Conv){.out_channels = 5, .kernel = 3, .stride = 2, .padding = 1, .init = NORMAL});
}

static double layernorm_loss(const Bench *bench, const double *value)
{
    double out[N * H * W * C];
    ref_layernorm(out, value_of(bench, value, "x"), value_of(bench, value, "layernorm.weight"),
                  value_of(bench, value, "layernorm.bias"), N * H * W, C, 1e-6F);
    return probe_loss(out, N * H * W * C);
}

static Tensor *add_layernorm(Bench *bench, Tensor *x)
{
    return nn_layernorm(bench->graph, "layernorm", x, 1e-6F);
}

/* A whole block: x is read by the depthwise convolution and as the residual. */
static double block_loss(const Bench *bench, const double *value)
{
    double xhat[N * H * W * C], out[N * H * W * C];
    const double *x = value_of(bench, value, "x");
    ref_depthwise(xhat, x, value_of(bench, value, "conv_dw.weight"),
                  value_of(bench, value, "conv_dw.bias"), extent, 7);
    ref_layernorm(xhat, xhat, NULL, NULL, N * H * W, C, 1e-6F);
    RefMlp mlp = {.norm_gain = value_of(bench, value, "norm.weight"),
                  .norm_bias = value_of(bench, value, "norm.bias"),
                  .fc1 = value_of(bench, value, "mlp.fc1.weight"),
                  .fc1_bias = value_of(bench, value, "mlp.fc1.bias"),
                  .fc2 = value_of(bench, value, "mlp.fc2.weight"),
                  .fc2_bias = value_of(bench, value, "mlp.fc2.bias"),
                  .gamma = value_of(bench, value, "gamma"),
                  .C = C,
                  .hidden = 4 * C};
    ref_mlp(out, xhat, x, &mlp, N, H * W, NULL);
    return probe_loss(out, N * H * W * C);
}

static Tensor *add_block(Bench *bench, Tensor *x)
{
    Tensor *xhat = nn_depthwise_norm(
        bench->graph, x, (DepthwiseNorm){.kernel = 7, .epsilon = 1e-6F, .init = NORMAL});
    return nn_mlp(bench->graph, xhat, x,
                  (Mlp){.hidden = 4 * C, .layer_scale = 0.3F, .init = NORMAL});
}

static double shortcut_loss(const Bench *bench, const double *value)
{
    double out[N * H * W * C];
    ref_pad_shortcut(out, value_of(bench, value, "x"), extent, 2, 9);
    return probe_loss(out, N * 3 * 4 * 9);
}

static Tensor *add_shortcut(Bench *bench, Tensor *x)
{
    return nn_pad_shortcut(bench->graph, "shortcut", x,
                           (PadShortcut){.stride = 2, .out_channels = 9});
}

static double pool_loss(const Bench *bench, const double *value)
{
    double out[N * C];
    ref_mean_pool(out, value_of(bench, value, "x"), extent);
    return probe_loss(out, N * C);
}

static Tensor *add_pool(Bench *bench, Tensor *x)
{
    return nn_mean_pool(bench->graph, "pool", x);
}

static double conv_norm_loss(const Bench *bench, const double *value, const char *from,
                             const char *residual)
{
    double out[N * H * W * C], mean[C], variance[C];
    ref_conv(out, value_of(bench, value, from), value_of(bench, value, "conv_norm.weight"), NULL,
             extent, C, 3, 1, 1);
    ref_moments(mean, variance, out, N * H * W, C);
    ref_batchnorm(out, out, mean, variance, value_of(bench, value, "bn.weight"),
                  value_of(bench, value, "bn.bias"), value_of(bench, value, residual), 1, N * H * W,
                  C, 1e-5F);
    return probe_loss(out, N * H * W * C);
}

static Tensor *conv_norm(Bench *bench, Tensor *x, Tensor *residual)
{
    return nn_conv_norm(bench->graph, "conv_norm", x, residual,
                        (ConvNorm){.out_channels = C,
                                   .kernel = 3,
                                   .stride = 1,
                                   .padding = 1,
                                   .activation = ACTIVATION_RELU,
                                   .epsilon = 1e-5F,
                                   .gain = 1,
                                   .norm_name = "bn",
                                   .init = NORMAL});
}

static Tensor *other_image(Bench *bench)
{
    return bench_source(bench, "other", shape_of(4, N, H, W, C));
}

static double conv_norm_input_loss(const Bench *bench, const double *value)
{
    return conv_norm_loss(bench, value, "x", "other");
}

static Tensor *add_conv_norm_input(Bench *bench, Tensor *x)
{
    return conv_norm(bench, x, other_image(bench));
}

static double conv_norm_residual_loss(const Bench *bench, const double *value)
{
    return conv_norm_loss(bench, value, "other", "x");
}

static Tensor *add_conv_norm_residual(Bench *bench, Tensor *x)
{
    return conv_norm(bench, other_image(bench), x);
}

/* --- readers of features (N,C) --- */

static double linear_loss(const Bench *bench, const double *value)
{
    double out[N * CLASSES];
    ref_linear(out, value_of(bench, value, "x"), value_of(bench, value, "linear.weight"),
               value_of(bench, value, "linear.bias"), N, C, CLASSES);
    return probe_loss(out, N * CLASSES);
}

static Tensor *add_linear(Bench *bench, Tensor *x)
{
    return nn_linear(bench->graph, "linear", x, (Linear){.out = CLASSES, .init = NORMAL});
}

static double features_norm_loss(const Bench *bench, const double *value)
{
    double out[N * C];
    ref_layernorm(out, value_of(bench, value, "x"), value_of(bench, value, "layernorm.weight"),
                  value_of(bench, value, "layernorm.bias"), N, C, 1e-6F);
    return probe_loss(out, N * C);
}

static const int32_t label[N] = {1, -1, 5};

static double cross_entropy_loss(const Bench *bench, const double *value)
{
    return 0.7F * ref_cross_entropy(value_of(bench, value, "x"), label, N, C);
}

static Tensor *add_cross_entropy(Bench *bench, Tensor *x)
{
    return nn_softmax_loss(bench->graph, "softmax", x, (SoftmaxLoss){.head = 0});
}

/* --- all of them on one tensor --- */

typedef struct Reader {
    Tensor *(*add)(Bench *bench, Tensor *x);
    LossFn *loss;
    bool is_loss; /* has a loss of its own: no probe behind it */
} Reader;

static const Reader image_readers[] = {
    {add_conv, conv_loss, false},   {add_layernorm, layernorm_loss, false},
    {add_block, block_loss, false}, {add_shortcut, shortcut_loss, false},
    {add_pool, pool_loss, false},   {add_conv_norm_input, conv_norm_input_loss, false},
};
static const Reader residual_readers[] = {
    {add_pool, pool_loss, false},
    {add_conv_norm_residual, conv_norm_residual_loss, false},
};
static const Reader feature_readers[] = {
    {add_linear, linear_loss, false},
    {add_layernorm, features_norm_loss, false},
    {add_cross_entropy, cross_entropy_loss, true},
};

static const Reader *readers;
static int reader_count;

static double total_loss(const Bench *bench, const double *value)
{
    double sum = 0;
    for (int i = 0; i < reader_count; i++) sum += readers[i].loss(bench, value);
    return sum;
}

/* Once for every reader as the last one built. */
static void check_readers(const Reader *list, int count, Shape shape)
{
    readers = list;
    reader_count = count;
    Target target[N];
    HeadRun head = {.target = targets_of(target, label, N), .parts = 1, .scale = 0.7F};
    for (int turn = 0; turn < count; turn++) {
        Bench bench = bench_open(N);
        Tensor *x = bench_source(&bench, "x", shape);
        for (int i = 0; i < count; i++) {
            const Reader *reader = &readers[(turn + i) % count];
            Tensor *out = reader->add(&bench, x);
            if (!reader->is_loss) bench_probe(&bench, out);
        }
        bench_ready(&bench);
        bench.run.head = &head;
        bench_run(&bench, true, NAN);
        check_gradients(&bench, total_loss);
        bench_close(&bench);
    }
}

#define LENGTH(array) (int)(sizeof(array) / sizeof *(array))

static void test_readers_of_images(void **state)
{
    (void)state;
    check_readers(image_readers, LENGTH(image_readers), shape_of(4, N, H, W, C));
}

static void test_readers_of_residual(void **state)
{
    (void)state;
    check_readers(residual_readers, LENGTH(residual_readers), shape_of(4, N, H, W, C));
}

static void test_readers_of_features(void **state)
{
    (void)state;
    check_readers(feature_readers, LENGTH(feature_readers), shape_of(2, N, C));
}

/* --- description --- */

static void test_names(void **state)
{
    (void)state;
    Bench bench = bench_open(2);
    Tensor *x = bench_source(&bench, "x", shape_of(2, 2, 3));
    graph_push_scope(bench.graph, "heads.%s", "type");
    graph_push_scope(bench.graph, "deep");
    Tensor *a = nn_linear(bench.graph, "l", x, (Linear){.out = 3, .init = NORMAL});
    graph_pop_scope(bench.graph);
    Tensor *b = nn_linear(bench.graph, "l", a, (Linear){.out = 2, .init = NORMAL});
    graph_pop_scope(bench.graph);
    assert_string_equal(a->name, "heads.type.deep.l");
    assert_string_equal(b->name, "heads.type.l");
    assert_non_null(param_find(bench.graph->params, "heads.type.deep.l.weight"));
    assert_non_null(param_find(bench.graph->params, "heads.type.l.bias"));
    assert_null(param_find(bench.graph->params, "l.bias"));
    bench_close(&bench);
}

/* All mistakes of a description are reported at once. */
static void test_mistakes(void **state)
{
    (void)state;
    Bench bench = bench_open(1);
    Tensor *x = bench_source(&bench, "x", shape_of(4, 1, 3, 5, 2));
    Conv conv = {.out_channels = 2, .kernel = 4, .stride = 4, .init = NORMAL};
    graph_push_scope(bench.graph, "stem");
    nn_conv(bench.graph, "a", x, conv);
    nn_conv(bench.graph, "b", x, conv);
    Error err = {0};
    assert_false(graph_finish(bench.graph, &err));
    assert_int_equal(err.kind, ERROR_USAGE);
    assert_string_equal(err.text, "stem.a: its input is 3 x 5 pixels, its kernel 4 x 4; use a "
                                  "larger `image` or a smaller `trunk.patch`\n"
                                  "stem.b: its input is 3 x 5 pixels, its kernel 4 x 4; use a "
                                  "larger `image` or a smaller `trunk.patch`");
    bench_close(&bench);
}

/* Initial values depend on seed and name alone, not on what else the store holds. */
static void test_initial_values(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    ParamStore *one = param_store_create(arena), *two = param_store_create(arena);
    Init normal = {INIT_NORMAL, 0.5}, cut = {INIT_TRUNC_NORMAL, 1}, flat = {INIT_UNIFORM, 0.25};
    param_declare(one, "a", shape_of(1, 5), normal, true);
    const Param *b = param_declare(one, "b", shape_of(2, 100, 10), normal, true);
    const Param *c = param_declare(one, "c", shape_of(1, 1000), cut, true);
    const Param *d = param_declare(one, "d", shape_of(1, 1000), flat, true);
    const Param *alone = param_declare(two, "b", shape_of(2, 100, 10), normal, true);
    param_layout(one, 9);
    param_layout(two, 9);
    assert_memory_equal(one->value + b->offset, two->value + alone->offset, 4000);
    assert_int_equal(b->offset, PARAM_ALIGN); /* 5 floats are padded */
    for (int i = 5; i < PARAM_ALIGN; i++) assert_true(one->value[i] == 0);
    double squares = 0;
    for (int i = 0; i < 1000; i++) {
        squares += pow((double)one->value[b->offset + i], 2);
        assert_true(fabsf(one->value[c->offset + i]) <= 2);
        assert_true(fabsf(one->value[d->offset + i]) <= 0.25F);
    }
    assert_true(fabs(sqrt(squares / 1000) - 0.5) < 0.05);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readers_of_images),
        cmocka_unit_test(test_readers_of_residual),
        cmocka_unit_test(test_readers_of_features),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_initial_values),
    };
    gemm_init();
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
