/*
 * Losses of heads against their formulas in double precision: the loss, its gradient by central differences,
 * the predictions; with weights, with two targets for an image, and with missing ones, which must leave no trace.
 */
#include "nn/bench.h"

enum { IMAGES = 6, PARTS = 2, K = 5 };
static const double TURN = 6.283185307179586;

/* Images with one target, two, the first missing, the second missing, both missing. */
static Target target[IMAGES * PARTS];
static const int32_t members[] = {0, 2, 4, 1, 3};

static void make_targets(void)
{
    static const float weight[IMAGES * PARTS] = {1, 0, 0.7F, 0.3F, 0, 0.4F, 2.5F, 0, 0, 0, 1, 1};
    for (int i = 0; i < IMAGES * PARTS; i++)
        target[i] = (Target){.weight = weight[i],
                             .label = weight[i] == 0 ? -1000 : i * 7 % K,
                             .member = members + i % 3,
                             .members = i % 4 % 3,
                             .value = weight[i] == 0 ? (double)NAN : 40 * i - 130};
}

/* --- what a loss is --- */

typedef double TargetLoss(const double *row, const Target *target);

static TargetLoss *formula;
static int width; /* of a row */

static double all_loss(const Bench *bench, const double *value)
{
    double sum = 0;
    for (int i = 0; i < IMAGES * PARTS; i++)
        if (target[i].weight != 0)
            sum += (double)target[i].weight *
                   formula(value_of(bench, value, "x") + i / PARTS * width, &target[i]);
    return sum;
}

static double scaled_loss(const Bench *bench, const double *value)
{
    return (double)bench->run.head[0].scale * all_loss(bench, value);
}

/* Adds the op to the graph and returns its predictions. */
typedef Tensor *AddLoss(Graph *graph, Tensor *x);

/* Runs the loss with both parts and checks it; the bench stays open for a look at the predictions. */
static Bench check_loss(AddLoss *add, int row, TargetLoss *expected, Tensor **prediction)
{
    static HeadRun head;
    width = row;
    formula = expected;
    Bench bench = bench_open(IMAGES);
    *prediction = add(bench.graph, bench_source(&bench, "x", shape_of(2, IMAGES, row)));
    (*prediction)->is_output = true;
    bench_ready(&bench);
    head = (HeadRun){.target = target, .parts = PARTS, .scale = 0.37F};
    bench.run.head = &head;
    bench_run(&bench, true, NAN);
    double *value = as_doubles(bench.arena, bench.run.value, bench.graph->params->total);
    double wanted = all_loss(&bench, value);
    if (!(fabs(head.loss - wanted) <= 1e-5 * fabs(wanted)))
        fail_msg("loss %.9g, by its formula %.9g", head.loss, wanted);
    check_gradients(&bench, scaled_loss);
    for (int k = 0; k < row; k++) assert_true(bench.gradient[4 * row + k] == 0); /* both missing */
    return bench;
}

static const float *row_of(const Bench *bench, const Tensor *tensor, int n)
{
    return run_value(&bench->run, tensor) + n * tensor->shape.dim[1];
}

static const float *logits_of(const Bench *bench, int n)
{
    return bench->run.value + param_find(bench->graph->params, "x")->offset + n * width;
}

/* --- one class --- */

static SoftmaxLoss softmax_options;

static double log_p(const double *row, int k)
{
    double sum = 0;
    for (int j = 0; j < K; j++) sum += exp(row[j] - row[k]);
    return -log(sum);
}

static double softmax_formula(const double *row, const Target *t)
{
    double smoothing = (double)softmax_options.smoothing, sum = 0;
    double l = log_p(row, t->label);
    if (softmax_options.gamma > 0) return -pow(1 - exp(l), (double)softmax_options.gamma) * l;
    for (int k = 0; k < K; k++) sum -= smoothing / K * log_p(row, k);
    return sum - (1 - smoothing) * l;
}

static Tensor *add_softmax(Graph *graph, Tensor *x)
{
    return nn_softmax_loss(graph, "loss", x, softmax_options);
}

static void test_softmax(void **state)
{
    (void)state;
    static const SoftmaxLoss all[] = {
        {.smoothing = 0}, {.smoothing = 0.1F}, {.gamma = 2}, {.gamma = 0.5F}, {.gamma = 1}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        Tensor *prediction;
        softmax_options = all[i];
        Bench bench = check_loss(add_softmax, K, softmax_formula, &prediction);
        double sum = 0;
        for (int k = 0; k < K; k++) sum += (double)row_of(&bench, prediction, 3)[k];
        assert_true(fabs(sum - 1) < 1e-6);
        bench_close(&bench);
    }
}

/* --- any number of classes --- */

static SigmoidLoss sigmoid_options;

