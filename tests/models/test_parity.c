/*
 * Parity with PyTorch: golden files of tests/parity/make_golden.py hold a network's parameters, a
 * batch, and the logits, loss, gradients and statistics that PyTorch finds in float64. Here the
 * same network is built as the program builds it and has to find the same numbers, over one lane
 * and, without batch norm, over two; gradients travel through the exact sum.
 *
 *     test_parity [--report] [GOLDEN…]     default: the committed ones; --report prints a table row of each
 */
#include "golden.h"
#include "nn/run.h"

#include <glob.h>
#include <stdio.h>

/* Smooth networks differ from float64 by rounding only, which grows with depth: fifty norms in a row make
 * ten times as much of it as the small committed ones. Where a ReLU's input is zero up to rounding or two
 * pixels of a max pooling are equal, float32 may take the other side: such a network is held to twice what
 * PyTorch's own float32 errs by, or to rounding where that is next to nothing. (The committed goldens are
 * the best of several draws, so that in them PyTorch was lucky; and rounding differs by CPU.) */
static const double FORWARD_LIMIT = 1e-5, FORWARD_ROUNDING = 2e-6;
static const double COMMITTED_GRADIENT_LIMIT = 1e-5, GRADIENT_LIMIT = 1e-4,
                    GRADIENT_ROUNDING = 1e-5;
static bool is_committed; /* the goldens, not others named on the command line */

/* The worst relative L2 error of one kind, over tensors and ways of cutting the batch into lanes. */
typedef struct Worst {
    double error;
    char name[128];
} Worst;

typedef struct Report {
    Worst logits, loss, gradients, statistics;
} Report;

/* The network of a golden for lanes of one size, and what a step over all lanes finds. */
typedef struct Step {
    const Golden *golden;
    Arena *arena;
    Report *report;
    Model model;
    Run run;
    int64_t *sum;             /* exact sum of the gradient */
    float *statistic;         /* parallel to the statistics */
    float *logits[HEADS_MAX]; /* (images,classes) */
    double loss;
} Step;

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
        golden_codes(golden, "param", graph->params->list[i],
                     graph->params->value + graph->params->list[i]->offset);
    for (int i = 0; i < graph->state->count; i++)
        golden_codes(golden, "state", graph->state->list[i],
                     graph->state->value + graph->state->list[i]->offset);
}

