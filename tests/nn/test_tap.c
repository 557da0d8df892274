/* Taps: gradients of heads on the features, their products, their sum and their projection, against references in double. */
#include "nn/bench.h"

#include "base/hash.h"
#include "ops/tap_project.h"

enum { N = 3, D = 37, HEADS_MOST = 5, K = 3 };

typedef struct Net {
    Bench bench;
    double products[HEADS_MOST * HEADS_MOST];
} Net;

/* Linear heads of K outputs, each with a probe, on a source of features. */
static void build(Net *net, int heads, TapUse use)
{
    net->bench = bench_open(N);
    Graph *graph = net->bench.graph;
    Tensor *x = bench_source(&net->bench, "x", shape_of(2, N, D)), *tap = x;
    for (int h = 0; h < heads; h++) {
        graph_push_scope(graph, "h%d", h);
        if (use != TAPS_NONE) tap = nn_tap(graph, "tap", tap, h, (Taps){use, heads});
        Linear linear = {.out = K, .init = {INIT_NORMAL, h == 1 ? 1e-3 : 1.0}};
        bench_probe(&net->bench, nn_linear(graph, "linear", tap, linear));
        graph_pop_scope(graph);
    }
    bench_ready(&net->bench);
    net->bench.run.products = net->products;
    bench_run(&net->bench, true, NAN);
}

static const float *gradient_of_x(const Net *net)
{
    return net->bench.gradient + param_find(net->bench.graph->params, "x")->offset;
}

/* (heads,D): the gradients of image n, by the formula of a linear layer. */
static void head_gradients(double *g, const Net *net, int heads, int n)
{
    for (int h = 0; h < heads; h++) {
        char name[32];
        snprintf(name, sizeof name, "h%d.linear.weight", h);
        const Param *param = param_find(net->bench.graph->params, name);
        const float *weight = net->bench.graph->params->value + param->offset;
        for (int d = 0; d < D; d++) {
            g[h * D + d] = 0;
            for (int k = 0; k < K; k++)
                g[h * D + d] +=
                    (double)probe_weight((size_t)(n * K + k)) * (double)weight[k * D + d];
        }
    }
}

static double inner(const double *a, const double *b)
{
    double sum = 0;
    for (int d = 0; d < D; d++) sum += a[d] * b[d];
    return sum;
}

/* Algorithm 1 of Yu et al. 2020 on the vectors themselves, in the order of the heads' draws. Returns the conflicts. */
static int project(double *out, const double *g, int heads, const Net *net, int n)
{
    const Run *run = &net->bench.run;
    Random random =
        random_at(run->seed, RANDOM_PROJECT, hash_text("h0.tap"), run->step, run->record[n]);
    int conflicts = 0;
    memset(out, 0, sizeof *out * D);
    for (int i = 0; i < heads; i++) {
        int order[HEADS_MOST];
        double own[D];
        for (int j = 0; j < heads; j++) order[j] = j;
        for (int j = heads - 1; j > 0; j--) {
            int other = (int)random_below(&random, (uint32_t)j + 1), swap = order[j];
            order[j] = order[other];
            order[other] = swap;
        }
        memcpy(own, g + i * D, sizeof own);
        for (int j = 0; j < heads; j++) {
            const double *other = g + order[j] * D;
            double along = inner(own, other);
            if (order[j] == i || along >= 0) continue;
            conflicts++;
            for (int d = 0; d < D; d++) own[d] -= along / inner(other, other) * other[d];
        }
        for (int d = 0; d < D; d++) out[d] += own[d];
    }
    return conflicts;
}

static void add_all(double *out, const double *g, int heads)
{
    memset(out, 0, sizeof *out * D);
    for (int h = 0; h < heads; h++)
        for (int d = 0; d < D; d++) out[d] += g[h * D + d];
}

