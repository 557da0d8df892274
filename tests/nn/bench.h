/*
 * A bench for graphs: sources, whose values are parameters (so that gradients of inputs come out
 * like those of parameters), and probes, which make the loss sum(weight_i * x_i) of a tensor with
 * fixed weights. Gradients are checked against central differences of a double-precision loss.
 */
#pragma once

#include "base/arena.h"
#include "base/random.h"
#include "nn/ops.h"
#include "nn/run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct Bench {
    Arena *arena;
    Graph *graph;
    Tensor *none; /* input of sources: an op needs one */
    Run run;
    float *gradient;  /* (params): of the last backward */
    float *statistic; /* (state): of the last forward */
    int polls;
} Bench;

/* --- sources and probes --- */

static inline size_t image_floats(const Tensor *tensor)
{
    return shape_count(tensor->shape) / (size_t)tensor->shape.dim[0];
}

static inline void source_forward(const Op *op, Run *run)
{
    memcpy(run_value(run, op->out), run_param(run, op, 0),
           sizeof(float) * (size_t)run->images * image_floats(op->out));
}

static inline void source_backward(const Op *op, Run *run)
{
    memset(run_dparam(run, op, 0), 0, sizeof(float) * op->param[0]->count);
    memcpy(run_dparam(run, op, 0), run_dout(run, op),
           sizeof(float) * (size_t)run->images * image_floats(op->out));
}

static inline Tensor *bench_source(Bench *bench, const char *name, Shape shape)
{
    static const OpType type = {
        .name = "source", .forward = source_forward, .backward = source_backward};
    Op *op = graph_op(bench->graph, &type, name, bench->none, NULL, shape, NULL, 0);
    graph_param(bench->graph, op, 0, name, shape, (Init){INIT_NORMAL, 1}, true);
    return op->out;
}

static inline float probe_weight(size_t i)
{
    return (float)sin(1.7 * (double)i + 0.3);
}

static inline void probe_forward(const Op *op, Run *run)
{
    memset(run_value(run, op->out), 0, sizeof(float) * (size_t)run->images);
}

static inline void probe_backward(const Op *op, Run *run)
{
    float *dx = run_grad(run, op, 0);
    for (size_t i = 0; i < (size_t)run->images * image_floats(op->in[0]); i++)
        dx[i] += probe_weight(i);
}

static inline void bench_probe(Bench *bench, Tensor *x)
{
    static const OpType type = {
        .name = "probe", .forward = probe_forward, .backward = probe_backward};
    x->is_output = true;
    graph_op(bench->graph, &type, "probe", x, NULL, shape_of(2, x->shape.dim[0], 1), NULL, 0);
}

static inline double probe_loss(const double *x, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)probe_weight(i) * x[i];
    return sum;
}

/* --- running --- */

static inline void bench_poll(void *context)
{
    ((Bench *)context)->polls++;
}

static inline void bench_grad_ready(void *context, size_t offset, const float *gradient,
                                    size_t count)
{
    memcpy(((Bench *)context)->gradient + offset, gradient, sizeof(float) * count);
}

static inline void bench_statistic(void *context, const Param *state, const float *lane_value)
{
    memcpy(((Bench *)context)->statistic + state->offset, lane_value, sizeof(float) * state->count);
}

static inline Bench bench_open(int lane)
{
    Bench bench = {.arena = arena_create("bench")};
    bench.graph = graph_create(bench.arena);
    bench.none = graph_input(bench.graph, "none", shape_of(2, lane, 1));
    bench.run.images = lane;
    return bench;
}

static inline void bench_close(Bench *bench)
{
    arena_destroy(bench->arena);
}

static inline void fill(float *x, size_t count, float value)
{
    for (size_t i = 0; i < count; i++) x[i] = value;
}

/* Finishes the graph, draws parameters (constants are moved off 0 and 1, so that a forgotten one
 * shows; statistics to something like mean 0.2, variance 1) and gives the run its memory. */
static inline void bench_ready(Bench *bench)
{
    Error err = {0};
    Graph *graph = bench->graph;
    if (!graph_finish(graph, &err)) fail_msg("%s", err.text);
    param_layout(graph->params, 7);
    param_layout(graph->state, 7);
    for (int i = 0; i < graph->params->count; i++) {
        const Param *param = graph->params->list[i];
        if (param->init.kind != INIT_CONSTANT) continue;
        for (size_t j = 0; j < param->count; j++)
            graph->params->value[param->offset + j] += 0.3F * probe_weight(j + (size_t)i);
    }
    for (size_t i = 0; i < graph->state->total; i++)
        graph->state->value[i] += 0.2F * probe_weight(i);
    size_t floats =
        graph->train.floats > graph->eval.floats ? graph->train.floats : graph->eval.floats;
    bench->gradient = arena_new(bench->arena, float, graph->params->total);
    bench->statistic = arena_new(bench->arena, float, graph->state->total + 1);
    Run *run = &bench->run;
    run->graph = graph;
    run->kernel = kernels();
    run->workspace = arena_new(bench->arena, float, floats);
    run->value = graph->params->value;
    run->state = graph->state->value;
    run->prepared = arena_new(bench->arena, float, graph->prepared_floats + 1);
    run->dparam = arena_new(bench->arena, float, graph->dparam_floats + 1);
    run->seed = 5;
    run->step = 11;
    uint32_t *record = arena_new(bench->arena, uint32_t, run->images);
    for (int n = 0; n < run->images; n++) record[n] = 100 + (uint32_t)n;
    run->record = record;
    run->grad_ready = bench_grad_ready;
    run->statistic = bench_statistic;
}