static void step_open(Step *step, const Golden *golden, int lane, ConvChoice conv, Report *report)
{
    Error err = {0};
    Arena *arena = arena_create("step");
    *step = (Step){.golden = golden, .arena = arena, .report = report};
    ModelSpec spec = golden->spec;
    spec.lane = lane;
    spec.conv = conv;
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

static void compare_logits(const Step *step, const char *group)
{
    const Golden *golden = step->golden;
    Worst *worst = &step->report->logits;
    for (int h = 0; h < golden->spec.heads; h++) {
        Shape shape = shape_of(2, golden->images, golden->head[h].classes);
        const float *reference = golden_floats(golden, group, golden->head[h].name, shape);
        note(worst, golden->head[h].name,
             relative_error(step->logits[h], reference, shape_count(shape), 0));
    }
}

static void compare_loss(const Step *step)
{
    Error err = {0};
    double loss;
    CHECK(h5_read(step->golden->file, "/loss", H5_F64, (H5Shape){1, {1}}, &loss, &err));
    note(&step->report->loss, "loss", fabs(step->loss - loss) / fabs(loss));
}

/* The least rms of a gradient that counts: a millionth of that over all parameters. */
static double least_rms(const ParamStore *store, float *const *gradient)
{
    double squares = 0, count = 0;
    for (int i = 0; i < store->count; i++) {
        for (size_t j = 0; j < store->list[i]->count; j++)
            squares += (double)gradient[i][j] * (double)gradient[i][j];
        count += (double)store->list[i]->count;
    }
    return 1e-6 * sqrt(squares / count);
}

static void compare_gradients(const Step *step)
{
    const Golden *golden = step->golden;
    const ParamStore *store = step->model.graph->params;
    float **reference = arena_new(golden->arena, float *, store->count);
    for (int i = 0; i < store->count; i++)
        reference[i] = golden_floats(golden, "grad", store->list[i]->name, store->list[i]->shape);
    double floor = least_rms(store, reference);
    float *gradient = arena_new(step->arena, float, store->total);
    kernels()->exact_read(gradient, step->sum, store->total);
    Worst *worst = &step->report->gradients;
    for (int i = 0; i < store->count; i++)
        note(worst, store->list[i]->name,
             relative_error(gradient + store->list[i]->offset, reference[i], store->list[i]->count,
                            floor));
}

/* As the trainer updates them, with PyTorch's momentum of 0.1. */
static void compare_statistics(const Step *step)
{
    const Golden *golden = step->golden;
    const ParamStore *store = step->model.graph->state;
    Worst *worst = &step->report->statistics;
    for (int i = 0; i < store->count; i++) {
        const Param *state = store->list[i];
        const float *reference = golden_floats(golden, "state_after", state->name, state->shape);
        float *after = arena_new(step->arena, float, state->count);
        for (size_t j = 0; j < state->count; j++)
            after[j] = (float)(0.9 * (double)store->value[state->offset + j] +
                               0.1 * (double)step->statistic[state->offset + j]);
        note(worst, state->name, relative_error(after, reference, state->count, 0));
    }
}

/* Each of the network's parameters is read by its name, so equal numbers mean equal names. */
static void compare_names(const Step *step)
{
    Error err = {0};
    int64_t count;
    CHECK(h5_read_attribute_int(step->golden->file, "/", "parameters", &count, &err));
    assert_int_equal(step->model.graph->params->count, count);
}

static void check_lanes(const Golden *golden, int lane, ConvChoice conv, Report *report)
{
    Step step;
    step_open(&step, golden, lane, conv, report);
    compare_names(&step);
    run_step(&step, true);
    compare_logits(&step, "logits");
    compare_loss(&step);
    compare_gradients(&step);
    if (golden->has_state) compare_statistics(&step);
    run_step(&step, false);
    compare_logits(&step, "logits_eval");
    arena_destroy(step.arena);
}

/* --- the verdict --- */

/* Of a smooth network, or of one with kinks by PyTorch's float32. */
static double limit_of(const Golden *golden, double smooth, double float32, double rounding)
{
    return golden->is_smooth ? smooth : fmax(2 * float32, rounding);
}

static void judge(const Golden *golden, const char *what, const Worst *worst, double limit)
{
    if (!(worst->error <= limit))
        fail_msg("%s: %s: relative L2 error %.3g of %s is above %.3g", golden->path, what,
                 worst->error, worst->name, limit);
}

static void judge_all(const Golden *golden, const Report *found)
{
    double smooth = is_committed ? COMMITTED_GRADIENT_LIMIT : GRADIENT_LIMIT;
    judge(golden, "logits", &found->logits,
          limit_of(golden, FORWARD_LIMIT, golden->float32_logits, FORWARD_ROUNDING));
    judge(golden, "gradients", &found->gradients,
          limit_of(golden, smooth, golden->float32_gradients, GRADIENT_ROUNDING));
    judge(golden, "loss", &found->loss, FORWARD_LIMIT);
    judge(golden, "running statistics", &found->statistics, FORWARD_LIMIT);
}

/* In the columns of tests/parity/parity.sh. */
static void print_row(const Golden *golden, const Report *found, const char *how)
{
    print_message("| %s%s | %.1e, %.1e | %.1e, %.1e | %s |\n", golden->name, how,
                  found->logits.error, golden->float32_logits, found->gradients.error,
                  golden->float32_gradients, found->gradients.name);
}

static bool wants_rows;

static void check_choice(const char *path, ConvChoice conv)
{
    Golden golden;
    Report found = {0};
    golden_open(&golden, path);
    check_lanes(&golden, golden.images, conv, &found);
    if (!golden.has_state) check_lanes(&golden, golden.images / 2, conv, &found);
    if (wants_rows) print_row(&golden, &found, conv == CONV_DIRECT ? ", conv: direct" : "");
    judge_all(&golden, &found);
    golden_close(&golden);
}

/* *state: path of a golden, which is held to the same limits with either choice of `conv`. */
static void test_golden(void **state)
{
    check_choice(*state, CONV_AUTO);
    check_choice(*state, CONV_DIRECT);
}

static int check_goldens(char **path, size_t count)
{
    struct CMUnitTest *test = calloc(count, sizeof *test);
    if (!test || count == 0) {
        fprintf(stderr, "test_parity: no goldens\n");
        return 2;
    }
    for (size_t i = 0; i < count; i++)
        test[i] = (struct CMUnitTest){
            .name = path[i], .test_func = test_golden, .initial_state = path[i]};
    int failed = _cmocka_run_group_tests("parity", test, count, NULL, NULL);
    free(test);
    return failed;
}

int main(int argc, char **argv)
{
    gemm_init();
    wants_rows = argc > 1 && strcmp(argv[1], "--report") == 0;
    if (argc > 1 + wants_rows)
        return check_goldens(argv + 1 + wants_rows, (size_t)(argc - 1 - wants_rows));
    is_committed = true;
    glob_t committed = {0};
    glob("tests/parity/golden/*.h5", 0, NULL, &committed);
    int failed = check_goldens(committed.gl_pathv, committed.gl_pathc);
    globfree(&committed);
    return failed;
}
