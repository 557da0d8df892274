/* Linear layers over the last axis: plain, with GELU behind them, or as a residual branch. */
#include "drop_path.h"
#include "nn/ops.h"
#include "nn/parts.h"

#include <string.h>

enum { WEIGHT, BIAS };
enum { ARGUMENT }; /* of GELU, without the bias */

/* Linear, and what the graph decides. */
typedef struct LinearOptions {
    Linear given;
    bool packs_forward;  /* W^T is among the prepared weights */
    bool packs_backward; /* W likewise */
} LinearOptions;

/* Rows, inputs and outputs of one op. */
typedef struct Dims {
    size_t rows, image_rows;
    int D, K;
} Dims;

static Dims dims_of(const Op *op, const Run *run)
{
    const Shape *in = &op->in[0]->shape, *out = &op->out->shape;
    Dims dims = {.D = in->dim[in->rank - 1], .K = out->dim[out->rank - 1]};
    dims.image_rows = shape_count(*out) / (size_t)out->dim[0] / (size_t)dims.K;
    dims.rows = dims.image_rows * (size_t)run->images;
    return dims;
}

/* --- prepared weights: W^T (D,K) for forward and W (K,D) for backward, in panels --- */

static const LinearOptions *options_of(const Op *op)
{
    return op->options;
}

static size_t transposed_floats(const Op *op)
{
    const Shape *weight = &op->param[WEIGHT]->shape;
    return options_of(op)->packs_forward ? gemm_panels_floats(weight->dim[1], weight->dim[0]) : 0;
}

static size_t prepared(const Op *op)
{
    const Shape *weight = &op->param[WEIGHT]->shape;
    bool backward = options_of(op)->packs_backward;
    return transposed_floats(op) +
           (backward ? gemm_panels_floats(weight->dim[0], weight->dim[1]) : 0);
}

static void prepare(const Op *op, const float *value, float *base)
{
    const float *weight = value + op->param[WEIGHT]->offset;
    int K = op->param[WEIGHT]->shape.dim[0], D = op->param[WEIGHT]->shape.dim[1];
    if (options_of(op)->packs_forward) gemm_pack(base, TRANSPOSE, D, K, weight, D);
    if (options_of(op)->packs_backward)
        gemm_pack(base + transposed_floats(op), NO_TRANSPOSE, K, D, weight, D);
}

/* --- products --- */

/* out = x W^T */
static void multiply(const Op *op, const Run *run, const Dims *dims, float *out)
{
    const float *x = run_value(run, op->in[0]);
    if (options_of(op)->packs_forward)
        run_gemm_packed(run, NO_TRANSPOSE, (int)dims->rows, dims->K, dims->D, x, dims->D,
                        run_prepared(run, op), 0, out, dims->K);
    else
        run_gemm(run, NO_TRANSPOSE, TRANSPOSE, (int)dims->rows, dims->K, dims->D, 1, x, dims->D,
                 run_param(run, op, WEIGHT), dims->D, 0, out, dims->K);
}

/* Gradients of weights and input; the bias has its own. */
static void multiply_backward(const Op *op, const Run *run, const Dims *dims, const float *dout)
{
    run_gemm(run, TRANSPOSE, NO_TRANSPOSE, dims->K, dims->D, (int)dims->rows, 1, dout, dims->K,
             run_value(run, op->in[0]), dims->D, 0, run_dparam(run, op, WEIGHT), dims->D);
    bool adds = false;
    float *dx = run_grad_raw(run, op, 0, &adds);
    if (!dx) return;
    if (options_of(op)->packs_backward)
        run_gemm_packed(run, NO_TRANSPOSE, (int)dims->rows, dims->D, dims->K, dout, dims->K,
                        run_prepared(run, op) + transposed_floats(op), adds ? 1 : 0, dx, dims->D);
    else
        run_gemm(run, NO_TRANSPOSE, NO_TRANSPOSE, (int)dims->rows, dims->D, dims->K, 1, dout,
                 dims->K, run_param(run, op, WEIGHT), dims->D, adds ? 1 : 0, dx, dims->D);
}

/* --- plain --- */

static void forward(const Op *op, Run *run)
{
    Dims dims = dims_of(op, run);
    float *out = run_value(run, op->out);
    multiply(op, run, &dims, out);
    run->kernel->bias_add(out, run_param(run, op, BIAS), dims.rows, dims.K);
}

static void backward(const Op *op, Run *run)
{
    Dims dims = dims_of(op, run);
    const float *dout = run_dout(run, op);
    run->kernel->column_sum(run_dparam(run, op, BIAS), dout, dims.rows, dims.K);
    multiply_backward(op, run, &dims, dout);
}

static const OpType linear_type = {.name = "linear",
                                   .keeps = KEEPS_IN0,
                                   .prepared = prepared,
                                   .prepare = prepare,
                                   .forward = forward,
                                   .backward = backward,
                                   .macs = macs_of_weights};

