/*
 * Parity with PyTorch: golden files of tests/parity/make_golden.py hold a network's parameters, a
 * batch, and the logits, loss, gradients and statistics that PyTorch finds in float64. Here the
 * same network is built as the program builds it and has to find the same numbers, over one lane
 * and, without batch norm, over two; gradients travel through the exact sum.
 *
 *     test_parity [--report] [GOLDEN…]     default: the committed ones; --report prints errors
 */
#include "base/arena.h"
#include "io/h5.h"
#include "models/model.h"
#include "nn/run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HEADS_MAX = 8 };

static const double FORWARD_LIMIT = 1e-5, GRADIENT_LIMIT = 1e-5;
static bool report;

typedef struct Golden {
    const char *path;
    H5 *file;
    Arena *arena;
    bool has_state;
    int images; /* N of the file */
    ModelSpec spec;
    HeadSpec head[HEADS_MAX];
    int32_t *label[HEADS_MAX]; /* (images) */
    float weight[HEADS_MAX];
    float *pixels; /* (images,image,image,3) */
} Golden;

/* The network of a golden for lanes of one size, and what a step over all lanes finds. */
typedef struct Step {
    const Golden *golden;
    Model model;
    Run run;
    int64_t *sum;             /* exact sum of the gradient */
    float *statistic;         /* parallel to the statistics */
    float *logits[HEADS_MAX]; /* (images,classes) */
    double loss;
} Step;

#define CHECK(call)                                                                                \
    do {                                                                                           \
        if (!(call)) fail_msg("%s", err.text);                                                     \
    } while (0)

/* --- reading --- */

static char *attribute(const Golden *golden, const char *key)
{
    Error err = {0};
    char *text = NULL;
    CHECK(h5_read_attribute_text(golden->file, "/", key, &text, &err));
    char *copy = arena_strdup(golden->arena, text);
    free(text);
    return copy;
}

static H5Shape h5_shape(Shape shape)
{
    H5Shape out = {.rank = shape.rank};
    for (int i = 0; i < shape.rank; i++) out.dim[i] = (uint64_t)shape.dim[i];
    return out;
}

static float *read_floats(const Golden *golden, const char *group, const char *name, Shape shape)
{
    Error err = {0};
    float *data = arena_new(golden->arena, float, shape_count(shape));
    const char *full = arena_printf(golden->arena, "/%s/%s", group, name);
    CHECK(h5_read(golden->file, full, H5_F32, h5_shape(shape), data, &err));
    return data;
}

static void read_codes(const Golden *golden, const char *group, const Param *param, float *value)
{
    Error err = {0};
    int64_t exponent;
    uint8_t *code = arena_new(golden->arena, uint8_t, param->count);
    const char *full = arena_printf(golden->arena, "/%s/%s", group, param->name);
    CHECK(h5_read(golden->file, full, H5_U8, h5_shape(param->shape), code, &err));
    CHECK(h5_read_attribute_int(golden->file, full, "exponent", &exponent, &err));
    for (size_t i = 0; i < param->count; i++)
        value[i] = ldexpf((float)((int)code[i] - 128), (int)exponent);
}

/* "key=value" lines through the trunk's option table, as the configuration's would go. */
static void parse_options(Golden *golden)
{
    const Option *table = golden->spec.trunk->options;
    void *values = arena_alloc(golden->arena, golden->spec.trunk->options_bytes);
    option_defaults(table, values);
    char *rest = attribute(golden, "options"), *line;
    while ((line = strtok_r(rest, "\n", &rest))) {
        Error err = {0};
        char *equals = strchr(line, '=');
        assert_non_null(equals);
        *equals = 0;
        const Option *option = option_find(table, line);
        if (!option) fail_msg("%s: unknown option %s", golden->path, line);
        CHECK(option_parse(option, equals + 1, values, &err));
    }
    golden->spec.trunk_options = values;
}

