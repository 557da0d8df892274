/*
 * The trunks as whole networks: memory is used as planned. That is shown by bits: a run finds the same ones
 * whatever the workspace held before, with polling or without, when no two tensors share memory,
 * and when a lane is not full.
 */
#include "net.h"
#include "nn/targets.h"

#include "base/random.h"
#include "nn/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const small_convnext[] = {
    "depths", "[1, 2, 1, 1]", "dims", "[6, 10, 17, 20]", "drop_path",
    "0.3",    "layer_scale",  "0.5",  "patch",           "2",
    NULL};
static const char *const small_convnextv2[] = {
    "depths", "[1, 2, 1, 1]", "dims", "[6, 10, 17, 20]", "drop_path", "0.3", "patch", "2", NULL};
static const char *const small_cifar[] = {"width", "3", NULL};
static const char *const small_resnet[] = {"width", "4", "layers", "[1, 2, 1, 1]", NULL};
static const char *const small_smooth_resnet[] = {
    "width", "4", "layers", "[1, 2, 1, 1]", "activation", "silu", "pool", "avg", NULL};
static const char *const small_resnext[] = {
    "width", "4", "layers", "[1, 2, 1, 1]", "groups", "4", "base_width", "32", NULL};
static const char *const small_vit[] = {"dim",   "12", "depth",     "2",   "heads", "3",
                                        "patch", "8",  "drop_path", "0.3", NULL};
static const char *const small_mean_vit[] = {"dim",   "12", "depth", "2",    "heads", "3",
                                             "patch", "8",  "pool",  "mean", NULL};
static const char *const small_mobilenet[] = {"width", "0.0625", NULL};

