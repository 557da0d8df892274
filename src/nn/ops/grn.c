/*
 * Global response normalisation (Woo et al. 2023, ConvNeXt V2). Per image, with g_c the norm of channel c
 * over all places and m = mean of g + epsilon: n_c = g_c / m, out = x (1 + weight n) + bias. Backward,
 * with p_c = sum of dout x: dweight = p n, dn = weight p, dg_c = dn_c / m - <dn,g> / (C m^2),
 * dx = dout (1 + weight n) + x dg / g.
 */
#include "nn/ops.h"
#include "nn/parts.h"
#include "nn/run.h"

#include <string.h>

enum { WEIGHT, BIAS };
enum { NORM };
static const float EPSILON = 1e-6F;

static size_t places_of(const Op *op)
{
    return (size_t)op->out->shape.dim[1] * (size_t)op->out->shape.dim[2];
}

/* Scratch: two channel vectors. */
static size_t scratch(const Op *op, bool training)
{
    (void)training;
    return 2 * (size_t)op->out->shape.dim[3];
}

static float mean_norm(const float *g, int C)
{
    double sum = 0;
    for (int c = 0; c < C; c++) sum += (double)g[c];
    return (float)(sum / C) + EPSILON;
}

static void forward(const Op *op, Run *run)
{
    int C = op->out->shape.dim[3];
    size_t places = places_of(op), image = places * (size_t)C;
    const float *weight = run_param(run, op, WEIGHT);
    float *gain = run_scratch(run);
    for (size_t n = 0; n < (size_t)run->images; n++, run_poll(run)) {
        const float *x = run_value(run, op->in[0]) + n * image;
        float *g = run_value(run, op->saved[NORM]) + n * (size_t)C;
        run->kernel->column_dot(g, x, x, places, C);
        for (int c = 0; c < C; c++) g[c] = __builtin_sqrtf(g[c]);
        float m = mean_norm(g, C);
        for (int c = 0; c < C; c++) gain[c] = 1 + weight[c] * (g[c] / m);
        run->kernel->affine_forward(run_value(run, op->out) + n * image, x, gain,
                                    run_param(run, op, BIAS), places, C);
    }
}

/* From p to the factors of dout and x; adds to dweight. */
static void factors(const Op *op, const Run *run, const float *g, float *of_dout, float *p)
{
    int C = op->out->shape.dim[3];
    const float *weight = run_param(run, op, WEIGHT);
    float *dweight = run_dparam(run, op, WEIGHT), m = mean_norm(g, C);
    double through_mean = 0;
    for (int c = 0; c < C; c++) {
        of_dout[c] = 1 + weight[c] * (g[c] / m);
        dweight[c] += p[c] * (g[c] / m);
        through_mean += (double)weight[c] * (double)p[c] * (double)g[c];
    }
    float shared = (float)(through_mean / ((double)C * (double)m * (double)m));
    for (int c = 0; c < C; c++) p[c] = g[c] > 0 ? (weight[c] * p[c] / m - shared) / g[c] : 0;
}

static void backward(const Op *op, Run *run)
{
    int C = op->out->shape.dim[3];
    size_t places = places_of(op), image = places * (size_t)C;
    float *of_dout = run_scratch(run), *p = of_dout + C, *dx = run_grad(run, op, 0);
    memset(run_dparam(run, op, WEIGHT), 0, sizeof(float) * (size_t)C);
    run->kernel->column_sum(run_dparam(run, op, BIAS), run_dout(run, op),
                            places * (size_t)run->images, C);
    for (size_t n = 0; n < (size_t)run->images; n++, run_poll(run)) {
        const float *x = run_value(run, op->in[0]) + n * image;
        float *dout = run_dout(run, op) + n * image;
        run->kernel->column_dot(p, dout, x, places, C);
        factors(op, run, run_value(run, op->saved[NORM]) + n * (size_t)C, of_dout, p);
        if (!dx) continue;
        run->kernel->column_combine(dout, dout, of_dout, x, p, places, C);
        run->kernel->add(dx + n * image, dx + n * image, dout, image);
    }
}

static const OpType grn_type = {.name = "grn",
                                .keeps = KEEPS_IN0,
                                .scratch = scratch,
                                .forward = forward,
                                .backward = backward};

Tensor *nn_grn(Graph *graph, const char *name, Tensor *x)
{
    int C = x->shape.dim[3];
    Op *op = graph_op(graph, &grn_type, name, x, NULL, x->shape, NULL, 0);
    graph_push_scope(graph, "%s", name);
    graph_param(graph, op, WEIGHT, "weight", shape_of(1, C), (Init){INIT_CONSTANT, 0}, false);
    graph_param(graph, op, BIAS, "bias", shape_of(1, C), (Init){INIT_CONSTANT, 0}, false);
    graph_saved(graph, op, NORM, "norm", shape_of(2, x->shape.dim[0], C));
    graph_pop_scope(graph);
    return op->out;
}

AffineParts nn_grn_parts(const Op *op, float *epsilon)
{
    *epsilon = EPSILON;
    return (AffineParts){op->param[WEIGHT], op->param[BIAS]};
}
