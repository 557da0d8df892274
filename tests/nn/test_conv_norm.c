/*
 * Convolution with batch norm, residual and activation against its double-precision reference: dense, in
 * groups, depthwise, with TensorFlow's padding, and with statistics that stay as they are.
 */
#include "base/hash.h"
#include "nn/check_op.h"

static const Init NORMAL = {INIT_NORMAL, 0.4};

static ConvNorm conv_norm;
static bool has_residual;
static bool is_fixed; /* running statistics in training too */
static ConvChoice choice;

/* Geometry along one side, worked out anew. */
typedef struct Side {
    int out, before; /* pixels; padding in front */
} Side;

static Side side_of(int size)
{
    int K = conv_norm.kernel, stride = conv_norm.stride;
    if (!conv_norm.same)
        return (Side){(size + 2 * conv_norm.padding - K) / stride + 1, conv_norm.padding};
    int out = (size + stride - 1) / stride;
    int total = (out - 1) * stride + K - size;
    return (Side){out, total > 0 ? total / 2 : 0};
}

static Extent out_extent(void)
{
    return (Extent){in.N, side_of(in.H).out, side_of(in.W).out, conv_norm.out_channels};
}

static bool is_depthwise(void)
{
    return conv_norm.groups == in.C && conv_norm.groups == conv_norm.out_channels && in.C > 1;
}

/* Output channel c sees the channels of its group: weight (out_channels,K,K,C/groups), or (K,K,C). */
static double convolve(const double *x, const double *weight, int n, int y0, int x0, int c)
{
    int K = conv_norm.kernel, groups = conv_norm.groups > 1 ? conv_norm.groups : 1;
    int inner = in.C / groups, first = c / (conv_norm.out_channels / groups) * inner;
    double sum = 0;
    for (int ky = 0; ky < K; ky++)
        for (int kx = 0; kx < K; kx++) {
            int iy = y0 + ky, ix = x0 + kx;
            if (iy < 0 || iy >= in.H || ix < 0 || ix >= in.W) continue;
            for (int k = 0; k < inner; k++) {
                int place =
                    is_depthwise() ? (ky * K + kx) * in.C + c : ((c * K + ky) * K + kx) * inner + k;
                sum += x[at(in, n, iy, ix, first + k)] * weight[place];
            }
        }
    return sum;
}

/* The convolution's output and its moments over the lane. */
static double *convolved(const Bench *bench, const double *value, double *mean, double *variance)
{
    double *out = new_doubles(out_count);
    Extent to = out_extent();
    FOR_EACH(to)
    out[at(to, n, y, x, c)] =
        convolve(value_of(bench, value, "x"), value_of(bench, value, "c.weight"), n,
                 y * conv_norm.stride - side_of(in.H).before,
                 x * conv_norm.stride - side_of(in.W).before, c);
    ref_moments(mean, variance, out, out_count / (size_t)to.C, to.C);
    return out;
}

static void running_statistic(const Bench *bench, const char *name, double *out)
{
    const Param *state = param_find(bench->graph->state, name);
    for (size_t i = 0; i < state->count; i++) out[i] = (double)bench->run.state[state->offset + i];
}

/* Of an image's branch: drops come from the op's name, the step and the record. */
static double drop_factor(const Bench *bench, int n)
{
    double probability = (double)conv_norm.drop_path;
    Random random = random_at(bench->run.seed, RANDOM_DROP, hash_text("c"), bench->run.step,
                              bench->run.record[n]);
    return random_uniform(&random) < probability ? 0 : 1 / (1 - probability);
}

/* Image by image, with gain and bias times the image's factor. */
static void norm_images(const Bench *bench, const double *value, double *out, const double *mean,
                        const double *variance, bool training)
{
    const double *gain = value_of(bench, value, "bn.weight"),
                 *bias = value_of(bench, value, "bn.bias");
    size_t image = out_count / (size_t)in.N;
    int C = conv_norm.out_channels;
    for (int n = 0; n < in.N; n++) {
        double factor = training ? drop_factor(bench, n) : 1, own_gain[128], own_bias[128];
        for (int c = 0; c < C; c++) {
            own_gain[c] = factor * gain[c];
            own_bias[c] = factor * bias[c];
        }
        const double *residual =
            has_residual ? value_of(bench, value, "residual") + (size_t)n * image : NULL;
        ref_batchnorm(out + (size_t)n * image, out + (size_t)n * image, mean, variance, own_gain,
                      own_bias, residual, conv_norm.activation, image / (size_t)C, C,
                      (double)conv_norm.epsilon);
    }
}

