/* Whole convolutions with norm and ReLU, as a network of one op: dim = lane, side, C, out, K, stride. */
#include "bench/kernel_case.h"
#include "nn/ops.h"
#include "nn/run.h"
#include "nn/work.h"

enum { LANE, SIDE, IN, OUT, KERNEL_SIDE, STRIDE };

static double flops(const int *dim)
{
    int side = (dim[SIDE] + dim[STRIDE] - 1) / dim[STRIDE];
    double out = side;
    return 2.0 * dim[LANE] * out * out * dim[IN] * dim[OUT] * dim[KERNEL_SIDE] * dim[KERNEL_SIDE];
}

static double backward_flops(const int *dim)
{
    return 2 * flops(dim);
}

static void ignore_gradient(void *context, size_t offset, const float *gradient, size_t count)
{
    (void)context, (void)offset, (void)gradient, (void)count;
}

static void ignore_statistic(void *context, const Param *state, const float *lane_value)
{
    (void)context, (void)state, (void)lane_value;
}

static Graph *build(const int *dim, Arena *arena)
{
    Error err = {0};
    Graph *graph = graph_create(arena);
    Tensor *x = graph_input(graph, "x", shape_of(4, dim[LANE], dim[SIDE], dim[SIDE], dim[IN]));
    x->wants_grad = true; /* as if there were a network before it */
    nn_conv_norm(graph, "conv", x, NULL,
                 (ConvNorm){.out_channels = dim[OUT],
                            .kernel = dim[KERNEL_SIDE],
                            .stride = dim[STRIDE],
                            .padding = dim[KERNEL_SIDE] / 2,
                            .activation = ACTIVATION_RELU,
                            .epsilon = 1e-5F,
                            .gain = 1,
                            .norm_name = "norm",
                            .init = {INIT_NORMAL, 0.05}});
    if (!graph_finish(graph, &err)) die("%s", err.text);
    param_layout(graph->params, 1);
    param_layout(graph->state, 1);
    return graph;
}

/* A lane that has gone forward once, with a gradient at its output. */
static void *prepare(Sample *sample, Arena *arena)
{
    Graph *graph = build(sample->of->dim, arena);
    float *prepared = arena_new(arena, float, graph->prepared_floats + 1);
    graph_prepare(graph, 0, graph->params->value, prepared);
    Run *run = arena_new(arena, Run, 1);
    *run = (Run){.graph = graph,
                 .plan = &graph->train,
                 .kernel = sample->kernel,
                 .workspace = arena_new(arena, float, graph->train.floats),
                 .value = graph->params->value,
                 .state = graph->state->value,
                 .prepared = prepared,
                 .dparam = arena_new(arena, float, graph->dparam_floats),
                 .images = sample->of->dim[LANE],
                 .training = true,
                 .grad_ready = ignore_gradient,
                 .statistic = ignore_statistic};
    const Op *op = graph->op[0];
    sample_fill(run_value(run, op->in[0]), shape_count(op->in[0]->shape), 0);
    graph_forward(run);
    sample_fill(run_dout(run, op), shape_count(op->out->shape), 1);
    return run;
}

static void forward(Sample *sample)
{
    graph_forward(sample->own);
}

static void backward(Sample *sample)
{
    graph_backward(sample->own);
}

#define ROWS(lane, side, in, out, kernel, stride)                                                  \
    {.name = "conv " #kernel " x " #kernel " / " #stride " forward",                               \
     .dim = {lane, side, in, out, kernel, stride},                                                 \
     .size = #lane " x " #side " x " #side " x " #in " to " #out,                                  \
     .amount = flops,                                                                              \
     .prepare = prepare,                                                                           \
     .call = forward},                                                                             \
    {                                                                                              \
        .name = "conv " #kernel " x " #kernel " / " #stride " backward",                           \
        .dim = {lane, side, in, out, kernel, stride},                                              \
        .size = #lane " x " #side " x " #side " x " #in " to " #out, .amount = backward_flops,     \
        .prepare = prepare, .call = backward                                                       \
    }

/* The last ones are small ones of each kind, whose instructions can be counted. */
const KernelCase conv_cases[] = {
    ROWS(1, 224, 3, 64, 7, 2),   ROWS(1, 56, 64, 64, 3, 1),    ROWS(1, 28, 128, 128, 3, 1),
    ROWS(1, 14, 256, 256, 3, 1), ROWS(1, 7, 512, 512, 3, 1),   ROWS(1, 56, 64, 128, 3, 2),
    ROWS(1, 56, 64, 256, 1, 1),  ROWS(1, 14, 1024, 256, 1, 1), ROWS(1, 56, 3, 64, 7, 2),
    ROWS(1, 14, 64, 64, 3, 1),   ROWS(1, 14, 64, 64, 3, 2),    ROWS(1, 16, 32, 32, 3, 2),
    ROWS(1, 32, 16, 32, 3, 2),   ROWS(1, 14, 256, 64, 1, 1),   {0}};