static double sigmoid_formula(const double *row, const Target *t)
{
    double a = (double)sigmoid_options.gamma_positive, b = (double)sigmoid_options.gamma_negative,
           margin = (double)sigmoid_options.margin, sum = 0;
    for (int k = 0, next = 0; k < K; k++) {
        double p = 1 / (1 + exp(-row[k])), r = p > margin ? p - margin : 0;
        bool holds = next < t->members && t->member[next] == k;
        next += holds;
        double weight = sigmoid_options.positive_weight ? sigmoid_options.positive_weight[k] : 1;
        sum -= holds ? weight * pow(1 - p, a) * log(p) : pow(r, b) * log(1 - r);
    }
    return sum;
}

static Tensor *add_sigmoid(Graph *graph, Tensor *x)
{
    return nn_sigmoid_loss(graph, "loss", x, sigmoid_options);
}

static void test_sigmoid(void **state)
{
    (void)state;
    static const double weight[K] = {1, 3, 0.5, 0, 2};
    static const SigmoidLoss all[] = {
        {.head = 0},
        {.positive_weight = weight},
        {.gamma_positive = 1, .gamma_negative = 4, .margin = 0.05F},
        {.gamma_negative = 2},
        {.gamma_positive = 0.5F, .gamma_negative = 3, .margin = 0.3F, .positive_weight = weight}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        Tensor *prediction;
        sigmoid_options = all[i];
        Bench bench = check_loss(add_sigmoid, K, sigmoid_formula, &prediction);
        for (int k = 0; k < K; k++)
            assert_true(fabs((double)row_of(&bench, prediction, 2)[k] -
                             1 / (1 + exp(-(double)logits_of(&bench, 2)[k]))) < 1e-6);
        bench_close(&bench);
    }
}

/* Logits that no sigmoid can resolve give finite losses and gradients. */
static void test_far_logits(void **state)
{
    (void)state;
    static const float far[] = {-1000, -90, 90, 1000, 0};
    for (int asymmetric = 0; asymmetric < 2; asymmetric++) {
        Tensor *prediction;
        sigmoid_options =
            asymmetric ? (SigmoidLoss){.gamma_positive = 1, .gamma_negative = 4, .margin = 0.05F}
                       : (SigmoidLoss){0};
        Bench bench = check_loss(add_sigmoid, K, sigmoid_formula, &prediction);
        float *x = (float *)logits_of(&bench, 0);
        for (int i = 0; i < IMAGES * K; i++) x[i] = far[i % K];
        bench_run(&bench, true, NAN);
        assert_true(isfinite(bench.run.head[0].loss));
        for (int i = 0; i < IMAGES * K; i++) assert_true(isfinite(bench.gradient[i]));
        bench_close(&bench);
    }
}

/* --- ordered classes --- */

static double ordinal_formula(const double *row, const Target *t)
{
    double sum = 0;
    for (int k = 0; k < K - 1 && k <= t->label; k++)
        sum += log(1 + exp(t->label > k ? -row[k] : row[k]));
    return sum;
}

static OrdinalLoss ordinal_options;

static Tensor *add_ordinal(Graph *graph, Tensor *x)
{
    return nn_ordinal_loss(graph, "loss", x, ordinal_options);
}

static void test_ordinal(void **state)
{
    (void)state;
    Tensor *prediction;
    Bench bench = check_loss(add_ordinal, K - 1, ordinal_formula, &prediction);
    int correct = 0, distance = 0;
    for (int n = 0; n < IMAGES; n++) {
        double beyond = 1;
        int rank = 0;
        const float *p = row_of(&bench, prediction, n);
        for (int k = 0; k < K - 1; k++) {
            double next = beyond / (1 + exp(-(double)logits_of(&bench, n)[k]));
            assert_true(fabs((double)p[k] - (beyond - next)) < 1e-6);
            rank += next > 0.5;
            beyond = next;
        }
        assert_true(fabs((double)p[K - 1] - beyond) < 1e-6);
        assert_int_equal(nn_ordinal_rank(p, K), rank);
        const Target *first = &target[n * PARTS];
        if (first->weight == 0) continue;
        correct += rank == first->label;
        distance += abs(rank - first->label);
    }
    assert_int_equal(bench.run.head[0].correct, correct);
    assert_true(bench.run.head[0].error == distance);
    bench_close(&bench);
    assert_int_equal(nn_ordinal_terms(0, K), 1);
    assert_int_equal(nn_ordinal_terms(K - 2, K), K - 1);
    assert_int_equal(nn_ordinal_terms(K - 1, K), K - 1);
}

/* --- temperature: of the probabilities, but not of the loss --- */

static Bench evaluate_loss(AddLoss *add, int row, TargetLoss *expected, Tensor **prediction)
{
    Bench bench = check_loss(add, row, expected, prediction);
    double loss = bench.run.head[0].loss;
    bench.run.training = false;
    bench.run.plan = &bench.graph->eval;
    graph_forward(&bench.run);
    assert_true(bench.run.head[0].loss == loss);
    return bench;
}

static void check_probability(const Bench *bench, const Tensor *prediction, int n, int k, double p)
{
    double found = (double)row_of(bench, prediction, n)[k];
    if (!(fabs(found - p) < 1e-6)) fail_msg("image %d, class %d: %g, not %g", n, k, found, p);
}