static double *conv_norm_reference(const Bench *bench, const double *value, bool training)
{
    double mean[128], variance[128];
    double *out = convolved(bench, value, mean, variance);
    if (!training || is_fixed) {
        running_statistic(bench, "bn.running_mean", mean);
        running_statistic(bench, "bn.running_var", variance);
    }
    norm_images(bench, value, out, mean, variance, training);
    return out;
}

static Tensor *build_conv_norm(Bench *bench, Extent extent, bool residual, ConvNorm options)
{
    in = extent;
    has_residual = residual;
    conv_norm = options;
    conv_norm.epsilon = 1e-5F;
    conv_norm.gain = 1;
    conv_norm.norm_name = "bn";
    conv_norm.init = NORMAL;
    bench->graph->fixed_norm = is_fixed;
    bench->graph->conv = choice;
    Extent to = out_extent();
    Tensor *x = image_source(bench, "x", in);
    return nn_conv_norm(bench->graph, "c", x, residual ? image_source(bench, "residual", to) : NULL,
                        conv_norm);
}

static void check_conv_norm(Extent extent, bool residual, ConvNorm options)
{
    Bench bench = bench_open(extent.N);
    check_op(&bench, build_conv_norm(&bench, extent, residual, options), conv_norm_reference);
}

static void test_conv_norm(void **state)
{
    (void)state;
    for (Activation activation = ACTIVATION_NONE; activation <= ACTIVATION_SILU; activation++)
        for (int residual = 0; residual < 2; residual++) {
            check_conv_norm((Extent){3, 7, 5, 3}, residual,
                            (ConvNorm){.out_channels = 5,
                                       .kernel = 3,
                                       .stride = 1,
                                       .padding = 1,
                                       .activation = activation});
            check_conv_norm((Extent){2, 9, 9, 4}, residual,
                            (ConvNorm){.out_channels = 18,
                                       .kernel = 3,
                                       .stride = 2,
                                       .padding = 1,
                                       .activation = activation});
        }
}

/* --- Winograd's tiles: odd sizes, borders, channels that fill no vector, fewer pixels than a tile --- */