static void read_heads(Golden *golden)
{
    char *rest = attribute(golden, "heads"), *line;
    while ((line = strtok_r(rest, "\n", &rest))) {
        Error err = {0};
        int h = golden->spec.heads++;
        assert_true(h < HEADS_MAX);
        char *equals = strchr(line, '=');
        assert_non_null(equals);
        *equals = 0;
        golden->head[h] = (HeadSpec){line, atoi(equals + 1)};
        golden->label[h] = arena_new(golden->arena, int32_t, golden->images);
        CHECK(h5_read(golden->file, arena_printf(golden->arena, "/label/%s", line), H5_I32,
                      (H5Shape){1, {(uint64_t)golden->images}}, golden->label[h], &err));
        golden->weight[h] = *read_floats(golden, "weight", line, shape_of(1, 1));
    }
    golden->spec.head = golden->head;
}

static void golden_open(Golden *golden, const char *path)
{
    Error err = {0};
    *golden = (Golden){.path = path, .arena = arena_create("golden")};
    CHECK(golden->file = h5_open(path, &err));
    golden->spec.trunk = trunk_find(attribute(golden, "kind"), &golden->spec.kind);
    assert_non_null(golden->spec.trunk);
    parse_options(golden);
    H5Type type;
    H5Shape shape;
    CHECK(h5_info(golden->file, "/images", &type, &shape, &err));
    golden->images = (int)shape.dim[0];
    golden->spec.image = (int)shape.dim[1];
    golden->has_state = h5_has(golden->file, "/state");
    golden->pixels =
        arena_new(golden->arena, float, shape.dim[0] * shape.dim[1] * shape.dim[2] * shape.dim[3]);
    CHECK(h5_read(golden->file, "/images", H5_F32, shape, golden->pixels, &err));
    read_heads(golden);
}

static void golden_close(Golden *golden)
{
    Error err = {0};
    CHECK(h5_close(golden->file, &err));
    arena_destroy(golden->arena);
}

/* --- a step over all lanes --- */

static void on_grad_ready(void *context, size_t offset, const float *gradient, size_t count)
{
    Step *step = context;
    assert_true(kernels()->exact_add(step->sum + offset, gradient, 4096, count));
}

static void on_statistic(void *context, const Param *state, const float *lane_value)
{
    Step *step = context;
    memcpy(step->statistic + state->offset, lane_value, sizeof(float) * state->count);
}

static void load_parameters(Step *step)
{
    const Golden *golden = step->golden;
    Graph *graph = step->model.graph;
    param_layout(graph->params, 0);
    param_layout(graph->state, 0);
    for (int i = 0; i < graph->params->count; i++)
        read_codes(golden, "param", graph->params->list[i],
                   graph->params->value + graph->params->list[i]->offset);
    for (int i = 0; i < graph->state->count; i++)
        read_codes(golden, "state", graph->state->list[i],
                   graph->state->value + graph->state->list[i]->offset);
}

static void step_open(Step *step, const Golden *golden, int lane)
{
    Error err = {0};
    Arena *arena = golden->arena;
    *step = (Step){.golden = golden};
    ModelSpec spec = golden->spec;
    spec.lane = lane;
    CHECK(model_build(&step->model, &spec, arena, &err));
    load_parameters(step);
    Graph *graph = step->model.graph;
    float *prepared = arena_new(arena, float, graph->prepared_floats + 1);
    for (int i = 0; i < graph->op_count; i++)
        graph_prepare(graph, i, graph->params->value, prepared);
    size_t floats =
        graph->train.floats > graph->eval.floats ? graph->train.floats : graph->eval.floats;
    step->sum = arena_new(arena, int64_t, graph->params->total);
    step->statistic = arena_new(arena, float, graph->state->total + 1);
    for (int h = 0; h < golden->spec.heads; h++)
        step->logits[h] =
            arena_new(arena, float, (size_t)golden->images *(size_t)golden->head[h].classes);
    step->run = (Run){.graph = graph,
                      .kernel = kernels(),
                      .workspace = arena_new(arena, float, floats),
                      .value = graph->params->value,
                      .state = graph->state->value,
                      .prepared = prepared,
                      .dparam = arena_new(arena, float, graph->dparam_floats),
                      .images = lane,
                      .record = arena_new(arena, uint32_t, lane),
                      .head = arena_new(arena, HeadRun, golden->spec.heads),
                      .context = step,
                      .grad_ready = on_grad_ready,
                      .statistic = on_statistic};
}