/* A pass over memory that holds `garbage` wherever nothing was written. */
static inline void bench_run(Bench *bench, bool training, float garbage)
{
    Run *run = &bench->run;
    Graph *graph = bench->graph;
    const Plan *plan = run->plan = training ? &graph->train : &graph->eval;
    run->training = training;
    run->context = bench;
    fill(run->workspace, plan->floats, garbage);
    fill(run->dparam, graph->dparam_floats, garbage);
    fill((float *)run->prepared, graph->prepared_floats, garbage);
    for (int i = 0; i < graph->op_count; i++)
        graph_prepare(graph, i, run->value, (float *)run->prepared);
    graph_forward(run);
    if (!training) return;
    fill(bench->gradient, graph->params->total, NAN);
    graph_backward(run);
}

/* --- checking --- */

static inline double *as_doubles(Arena *arena, const float *x, size_t count)
{
    double *out = arena_new(arena, double, count + 1);
    for (size_t i = 0; i < count; i++) out[i] = (double)x[i];
    return out;
}

/* A parameter's values within `value`, which is parallel to the store. */
static inline const double *value_of(const Bench *bench, const double *value, const char *name)
{
    const Param *param = param_find(bench->graph->params, name);
    return param ? value + param->offset : NULL;
}

/* Relative L2 error below 1e-5. */
static inline void check_close(const char *what, const float *value, const double *reference,
                               size_t count)
{
    double difference = 0, norm = 0;
    for (size_t i = 0; i < count; i++) {
        difference += ((double)value[i] - reference[i]) * ((double)value[i] - reference[i]);
        norm += reference[i] * reference[i];
    }
    if (!(difference <= 1e-10 * norm))
        fail_msg("%s: relative L2 error %.3g", what, sqrt(difference / norm));
}

/* The double-precision loss of the graph, as a function of all parameters. */
typedef double LossFn(const Bench *bench, const double *value);

/* <gradient, direction> by central differences. */
static inline double slope(const Bench *bench, LossFn *loss, double *value, const Param *param,
                           const double *direction)
{
    static const double STEP = 1e-6;
    double *x = value + param->offset, side[2];
    for (int s = 0; s < 2; s++) {
        double h = s ? -STEP : STEP;
        for (size_t i = 0; i < param->count; i++) x[i] += h * direction[i];
        side[s] = loss(bench, value);
        for (size_t i = 0; i < param->count; i++) x[i] -= h * direction[i];
    }
    return (side[0] - side[1]) / (2 * STEP);
}

static inline void check_direction(const Bench *bench, LossFn *loss, double *value,
                                   const Param *param, const double *direction, double scale)
{
    const float *gradient = bench->gradient + param->offset;
    double found = 0, expected = slope(bench, loss, value, param, direction);
    for (size_t i = 0; i < param->count; i++) found += (double)gradient[i] * direction[i];
    if (!(fabs(found - expected) <= 3e-5 * scale + 1e-6))
        fail_msg("gradient of %s: %.9g, by differences %.9g (norm %.3g)", param->name, found,
                 expected, scale);
}

/* Every parameter's gradient: each element of small ones, random directions of larger ones. */
static inline void check_gradients(const Bench *bench, LossFn *loss)
{
    enum { SMALL = 32, DIRECTIONS = 6 };
    const ParamStore *store = bench->graph->params;
    double *value = as_doubles(bench->arena, store->value, store->total);
    Random random = random_at(3, RANDOM_INIT, 0, 0, 0);
    for (int p = 0; p < store->count; p++) {
        const Param *param = store->list[p];
        double norm = 0, *direction = arena_new(bench->arena, double, param->count);
        for (size_t i = 0; i < param->count; i++)
            norm += pow((double)bench->gradient[param->offset + i], 2);
        size_t trials = param->count <= SMALL ? param->count : DIRECTIONS;
        for (size_t t = 0; t < trials; t++) {
            for (size_t i = 0; i < param->count; i++)
                direction[i] = param->count <= SMALL ? i == t : random_below(&random, 2) ? 1 : -1;
            check_direction(bench, loss, value, param, direction, sqrt(norm));
        }
    }
}