static void test_winograd(void **state)
{
    (void)state;
    static const struct {
        Extent in;
        int out, padding;
    } sizes[] = {{{2, 8, 8, 16}, 16, 1},  {{3, 7, 5, 19}, 33, 1}, {{1, 9, 14, 32}, 17, 1},
                 {{2, 3, 2, 16}, 20, 1},  {{2, 7, 9, 21}, 16, 0}, {{1, 4, 6, 16}, 16, 2},
                 {{2, 13, 30, 17}, 18, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_conv_norm(sizes[i].in, i % 2,
                        (ConvNorm){.out_channels = sizes[i].out,
                                   .kernel = 3,
                                   .stride = 1,
                                   .padding = sizes[i].padding,
                                   .activation = i % 2 ? ACTIVATION_RELU : ACTIVATION_SILU});
}

/* With stride 2: both sizes of tiles (the outputs 14, 15 and 16, 28 pixels long, and 8), outputs that hang over. */
static void test_winograd_strided(void **state)
{
    (void)state;
    static const struct {
        Extent in;
        int out, padding;
    } sizes[] = {{{1, 32, 32, 16}, 17, 1}, {{2, 31, 32, 21}, 16, 1}, {{1, 56, 55, 16}, 16, 1},
                 {{1, 28, 27, 17}, 33, 1}, {{2, 16, 15, 16}, 20, 1}, {{1, 17, 33, 19}, 16, 0},
                 {{1, 13, 14, 16}, 16, 2}, {{2, 14, 13, 18}, 16, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_conv_norm(sizes[i].in, i % 2,
                        (ConvNorm){.out_channels = sizes[i].out,
                                   .kernel = 3,
                                   .stride = 2,
                                   .padding = sizes[i].padding,
                                   .activation = i % 2 ? ACTIVATION_RELU : ACTIVATION_SILU});
}

/* --- through pointers: strides that leave a rest or pass over pixels, several blocks of 240 pixels --- */

static void test_indirect(void **state)
{
    (void)state;
    static const struct {
        Extent in;
        int out, kernel, stride, padding;
    } sizes[] = {{{2, 17, 19, 5}, 7, 3, 1, 1},   {{3, 18, 21, 17}, 33, 3, 2, 1},
                 {{2, 7, 8, 20}, 18, 1, 2, 0},   {{2, 8, 11, 3}, 4, 2, 3, 0},
                 {{1, 11, 10, 16}, 17, 5, 3, 2}, {{2, 3, 4, 33}, 34, 3, 1, 2}};
    choice = CONV_DIRECT;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_conv_norm(sizes[i].in, i % 2,
                        (ConvNorm){.out_channels = sizes[i].out,
                                   .kernel = sizes[i].kernel,
                                   .stride = sizes[i].stride,
                                   .padding = sizes[i].padding,
                                   .activation = i % 2 ? ACTIVATION_SILU : ACTIVATION_RELU6});
    choice = CONV_AUTO;
}

/* Output and the gradient of the weights, for an input that learns or one that does not. */
static Bench run_on(Extent extent, ConvNorm options, bool input_learns, const Tensor **out)
{
    Bench bench = bench_open(extent.N);
    options.norm_name = "bn";
    options.epsilon = 1e-5F;
    options.gain = 1;
    options.init = NORMAL;
    Tensor *x = image_source(&bench, "x", extent);
    x->wants_grad = input_learns;
    Tensor *y = nn_conv_norm(bench.graph, "c", x, NULL, options);
    bench_probe(&bench, y);
    bench_ready(&bench);
    bench_run(&bench, true, NAN);
    *out = y;
    return bench;
}

/* Images of few channels that need no gradient are padded in a copy: the same numbers another way. */
static void test_few_channels(void **state)
{
    (void)state;
    static const ConvNorm layers[] = {
        {.out_channels = 18, .kernel = 7, .stride = 2, .padding = 3},
        {.out_channels = 5, .kernel = 3, .stride = 1, .padding = 1},
        {.out_channels = 6, .kernel = 3, .stride = 2, .same = true},
        {.out_channels = 33, .kernel = 4, .stride = 4, .padding = 0},
    };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        const Tensor *out[2];
        Bench bench[2];
        for (int learns = 0; learns < 2; learns++)
            bench[learns] = run_on((Extent){2, 20, 33, 3}, layers[i], learns, &out[learns]);
        const Param *weight = param_find(bench[0].graph->params, "c.weight");
        for (size_t j = 0; j < weight->count; j++)
            assert_true(fabsf(bench[0].gradient[weight->offset + j] -
                              bench[1].gradient[weight->offset + j]) <= 1e-4F);
        const float *a = run_value(&bench[0].run, out[0]), *b = run_value(&bench[1].run, out[1]);
        for (size_t j = 0; j < shape_count(out[0]->shape); j++)
            assert_true(fabsf(a[j] - b[j]) <= 1e-5F);
        bench_close(&bench[0]), bench_close(&bench[1]);
    }
}

/* The lane's mean and unbiased variance leave through run->statistic. */
static void test_conv_norm_statistics(void **state)
{
    (void)state;
    Bench bench = bench_open(3);
    Tensor *out = build_conv_norm(&bench, (Extent){3, 7, 5, 3}, false,
                                  (ConvNorm){.out_channels = 5,
                                             .kernel = 3,
                                             .stride = 1,
                                             .padding = 1,
                                             .activation = ACTIVATION_RELU});
    bench_probe(&bench, out);
    bench_ready(&bench);
    bench_run(&bench, true, NAN);
    out_count = shape_count(out->shape);
    const ParamStore *store = bench.graph->params;
    double mean[128], variance[128], rows = (double)out_count / 5;
    free(convolved(&bench, as_doubles(bench.arena, store->value, store->total), mean, variance));
    for (int c = 0; c < 5; c++) variance[c] *= rows / (rows - 1);
    const Param *running_mean = param_find(bench.graph->state, "bn.running_mean");
    const Param *running_var = param_find(bench.graph->state, "bn.running_var");
    check_close("lane mean", bench.statistic + running_mean->offset, mean, 5);
    check_close("lane variance", bench.statistic + running_var->offset, variance, 5);
    bench_close(&bench);
}

/* One value per channel has no variance: an error when the graph is built. */
static void test_conv_norm_single_value(void **state)
{
    (void)state;
    Error err = {0};
    Bench bench = bench_open(1);
    graph_push_scope(bench.graph, "trunk");
    build_conv_norm(&bench, (Extent){1, 1, 1, 3}, false,
                    (ConvNorm){.out_channels = 5, .kernel = 3, .stride = 1, .padding = 1});
    assert_false(graph_finish(bench.graph, &err));
    assert_string_equal(err.text,
                        "trunk.c: batch norm would see a single value per channel of a lane; use a "
                        "larger `lane` or `image`");
    bench_close(&bench);
}

/* --- groups --- */

/* Small groups are joined into chunks of 32 channels and more: 8 groups of 5 become one chunk, 16 of 4 two,
 * 6 of 20 three, 3 of 40 stay apart; 5 of 2 cannot be halved evenly. Channels may grow or shrink. */
static void test_groups(void **state)
{
    (void)state;
    static const struct {
        int groups, in, out;
    } sizes[] = {{8, 40, 8}, {16, 64, 32}, {6, 120, 12}, {3, 120, 6}, {5, 10, 15}, {2, 2, 4}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_conv_norm((Extent){2, 5, 4, sizes[i].in}, false,
                        (ConvNorm){.out_channels = sizes[i].out,
                                   .kernel = 3,
                                   .stride = i % 2 ? 2 : 1,
                                   .padding = 1,
                                   .groups = sizes[i].groups,
                                   .activation = ACTIVATION_SILU});
}

/* 925 floats in a patch of a chunk: 141 of the 169 output pixels make a tile. */
static void test_groups_several_tiles(void **state)
{
    (void)state;
    check_conv_norm(
        (Extent){2, 13, 13, 74}, false,
        (ConvNorm){.out_channels = 4, .kernel = 5, .stride = 1, .padding = 2, .groups = 2});
}

static void test_groups_do_not_fit(void **state)
{
    (void)state;
    Error err = {0};
    Bench bench = bench_open(2);
    nn_conv_norm(bench.graph, "c", image_source(&bench, "x", (Extent){2, 5, 5, 6}), NULL,
                 (ConvNorm){.out_channels = 8,
                            .kernel = 3,
                            .stride = 1,
                            .padding = 1,
                            .groups = 4,
                            .norm_name = "bn"});
    assert_false(graph_finish(bench.graph, &err));
    assert_string_equal(err.text, "c: 6 and 8 channels are no multiples of 4 groups");
    bench_close(&bench);
}

static void test_depthwise(void **state)
{
    (void)state;
    static const int channels[] = {2, 3, 16, 37};
    for (int i = 0; i < 4; i++)
        for (int stride = 1; stride <= 2; stride++)
            check_conv_norm((Extent){2, 7, 6, channels[i]}, i % 2,
                            (ConvNorm){.out_channels = channels[i],
                                       .kernel = 3,
                                       .stride = stride,
                                       .padding = 1,
                                       .groups = channels[i],
                                       .activation = ACTIVATION_RELU6});
}

/* Sides of all remainders; padding in front and behind differ where a side is even and the stride 2. */
static void test_same_padding(void **state)
{
    (void)state;
    for (int side = 4; side <= 7; side++)
        for (int stride = 1; stride <= 3; stride++)
            for (int groups = 1; groups <= 4; groups += 3)
                check_conv_norm((Extent){3, side, side, 4}, false,
                                (ConvNorm){.out_channels = 4,
                                           .kernel = side == 5 ? 5 : 3,
                                           .stride = stride,
                                           .same = true,
                                           .groups = groups,
                                           .activation = ACTIVATION_SILU});
}

/* --- statistics that stay as they are --- */

static void test_fixed_norm(void **state)
{
    (void)state;
    is_fixed = true;
    for (Activation activation = ACTIVATION_NONE; activation <= ACTIVATION_SILU; activation++)
        for (int residual = 0; residual < 2; residual++)
            check_conv_norm((Extent){3, 7, 5, 4}, residual,
                            (ConvNorm){.out_channels = 6,
                                       .kernel = 3,
                                       .stride = 2,
                                       .padding = 1,
                                       .groups = residual ? 2 : 1,
                                       .activation = activation});
    /* a single value per channel is enough */
    check_conv_norm((Extent){1, 1, 1, 3}, false,
                    (ConvNorm){.out_channels = 5, .kernel = 3, .stride = 1, .padding = 1});
    is_fixed = false;
}

/* A frozen stage: running statistics, which are not told; no gradient for its parameters, nor for what lies
 * before it, and none to the input of the whole. */
static void test_frozen_stage(void **state)
{
    (void)state;
    Bench bench = bench_open(2);
    Graph *graph = bench.graph;
    graph->frozen = 1;
    Tensor *images = graph_input(graph, "images", shape_of(4, 2, 5, 5, 3));
    ConvNorm layer = {.out_channels = 4,
                      .kernel = 3,
                      .stride = 1,
                      .padding = 1,
                      .norm_name = "bn1",
                      .epsilon = 1e-5F,
                      .gain = 1,
                      .init = NORMAL};
    graph_stage(graph, 1);
    Tensor *x = nn_conv_norm(graph, "frozen", images, NULL, layer);
    graph_stage(graph, 2);
    layer.norm_name = "bn2";
    bench_probe(&bench, nn_conv_norm(graph, "free", x, NULL, layer));
    bench_ready(&bench);
    assert_true(param_find(graph->state, "bn1.running_mean")->frozen);
    assert_false(param_find(graph->state, "bn2.running_mean")->frozen);
    assert_false(x->wants_grad);
    bench_run(&bench, true, 0);
    assert_true(bench.statistic[param_find(graph->state, "bn1.running_var")->offset] == 0);
    assert_true(bench.statistic[param_find(graph->state, "bn2.running_var")->offset] > 0);
    for (int i = 0; i < graph->params->count; i++) {
        const Param *param = graph->params->list[i];
        double size = 0;
        for (size_t j = 0; j < param->count; j++)
            size += fabs((double)bench.gradient[param->offset + j]);
        assert_int_equal(param->frozen, param->stage == 1);
        assert_true(param->frozen ? size == 0 : size > 0);
        assert_true(isfinite(size));
    }
    bench_close(&bench);
}

/* Some images have the residual alone. */
static void test_drop_path(void **state)
{
    (void)state;
    for (Activation activation = ACTIVATION_NONE; activation <= ACTIVATION_SILU; activation++)
        check_conv_norm((Extent){7, 5, 4, 3}, true,
                        (ConvNorm){.out_channels = 6,
                                   .kernel = 3,
                                   .stride = 1,
                                   .padding = 1,
                                   .activation = activation,
                                   .drop_path = 0.4F});
    int dropped = 0;
    Bench bench = bench_open(7);
    bench_probe(&bench,
                build_conv_norm(
                    &bench, (Extent){7, 5, 4, 3}, true,
                    (ConvNorm){.out_channels = 6, .kernel = 1, .stride = 1, .drop_path = 0.4F}));
    bench_ready(&bench);
    for (int n = 0; n < 7; n++) dropped += drop_factor(&bench, n) == 0;
    assert_true(dropped > 0 && dropped < 7);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drop_path),
        cmocka_unit_test(test_conv_norm),
        cmocka_unit_test(test_winograd),
        cmocka_unit_test(test_winograd_strided),
        cmocka_unit_test(test_indirect),
        cmocka_unit_test(test_few_channels),
        cmocka_unit_test(test_conv_norm_statistics),
        cmocka_unit_test(test_conv_norm_single_value),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_groups_several_tiles),
        cmocka_unit_test(test_groups_do_not_fit),
        cmocka_unit_test(test_depthwise),
        cmocka_unit_test(test_same_padding),
        cmocka_unit_test(test_fixed_norm),
        cmocka_unit_test(test_frozen_stage),
    };
    gemm_init();
    return run_op_tests("conv_norm", tests);
}