/* --- with GELU --- */

static void gelu_forward(const Op *op, Run *run)
{
    Dims dims = dims_of(op, run);
    float *u = run_value(run, op->saved[ARGUMENT]);
    multiply(op, run, &dims, u);
    run->kernel->gelu_forward(run_value(run, op->out), u, run_param(run, op, BIAS), 1, dims.rows,
                              dims.K);
}

static void gelu_backward(const Op *op, Run *run)
{
    Dims dims = dims_of(op, run);
    float *dout = run_dout(run, op), *dbias = run_dparam(run, op, BIAS);
    memset(dbias, 0, sizeof(float) * (size_t)dims.K);
    /* The kernel also makes the output anew, which is the same again. */
    run->kernel->gelu_backward(run_value(run, op->out), dout, dbias,
                               run_value(run, op->saved[ARGUMENT]), run_param(run, op, BIAS), 1,
                               dims.rows, dims.K);
    multiply_backward(op, run, &dims, dout);
}

static const OpType linear_gelu_type = {.name = "linear_gelu",
                                        .keeps = KEEPS_IN0 | KEEPS_OUT,
                                        .prepared = prepared,
                                        .prepare = prepare,
                                        .forward = gelu_forward,
                                        .backward = gelu_backward,
                                        .macs = macs_of_weights};

/* --- as a residual branch --- */

static void scale_images(const Op *op, const Run *run, const Dims *dims, float *x)
{
    const Linear *options = &options_of(op)->given;
    if (!run->training || options->drop_path == 0) return;
    size_t image = dims->image_rows * (size_t)dims->K;
    for (size_t n = 0; n < (size_t)run->images; n++)
        run->kernel->scale(x + n * image, x + n * image,
                           drop_path_factor(op, run, options->drop_path, n), image);
}

static void residual_forward(const Op *op, Run *run)
{
    Dims dims = dims_of(op, run);
    float *out = run_value(run, op->out);
    multiply(op, run, &dims, out);
    run->kernel->bias_add(out, run_param(run, op, BIAS), dims.rows, dims.K);
    scale_images(op, run, &dims, out);
    run->kernel->add(out, out, run_value(run, op->in[1]), dims.rows * (size_t)dims.K);
}

static void residual_backward(const Op *op, Run *run)
{
    Dims dims = dims_of(op, run);
    float *dout = run_dout(run, op);
    size_t count = dims.rows * (size_t)dims.K;
    bool adds = false;
    float *dresidual = run_grad_raw(run, op, 1, &adds);
    if (dresidual && adds)
        run->kernel->add(dresidual, dresidual, dout, count);
    else if (dresidual)
        memcpy(dresidual, dout, sizeof(float) * count);
    scale_images(op, run, &dims, dout);
    run->kernel->column_sum(run_dparam(run, op, BIAS), dout, dims.rows, dims.K);
    multiply_backward(op, run, &dims, dout);
}

static const OpType linear_residual_type = {.name = "linear_residual",
                                            .keeps = KEEPS_IN0,
                                            .prepared = prepared,
                                            .prepare = prepare,
                                            .forward = residual_forward,
                                            .backward = residual_backward,
                                            .macs = macs_of_weights};

static Op *add_linear(Graph *graph, const OpType *type, const char *name, Tensor *x,
                      Tensor *residual, Linear options)
{
    Shape shape = x->shape;
    int D = shape.dim[shape.rank - 1];
    shape.dim[shape.rank - 1] = options.out;
    LinearOptions all = {options, !graph->recompute, !graph->recompute && !graph->only_evaluation};
    Op *op = graph_op(graph, type, name, x, residual, shape, &all, sizeof all);
    graph_push_scope(graph, "%s", name);
    graph_param(graph, op, WEIGHT, "weight", shape_of(2, options.out, D), options.init, true);
    graph_param(graph, op, BIAS, "bias", shape_of(1, options.out), (Init){INIT_CONSTANT, 0}, false);
    if (options.gelu) graph_saved(graph, op, ARGUMENT, "argument", shape);
    graph_pop_scope(graph);
    return op;
}

Tensor *nn_linear(Graph *graph, const char *name, Tensor *x, Linear options)
{
    const OpType *type = options.gelu ? &linear_gelu_type : &linear_type;
    return add_linear(graph, type, name, x, NULL, options)->out;
}

Tensor *nn_linear_residual(Graph *graph, const char *name, Tensor *x, Tensor *residual,
                           Linear options)
{
    return add_linear(graph, &linear_residual_type, name, x, residual, options)->out;
}

LinearParts nn_linear_parts(const Op *op)
{
    return (LinearParts){op->param[WEIGHT], op->param[BIAS]};
}