static int labelled(const Golden *golden, int head)
{
    int count = 0;
    for (int n = 0; n < golden->images; n++) count += golden->label[head][n] >= 0;
    return count;
}

static void run_lane(Step *step, int first, bool training)
{
    const Golden *golden = step->golden;
    Run *run = &step->run;
    size_t image = (size_t)golden->spec.image * (size_t)golden->spec.image * 3;
    run->plan = training ? &run->graph->train : &run->graph->eval;
    run->training = training;
    memcpy(run_value(run, step->model.images), golden->pixels + (size_t)first * image,
           sizeof(float) * image * (size_t)run->images);
    for (int h = 0; h < golden->spec.heads; h++) {
        run->head[h].label = golden->label[h] + first;
        run->head[h].scale = golden->weight[h] / (float)labelled(golden, h);
    }
    graph_forward(run);
    for (int h = 0; h < golden->spec.heads; h++) {
        size_t classes = (size_t)golden->head[h].classes;
        memcpy(step->logits[h] + (size_t)first * classes,
               run_value(run, step->model.head[h].logits),
               sizeof(float) * classes * (size_t)run->images);
        step->loss += (double)golden->weight[h] * run->head[h].loss / labelled(golden, h);
    }
    if (training) graph_backward(run);
}

static void run_step(Step *step, bool training)
{
    step->loss = 0;
    for (int first = 0; first < step->golden->images; first += step->run.images)
        run_lane(step, first, training);
}

/* --- comparing --- */

typedef struct Worst {
    double error;
    char name[128];
} Worst;

/* Relative L2 error; `floor` is the least rms of the reference that counts. */
static double relative_error(const float *value, const float *reference, size_t count, double floor)
{
    double difference = 0, norm = 0;
    for (size_t i = 0; i < count; i++) {
        double d = (double)value[i] - (double)reference[i];
        difference += d * d;
        norm += (double)reference[i] * (double)reference[i];
    }
    double least = floor * sqrt((double)count);
    norm = sqrt(norm);
    return sqrt(difference) / (norm > least ? norm : least);
}

static void note(Worst *worst, const char *name, double error)
{
    if (isnan(worst->error) || error <= worst->error) return; /* the first NaN stays */
    worst->error = error;
    snprintf(worst->name, sizeof worst->name, "%s", name);
}

static void judge(const Step *step, const char *what, const Worst *worst, double limit)
{
    if (report)
        print_message("%s: lane %d: %s: worst relative L2 error %.2e (%s)\n", step->golden->path,
                      step->run.images, what, worst->error, worst->name);
    if (!(worst->error <= limit))
        fail_msg("%s: lane %d: %s: relative L2 error %.3g of %s is above %g", step->golden->path,
                 step->run.images, what, worst->error, worst->name, limit);
}

static void compare_logits(const Step *step, const char *group)
{
    const Golden *golden = step->golden;
    Worst worst = {0};
    for (int h = 0; h < golden->spec.heads; h++) {
        Shape shape = shape_of(2, golden->images, golden->head[h].classes);
        const float *reference = read_floats(golden, group, golden->head[h].name, shape);
        note(&worst, golden->head[h].name,
             relative_error(step->logits[h], reference, shape_count(shape), 0));
    }
    judge(step, group, &worst, FORWARD_LIMIT);
}

static void compare_loss(const Step *step)
{
    Error err = {0};
    double loss;
    CHECK(h5_read(step->golden->file, "/loss", H5_F64, (H5Shape){1, {1}}, &loss, &err));
    Worst worst = {fabs(step->loss - loss) / fabs(loss), "loss"};
    judge(step, "loss", &worst, FORWARD_LIMIT);
}