typedef struct Network {
    const char *kind;
    const char *const *settings;
    int image;
} Network;
static const Network networks[] = {
    {"convnext_atto", small_convnext, 36},
    {"convnextv2_atto", small_convnextv2, 36},
    {"resnet20", small_cifar, 20},
    {"resnet18", small_resnet, 40},
    {"resnet50", small_smooth_resnet, 40},
    {"resnext50_32x4d", small_resnext, 40},
    {"resnet50d", small_resnet, 40},
    {"vit_tiny_patch16", small_vit, 24},
    {"vit_tiny_patch16", small_mean_vit, 24},
    {"mobilenet_v1", small_mobilenet, 40},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

static Net net_open(const Network *network, int lane)
{
    Net net;
    Error err = {0};
    if (!net_build(&net, network->kind, network->settings, network->image, lane, CLASSES, &err))
        fail_msg("%s", err.text);
    Graph *graph = net.model.graph;
    param_layout(graph->params, 3);
    param_layout(graph->state, 3);
    net.prepared = arena_new(net.arena, float, graph->prepared_floats + 1);
    for (int i = 0; i < graph->op_count; i++)
        graph_prepare(graph, i, graph->params->value, net.prepared);
    return net;
}

/* --- a run and what it finds --- */

typedef struct RunOptions {
    const Plan *plan;
    bool training, polls;
    int images;
    float garbage; /* what memory holds before */
} RunOptions;

typedef struct Findings {
    float *gradient, *statistic; /* parallel to the stores */
    float *logits;               /* (heads,images,classes) */
    size_t logits_count;
    double loss[HEADS];
    int correct[HEADS];
    int polls;
} Findings;

static void on_poll(void *context)
{
    ((Findings *)context)->polls++;
}

static void on_grad_ready(void *context, size_t offset, const float *gradient, size_t count)
{
    memcpy(((Findings *)context)->gradient + offset, gradient, sizeof(float) * count);
}

static void on_statistic(void *context, const Param *state, const float *lane_value)
{
    memcpy(((Findings *)context)->statistic + state->offset, lane_value,
           sizeof(float) * state->count);
}

static float *filled(Arena *arena, size_t count, float value)
{
    float *x = arena_new(arena, float, count + 1);
    for (size_t i = 0; i < count; i++) x[i] = value;
    return x;
}

static void draw_images(float *images, size_t count)
{
    Random random = random_at(1, RANDOM_AUGMENT, 0, 0, 0);
    for (size_t i = 0; i < count; i++) images[i] = (float)random_normal(&random);
}

static void keep_logits(Findings *found, const Net *net, const Run *run)
{
    for (int h = 0; h < HEADS; h++) {
        size_t count = (size_t)run->images * (size_t)net->model.head[h].classes;
        memcpy(found->logits + found->logits_count, run_value(run, net->model.head[h].logits),
               sizeof(float) * count);
        found->logits_count += count;
    }
}

static Findings net_run(const Net *net, RunOptions options)
{
    static const int32_t label[HEADS][LANE] = {{0, 4, -1, 2, 3}, {1, 0, 1, 0, -1}};
    static const uint32_t record[LANE] = {7, 3, 11, 2, 90};
    const Graph *graph = net->model.graph;
    Findings found = {.gradient = filled(net->arena, graph->params->total, NAN),
                      .statistic = filled(net->arena, graph->state->total, 0),
                      .logits = filled(net->arena, HEADS * LANE * CLASSES, 0)};
    Target target[HEADS][LANE];
    HeadRun head[HEADS];
    for (int h = 0; h < HEADS; h++)
        head[h] = (HeadRun){
            .target = targets_of(target[h], label[h], LANE), .parts = 1, .scale = h ? 0.5F : 0.25F};
    Run run = {.graph = graph,
               .plan = options.plan,
               .kernel = kernels(),
               .workspace = filled(net->arena, options.plan->floats, options.garbage),
               .value = graph->params->value,
               .state = graph->state->value,
               .prepared = net->prepared,
               .dparam = filled(net->arena, graph->dparam_floats, options.garbage),
               .images = options.images,
               .training = options.training,
               .seed = 5,
               .step = 2,
               .record = record,
               .head = head,
               .context = &found,
               .poll = options.polls ? on_poll : NULL,
               .grad_ready = on_grad_ready,
               .statistic = on_statistic};
    draw_images(run_value(&run, net->model.images), shape_count(net->model.images->shape) /
                                                        (size_t)net->model.images->shape.dim[0] *
                                                        (size_t)options.images);
    graph_forward(&run);
    keep_logits(&found, net, &run);
    if (options.training) graph_backward(&run);
    for (int h = 0; h < HEADS; h++) {
        found.loss[h] = head[h].loss;
        found.correct[h] = head[h].correct;
    }
    return found;
}

static void check_finite(const float *x, size_t count)
{
    for (size_t i = 0; i < count; i++) assert_true(isfinite(x[i]));
}

/* The same bits everywhere. */
static void check_same(const Net *net, const Findings *a, const Findings *b, bool training)
{
    const Graph *graph = net->model.graph;
    assert_memory_equal(a->loss, b->loss, sizeof a->loss);
    assert_memory_equal(a->correct, b->correct, sizeof a->correct);
    assert_int_equal(a->logits_count, b->logits_count);
    check_finite(a->logits, a->logits_count);
    assert_memory_equal(a->logits, b->logits, sizeof(float) * a->logits_count);
    if (!training) return;
    check_finite(a->gradient, graph->params->total);
    assert_memory_equal(a->gradient, b->gradient, sizeof(float) * graph->params->total);
    assert_memory_equal(a->statistic, b->statistic, sizeof(float) * graph->state->total);
}

/* --- memory --- */

static RunOptions options_for(const Net *net, bool training)
{
    const Graph *graph = net->model.graph;
    return (RunOptions){
        .plan = training ? &graph->train : &graph->eval, .training = training, .images = LANE};
}

/* Runs the check for every network, in training and evaluation. */
static void for_each_network(void (*check)(const Net *net, RunOptions options))
{
    for (int i = 0; i < 2 * NETWORKS; i++) {
        Net net = net_open(&networks[i / 2], LANE);
        check(&net, options_for(&net, i % 2));
        arena_destroy(net.arena);
    }
}

static void check_garbage(const Net *net, RunOptions options)
{
    Findings clean = net_run(net, options);
    options.garbage = NAN;
    Findings dirty = net_run(net, options);
    check_same(net, &clean, &dirty, options.training);
}

static void test_memory_is_written_before_it_is_read(void **state)
{
    (void)state;
    for_each_network(check_garbage);
}

static void check_polls(const Net *net, RunOptions options)
{
    Findings silent = net_run(net, options);
    options.polls = true;
    Findings polling = net_run(net, options);
    check_same(net, &silent, &polling, options.training);
    assert_int_equal(silent.polls, 0);
    assert_true(polling.polls > net->model.graph->op_count);
}

static void test_polling_does_not_show(void **state)
{
    (void)state;
    for_each_network(check_polls);
}

/* A place of its own for every tensor that the plan places. */
static Plan unshared(const Net *net, const Plan *plan)
{
    const Graph *graph = net->model.graph;
    size_t count = (size_t)graph->tensor_count, top = 0;
    Plan apart = {.value = arena_new(net->arena, size_t, count),
                  .grad = arena_new(net->arena, size_t, count),
                  .again = arena_new(net->arena, size_t, count)};
    const size_t *const from[] = {plan->value, plan->grad, plan->again};
    size_t *const to[] = {apart.value, apart.grad, apart.again};
    for (size_t i = 0; i < 3 * count; i++) {
        size_t t = i / 3, planned = from[i % 3][t];
        to[i % 3][t] = planned == PLAN_NONE ? PLAN_NONE : top;
        if (planned != PLAN_NONE) top += (shape_count(graph->tensor[t]->shape) + 15) / 16 * 16;
    }
    apart.scratch = top;
    apart.floats = top + (plan->floats - plan->scratch);
    return apart;
}

static void check_sharing(const Net *net, RunOptions options)
{
    Findings shared = net_run(net, options);
    Plan apart = unshared(net, options.plan);
    assert_true(options.plan->floats < apart.floats);
    options.plan = &apart;
    Findings alone = net_run(net, options);
    check_same(net, &shared, &alone, options.training);
}

static void test_tensors_alive_at_once_share_no_memory(void **state)
{
    (void)state;
    for_each_network(check_sharing);
}

/* A lane that is not full gives what a lane of its size gives. */
static void test_short_lane(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * NETWORKS; i++) {
        bool training = i % 2;
        Net full = net_open(&networks[i / 2], LANE), small = net_open(&networks[i / 2], LANE - 2);
        RunOptions options = options_for(&full, training);
        options.images = LANE - 2;
        options.garbage = NAN;
        Findings partly = net_run(&full, options);
        options.plan = options_for(&small, training).plan;
        Findings wholly = net_run(&small, options);
        check_same(&full, &partly, &wholly, training);
        arena_destroy(full.arena);
        arena_destroy(small.arena);
    }
}

/* Evaluation keeps nothing for a backward pass. */
static void test_evaluation_needs_less_memory(void **state)
{
    (void)state;
    Error err = {0};
    Net net;
    assert_true(net_build(&net, "convnext_tiny", no_settings, 224, 8, CLASSES, &err));
    const Graph *graph = net.model.graph;
    print_message(
        "convnext_tiny, lane of 8 at 224 pixels: training %.0f MiB, evaluation %.0f MiB\n",
        (double)graph->train.floats / (1 << 18), (double)graph->eval.floats / (1 << 18));
    assert_true(graph->eval.floats < graph->train.floats / 4);
    arena_destroy(net.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_written_before_it_is_read),
        cmocka_unit_test(test_polling_does_not_show),
        cmocka_unit_test(test_tensors_alive_at_once_share_no_memory),
        cmocka_unit_test(test_short_lane),
        cmocka_unit_test(test_evaluation_needs_less_memory),
    };
    gemm_init();
    return cmocka_run_group_tests_name("trunks", tests, NULL, NULL);
}