static void check_all(int heads, TapUse use)
{
    Net net;
    double products[HEADS_MOST * HEADS_MOST] = {0};
    int conflicts = 0;
    build(&net, heads, use);
    for (int n = 0; n < N; n++) {
        double g[HEADS_MOST * D], sum[D];
        head_gradients(g, &net, heads, n);
        if (use == TAPS_PROJECT)
            conflicts += project(sum, g, heads, &net, n);
        else
            add_all(sum, g, heads);
        check_close("gradient", gradient_of_x(&net) + n * D, sum, D);
        for (int i = 0; i < heads; i++)
            for (int j = 0; j < heads; j++) products[i * heads + j] += inner(g + i * D, g + j * D);
    }
    /* What was made of differences errs by the digits of the largest of them. */
    double norm[HEADS_MOST], most = 0;
    for (int i = 0; i < heads; i++) {
        norm[i] = sqrt(products[i * heads + i]);
        if (norm[i] > most) most = norm[i];
    }
    for (int i = 0; i < heads; i++)
        for (int j = 0; j < heads; j++) {
            double scale = use == TAPS_WATCH ? most * (norm[i] + norm[j]) : norm[i] * norm[j];
            assert_float_equal(net.products[i * heads + j], products[i * heads + j], 2e-6 * scale);
        }
    assert_true(use != TAPS_PROJECT || heads == 1 || conflicts > 0);
    bench_close(&net.bench);
}

static void test_gradients(void **state)
{
    (void)state;
    for (TapUse use = TAPS_WATCH; use <= TAPS_PROJECT; use++)
        for (int heads = 1; heads <= HEADS_MOST; heads++) check_all(heads, use);
}

/* Watching changes no bit. */
static void test_watching(void **state)
{
    (void)state;
    Net without, with;
    build(&without, HEADS_MOST, TAPS_NONE);
    build(&with, HEADS_MOST, TAPS_WATCH);
    assert_memory_equal(gradient_of_x(&without), gradient_of_x(&with), sizeof(float) * N * D);
    bench_close(&without.bench);
    bench_close(&with.bench);
}

/* Gradients that point apart are projected to what is left of each: in the plane, by hand. */
static void test_projection(void **state)
{
    (void)state;
    Random random = random_at(1, RANDOM_PROJECT, 0, 0, 0);
    /* g0 = (1,0), g1 = (-1,1): g0 becomes (1/2,1/2), g1 (0,1). */
    double product[] = {1, -1, -1, 2}, work[8];
    tap_project(work, product, 2, &random);
    assert_float_equal(work[0] * 1 + work[1] * -1, 0.5, 1e-12);
    assert_float_equal(work[1], 1.5, 1e-12);
    /* One of zero stays out of it. */
    double zero[] = {1, 0, 0, 0};
    tap_project(work, zero, 2, &random);
    assert_true(work[0] == 1 && work[1] == 1);
}

/* The derivative by s of w (exp(-s) L / terms + s / 2), by central differences. */
static void test_log_variance(void **state)
{
    (void)state;
    Bench bench = bench_open(N);
    Target target[N] = {{.weight = 1, .label = 2}, {.weight = 0}, {.weight = 0.5F, .label = 0}};
    HeadRun head = {.target = target, .parts = 1};
    Tensor *x = bench_source(&bench, "x", shape_of(2, N, K));
    Tensor *out = nn_softmax_loss(bench.graph, "softmax", x, (SoftmaxLoss){.head = 0});
    Param *param = nn_log_variance(bench.graph, "log_variance", out, 0);
    assert_true(param->of_loss && !param->decay);
    bench_ready(&bench);
    double weight = 0.7, terms = 1.5, s = 0.4, step = 1e-4;
    head.scale = (float)(weight * exp(-s) / terms);
    head.half_weight = weight / 2;
    bench.run.head = &head;
    bench_run(&bench, true, NAN);
    double above = weight * (exp(-s - step) * head.loss / terms + (s + step) / 2);
    double below = weight * (exp(-s + step) * head.loss / terms + (s - step) / 2);
    assert_float_equal(bench.gradient[param->offset], (above - below) / (2 * step), 1e-5);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients), cmocka_unit_test(test_watching),
        cmocka_unit_test(test_projection), cmocka_unit_test(test_log_variance)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