static void compare_gradients(const Step *step)
{
    const Golden *golden = step->golden;
    const ParamStore *store = step->model.graph->params;
    float **reference = arena_new(golden->arena, float *, store->count);
    double squares = 0, count = 0;
    for (int i = 0; i < store->count; i++) {
        const Param *param = store->list[i];
        reference[i] = read_floats(golden, "grad", param->name, param->shape);
        for (size_t j = 0; j < param->count; j++)
            squares += (double)reference[i][j] * (double)reference[i][j];
        count += (double)param->count;
    }
    double floor = 1e-6 * sqrt(squares / count);
    float *gradient = arena_new(golden->arena, float, store->total);
    kernels()->exact_read(gradient, step->sum, store->total);
    Worst worst = {0};
    for (int i = 0; i < store->count; i++)
        note(&worst, store->list[i]->name,
             relative_error(gradient + store->list[i]->offset, reference[i], store->list[i]->count,
                            floor));
    judge(step, "gradients", &worst, GRADIENT_LIMIT);
}

/* As the trainer updates them, with PyTorch's momentum of 0.1. */
static void compare_statistics(const Step *step)
{
    const Golden *golden = step->golden;
    const ParamStore *store = step->model.graph->state;
    Worst worst = {0};
    for (int i = 0; i < store->count; i++) {
        const Param *state = store->list[i];
        const float *reference = read_floats(golden, "state_after", state->name, state->shape);
        float *after = arena_new(golden->arena, float, state->count);
        for (size_t j = 0; j < state->count; j++)
            after[j] = (float)(0.9 * (double)store->value[state->offset + j] +
                               0.1 * (double)step->statistic[state->offset + j]);
        note(&worst, state->name, relative_error(after, reference, state->count, 0));
    }
    judge(step, "running statistics", &worst, FORWARD_LIMIT);
}

/* Each of the network's parameters is read by its name, so equal numbers mean equal names. */
static void compare_names(const Step *step)
{
    Error err = {0};
    int64_t count;
    CHECK(h5_read_attribute_int(step->golden->file, "/", "parameters", &count, &err));
    assert_int_equal(step->model.graph->params->count, count);
}

static void check_lanes(const Golden *golden, int lane)
{
    Step step;
    step_open(&step, golden, lane);
    compare_names(&step);
    run_step(&step, true);
    compare_logits(&step, "logits");
    compare_loss(&step);
    compare_gradients(&step);
    if (golden->has_state) compare_statistics(&step);
    run_step(&step, false);
    compare_logits(&step, "logits_eval");
}

/* *state: path of a golden */
static void test_golden(void **state)
{
    Golden golden;
    golden_open(&golden, *state);
    check_lanes(&golden, golden.images);
    if (!golden.has_state) check_lanes(&golden, golden.images / 2);
    golden_close(&golden);
}

int main(int argc, char **argv)
{
    static char *const committed[] = {"tests/parity/golden/convnext_patch4.h5",
                                      "tests/parity/golden/convnext_patch2.h5",
                                      "tests/parity/golden/resnet20.h5"};
    enum { GOLDENS_MAX = 16 };
    char *const *path = committed;
    int count = sizeof committed / sizeof *committed;
    report = argc > 1 && strcmp(argv[1], "--report") == 0;
    if (argc > 1 + report) {
        path = argv + 1 + report;
        count = argc - 1 - report;
    }
    if (count > GOLDENS_MAX) return 2;
    struct CMUnitTest test[GOLDENS_MAX];
    for (int i = 0; i < count; i++)
        test[i] = (struct CMUnitTest){
            .name = path[i], .test_func = test_golden, .initial_state = path[i]};
    gemm_init();
    return _cmocka_run_group_tests("parity", test, (size_t)count, NULL, NULL);
}