static void test_temperature(void **state)
{
    (void)state;
    static const double all[] = {0.3, 1, 2.5};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        double t = all[i], scaled[K];
        Tensor *prediction;
        softmax_options = (SoftmaxLoss){.temperature = t};
        sigmoid_options = (SigmoidLoss){.temperature = t};
        ordinal_options = (OrdinalLoss){.temperature = t};
        Bench bench = evaluate_loss(add_softmax, K, softmax_formula, &prediction);
        for (int n = 0; n < IMAGES; n++) {
            for (int k = 0; k < K; k++) scaled[k] = (double)logits_of(&bench, n)[k] / t;
            for (int k = 0; k < K; k++)
                check_probability(&bench, prediction, n, k, exp(log_p(scaled, k)));
        }
        bench_close(&bench);
        bench = evaluate_loss(add_sigmoid, K, sigmoid_formula, &prediction);
        for (int n = 0; n < IMAGES; n++)
            for (int k = 0; k < K; k++)
                check_probability(&bench, prediction, n, k,
                                  1 / (1 + exp(-(double)logits_of(&bench, n)[k] / t)));
        bench_close(&bench);
        bench = evaluate_loss(add_ordinal, K - 1, ordinal_formula, &prediction);
        for (int n = 0; n < IMAGES; n++) {
            double beyond = 1;
            for (int k = 0; k < K - 1; k++) {
                double next = beyond / (1 + exp(-(double)logits_of(&bench, n)[k] / t));
                check_probability(&bench, prediction, n, k, beyond - next);
                beyond = next;
            }
            check_probability(&bench, prediction, n, K - 1, beyond);
        }
        bench_close(&bench);
    }
    ordinal_options = (OrdinalLoss){0};
}

/* --- values --- */

static const double mean = 12, deviation = 75;
static ValueLoss value_options;

static double value_formula(const double *row, const Target *t)
{
    double d = fabs(row[0] - (t->value - mean) / deviation), delta = (double)value_options.delta;
    if (value_options.distance == DISTANCE_L1) return d;
    if (value_options.distance == DISTANCE_L2 || d <= delta) return d * d / 2;
    return delta * (d - delta / 2);
}

static Tensor *add_value(Graph *graph, Tensor *x)
{
    return nn_value_loss(graph, "loss", x, value_options);
}

static void test_values(void **state)
{
    (void)state;
    static const ValueDistance all[] = {DISTANCE_HUBER, DISTANCE_L1, DISTANCE_L2};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        Tensor *prediction;
        value_options = (ValueLoss){0, all[i], 0.8F, &mean, &deviation};
        Bench bench = check_loss(add_value, 1, value_formula, &prediction);
        double error = 0;
        for (int n = 0; n < IMAGES; n++) {
            double value = mean + deviation * (double)*logits_of(&bench, n);
            assert_true(fabs((double)*row_of(&bench, prediction, n) - value) < 1e-4);
            const Target *first = &target[n * PARTS];
            if (first->weight != 0) error += fabs(value - first->value) / deviation;
        }
        assert_true(fabs(bench.run.head[0].error - error) < 1e-6);
        bench_close(&bench);
    }
}

/* --- angles --- */

static double period;

static double angle_formula(const double *row, const Target *t)
{
    double a = TURN * t->value / period;
    return (pow(row[0] - sin(a), 2) + pow(row[1] - cos(a), 2)) / 2;
}

static Tensor *add_angle(Graph *graph, Tensor *x)
{
    return nn_angle_loss(graph, "loss", x, (AngleLoss){0, period});
}

static void test_angles(void **state)
{
    (void)state;
    static const double periods[] = {360, 180, 7.5};
    for (size_t i = 0; i < sizeof periods / sizeof *periods; i++) {
        Tensor *prediction;
        period = periods[i];
        Bench bench = check_loss(add_angle, 2, angle_formula, &prediction);
        for (int n = 0; n < IMAGES; n++) {
            const float *out = logits_of(&bench, n);
            double angle = (double)*row_of(&bench, prediction, n);
            double length = hypot((double)out[0], (double)out[1]);
            assert_true(angle >= 0 && angle < period);
            assert_true(fabs(length * sin(TURN * angle / period) - (double)out[0]) < 1e-5);
            assert_true(fabs(length * cos(TURN * angle / period) - (double)out[1]) < 1e-5);
        }
        bench_close(&bench);
    }
    assert_true(nn_angle_distance(359, 1, 360) == 2);
    assert_true(nn_angle_distance(-10, 730, 360) == 20);
    assert_true(nn_angle_distance(10, 170, 180) == 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_softmax),     cmocka_unit_test(test_sigmoid),
        cmocka_unit_test(test_far_logits),  cmocka_unit_test(test_ordinal),
        cmocka_unit_test(test_temperature), cmocka_unit_test(test_values),
        cmocka_unit_test(test_angles),
    };
    gemm_init();
    make_targets();
    return cmocka_run_group_tests_name("losses", tests, NULL, NULL);
}
