/*
 * The MLP half of a ConvNeXt block, fused: norm gain and bias, fc1, GELU, fc2, layer scale, drop
 * path and the residual, tile by tile of rows, so that the hidden tile (4C wide) stays in the
 * second-level cache.
 *
 * Exact algebra removes passes (only rounding differs). The norm's gain g and bias b go into the
 * first matrix, the layer scale into the second: W1' = W1 diag(g),  b1' = b1 + W1 b,  W2' =
 * diag(gamma) W2,  b2' = gamma * b2 u = xhat W1'^T,  h = s gelu(u + b1'),  out = residual + s b2' +
 * h W2'^T with s the drop-path factor of the image (0 or 1/keep in training, 1 otherwise).
 * Backward, with G = dout^T h, du = dh * s gelu'(u + b1'), dW1' = du^T xhat: dW1 = dW1' diag(g) +
 * db1 b^T,  dg = colsum(W1 * dW1'),  db = W1^T db1 dW2 = diag(gamma) G,  dgamma_c = <W2_c, G_c> +
 * b2_c t_c,  db2 = gamma * t,  t = sum of s dout
 */
#include "drop_path.h"
#include "nn/ops.h"
#include "nn/parts.h"

#include <string.h>

enum { NORM_GAIN, NORM_BIAS, FC1, FC1_BIAS, FC2, FC2_BIAS, GAMMA };
enum { HIDDEN };

/* Sizes of one op, spelt once. */
typedef struct Dims {
    int C, hidden;
    size_t image_rows; /* rows of one image */
    size_t rows;       /* of the lane */
    int tile;          /* rows of a full tile */
} Dims;

/* Rows of a tile: a hidden tile of about 1 MiB, but at least 196 rows, since OpenBLAS packs the
 * weights anew in each call (measured: 196 rows lose nothing against 784, 49 rows lose 20 %). */
static int tile_rows(int hidden, size_t rows)
{
    size_t tile = (size_t)(300 * 1024) / (size_t)hidden;
    if (tile < 196) tile = 196;
    return (int)(tile < rows ? tile : rows);
}

static Dims dims_of(const Op *op, int images)
{
    const Mlp *options = op->options;
    Shape shape = op->out->shape;
    Dims dims = {.C = shape.dim[shape.rank - 1], .hidden = options->hidden};
    dims.image_rows = shape_count(shape) / (size_t)shape.dim[0] / (size_t)dims.C;
    dims.rows = dims.image_rows * (size_t)images;
    dims.tile = tile_rows(dims.hidden, dims.rows);
    return dims;
}

/* --- prepared weights: W1', W2', b1', b2' --- */

typedef struct Folded {
    float *w1, *w2, *b1, *b2;
} Folded;

static Folded folded_at(const Op *op, float *base)
{
    Dims dims = dims_of(op, 1);
    size_t matrix = (size_t)dims.C * (size_t)dims.hidden;
    return (Folded){base, base + matrix, base + 2 * matrix, base + 2 * matrix + dims.hidden};
}

static size_t prepared(const Op *op)
{
    Dims dims = dims_of(op, 1);
    return (size_t)dims.C * (size_t)dims.hidden * 2 + (size_t)(dims.hidden + dims.C);
}

static void prepare(const Op *op, const float *value, float *base)
{
    const Kernels *kernel = kernels();
    Dims dims = dims_of(op, 1);
    Folded folded = folded_at(op, base);
    const float *w1 = value + op->param[FC1]->offset, *w2 = value + op->param[FC2]->offset;
    const float *b2 = value + op->param[FC2_BIAS]->offset;
    kernel->affine_forward(folded.w1, w1, value + op->param[NORM_GAIN]->offset, NULL,
                           (size_t)dims.hidden, dims.C);
    memcpy(folded.b1, value + op->param[FC1_BIAS]->offset, sizeof(float) * (size_t)dims.hidden);
    gemm(NO_TRANSPOSE, NO_TRANSPOSE, dims.hidden, 1, dims.C, 1, w1, dims.C,
         value + op->param[NORM_BIAS]->offset, 1, 1, folded.b1, 1);
    for (int c = 0; c < dims.C; c++) {
        float gamma = op->param[GAMMA] ? value[op->param[GAMMA]->offset + (size_t)c] : 1;
        size_t row = (size_t)c * (size_t)dims.hidden;
        kernel->scale(folded.w2 + row, w2 + row, gamma, (size_t)dims.hidden);
        folded.b2[c] = gamma * b2[c];
    }
}

/* --- drop path --- */

static float branch_factor(const Op *op, const Run *run, size_t n)
{
    return drop_path_factor(op, run, ((const Mlp *)op->options)->drop_path, n);
}

/* A piece of a tile that belongs to one image. */
typedef struct Segment {
    size_t begin, count; /* rows of the lane */
    float factor;
} Segment;

/* The segment that starts at row `begin` and ends with its image or at `end`. */
static Segment segment_at(const Op *op, const Run *run, const Dims *dims, size_t begin, size_t end)
{
    size_t image = begin / dims->image_rows, last = (image + 1) * dims->image_rows;
    return (Segment){begin, (last < end ? last : end) - begin, branch_factor(op, run, image)};
}

static bool tile_is_dropped(const Op *op, const Run *run, const Dims *dims, size_t begin,
                            size_t end)
{
    while (begin < end) {
        Segment segment = segment_at(op, run, dims, begin, end);
        if (segment.factor != 0) return false;
        begin += segment.count;
    }
    return true;
}

/* --- forward --- */

static size_t scratch(const Op *op, bool training)
{
    Dims dims = dims_of(op, op->out->shape.dim[0]);
    /* forward: h, s b2' (evaluation: u too); backward: h, dh, t and a piece of it */
    (void)training;
    return 2 * (size_t)dims.tile * (size_t)dims.hidden + 2 * (size_t)dims.C;
}

/* h = s gelu(u + b1'), out = residual + s b2', segment by segment. */
static void activate_tile(const Op *op, const Run *run, const Dims *dims, const Folded *folded,
                          size_t begin, size_t end, const float *u, float *h, float *scaled_bias)
{
    const float *residual = run_value(run, op->in[1]);
    float *out = run_value(run, op->out);
    size_t C = (size_t)dims->C, hidden = (size_t)dims->hidden;
    for (size_t row = begin; row < end;) {
        Segment segment = segment_at(op, run, dims, row, end);
        size_t at = (row - begin) * hidden;
        run->kernel->gelu_forward(h + at, u + at, folded->b1, segment.factor, segment.count,
                                  dims->hidden);
        run->kernel->scale(scaled_bias, folded->b2, segment.factor, C);
        memcpy(out + row * C, residual + row * C, sizeof(float) * segment.count * C);
        run->kernel->bias_add(out + row * C, scaled_bias, segment.count, dims->C);
        row += segment.count;
    }
}

static void forward(const Op *op, Run *run)
{
    Dims dims = dims_of(op, run->images);
    Folded folded = folded_at(op, (float *)run_prepared(run, op));
    size_t C = (size_t)dims.C, hidden = (size_t)dims.hidden, tile = (size_t)dims.tile;
    const float *xhat = run_value(run, op->in[0]), *residual = run_value(run, op->in[1]);
    float *out = run_value(run, op->out);
    float *h = run_scratch(run), *spare_u = h + tile * hidden,
          *scaled_bias = spare_u + tile * hidden;
    for (size_t begin = 0; begin < dims.rows; begin += tile) {
        size_t end = begin + tile < dims.rows ? begin + tile : dims.rows;
        int rows = (int)(end - begin);
        if (tile_is_dropped(op, run, &dims, begin, end)) {
            memcpy(out + begin * C, residual + begin * C, sizeof(float) * (end - begin) * C);
            continue;
        }
        float *u = run->training ? run_value(run, op->saved[HIDDEN]) + begin * hidden : spare_u;
        run_gemm(run, NO_TRANSPOSE, TRANSPOSE, rows, dims.hidden, dims.C, 1, xhat + begin * C,
                 dims.C, folded.w1, dims.C, 0, u, dims.hidden);
        activate_tile(op, run, &dims, &folded, begin, end, u, h, scaled_bias);
        run_gemm(run, NO_TRANSPOSE, TRANSPOSE, rows, dims.C, dims.hidden, 1, h, dims.hidden,
                 folded.w2, dims.hidden, 1, out + begin * C, dims.C);
    }
}

/* --- backward --- */

/* Sums over all rows that the tiles add to; `first` says that nothing has been added yet. */
typedef struct Sums {
    float *dw1, *db1; /* dW1', db1' */
    float *g;         /* G = dout^T h */
    float *t;         /* sum of s dout */
} Sums;

/* From dh to du (in place), h anew; sums of db1' and t. */
static void activate_tile_backward(const Op *op, const Run *run, const Dims *dims,
                                   const Folded *folded, size_t begin, size_t end, float *h,
                                   float *dh, const Sums *sums, float *piece)
{
    const float *u = run_value(run, op->saved[HIDDEN]), *dout = run_dout(run, op);
    size_t C = (size_t)dims->C, hidden = (size_t)dims->hidden;
    for (size_t row = begin; row < end;) {
        Segment segment = segment_at(op, run, dims, row, end);
        size_t at = (row - begin) * hidden;
        run->kernel->gelu_backward(h + at, dh + at, sums->db1, u + row * hidden, folded->b1,
                                   segment.factor, segment.count, dims->hidden);
        run->kernel->column_sum(piece, dout + row * C, segment.count, dims->C);
        run->kernel->scale(piece, piece, segment.factor, C);
        run->kernel->add(sums->t, sums->t, piece, C);
        row += segment.count;
    }
}

/* All tiles: fills the sums and sets dxhat. */
static void backward_tiles(const Op *op, Run *run, const Dims *dims, const Folded *folded,
                           const Sums *sums, float *piece)
{
    size_t C = (size_t)dims->C, hidden = (size_t)dims->hidden, tile = (size_t)dims->tile;
    const float *xhat = run_value(run, op->in[0]), *dout = run_dout(run, op);
    float *dxhat = run_grad(run, op, 0);
    float *h = run_scratch(run), *dh = h + tile * hidden;
    for (size_t begin = 0; begin < dims->rows; begin += tile) {
        size_t end = begin + tile < dims->rows ? begin + tile : dims->rows;
        int rows = (int)(end - begin);
        if (tile_is_dropped(op, run, dims, begin, end)) continue;
        const float *dout_tile = dout + begin * C;
        run_gemm(run, NO_TRANSPOSE, NO_TRANSPOSE, rows, dims->hidden, dims->C, 1, dout_tile,
                 dims->C, folded->w2, dims->hidden, 0, dh, dims->hidden);
        activate_tile_backward(op, run, dims, folded, begin, end, h, dh, sums, piece);
        run_gemm(run, TRANSPOSE, NO_TRANSPOSE, dims->C, dims->hidden, rows, 1, dout_tile, dims->C,
                 h, dims->hidden, 1, sums->g, dims->hidden);
        run_gemm(run, NO_TRANSPOSE, NO_TRANSPOSE, rows, dims->C, dims->hidden, 1, dh, dims->hidden,
                 folded->w1, dims->C, 1, dxhat + begin * C, dims->C);
        run_gemm(run, TRANSPOSE, NO_TRANSPOSE, dims->hidden, dims->C, rows, 1, dh, dims->hidden,
                 xhat + begin * C, dims->C, 1, sums->dw1, dims->C);
    }
}

/* Rows of a matrix between two polls. */
enum { UNFOLD_ROWS = 128 };

/* The sums lie where the parameters' gradients go; turns them into those, in place. `piece` is 2 C.
 */
static void unfold_first(const Op *op, const Run *run, const Dims *dims, const Sums *sums,
                         float *piece)
{
    const float *w1 = run_param(run, op, FC1);
    float *dgain = run_dparam(run, op, NORM_GAIN), *dbias = run_dparam(run, op, NORM_BIAS);
    size_t C = (size_t)dims->C, hidden = (size_t)dims->hidden;
    for (size_t row = 0; row < hidden; row += UNFOLD_ROWS) {
        size_t rows = hidden - row < UNFOLD_ROWS ? hidden - row : UNFOLD_ROWS;
        float *dw1 = sums->dw1 + row * C;
        run->kernel->affine_backward(dw1, piece, piece + C, dw1, w1 + row * C,
                                     run_param(run, op, NORM_GAIN), rows, dims->C);
        run->kernel->add(dgain, dgain, piece, C);
        run_poll(run);
    }
    run_gemm(run, NO_TRANSPOSE, NO_TRANSPOSE, dims->hidden, dims->C, 1, 1, sums->db1, 1,
             run_param(run, op, NORM_BIAS), dims->C, 1, sums->dw1, dims->C);
    run_gemm(run, NO_TRANSPOSE, NO_TRANSPOSE, 1, dims->C, dims->hidden, 1, sums->db1, dims->hidden,
             w1, dims->C, 0, dbias, dims->C);
}

static void unfold_second(const Op *op, const Run *run, const Dims *dims, const Sums *sums)
{
    if (!op->param[GAMMA]) return;
    const float *w2 = run_param(run, op, FC2), *b2 = run_param(run, op, FC2_BIAS);
    const float *gamma = run_param(run, op, GAMMA);
    float *dgamma = run_dparam(run, op, GAMMA);
    size_t hidden = (size_t)dims->hidden;
    for (size_t c = 0; c < (size_t)dims->C; c++) {
        float *g = sums->g + c * hidden;
        dgamma[c] = run->kernel->dot(w2 + c * hidden, g, hidden) + b2[c] * sums->t[c];
        run->kernel->scale(g, g, gamma[c], hidden);
        sums->t[c] *= gamma[c];
        if (c % UNFOLD_ROWS == 0) run_poll(run);
    }
}

static void backward(const Op *op, Run *run)
{
    Dims dims = dims_of(op, run->images);
    Folded folded = folded_at(op, (float *)run_prepared(run, op));
    Sums sums = {run_dparam(run, op, FC1), run_dparam(run, op, FC1_BIAS), run_dparam(run, op, FC2),
                 run_dparam(run, op, FC2_BIAS)};
    float *piece = run_scratch(run) + 2 * (size_t)dims.tile * (size_t)dims.hidden;
    memset(run->dparam, 0, sizeof(float) * op->param_count);
    backward_tiles(op, run, &dims, &folded, &sums, piece);
    unfold_first(op, run, &dims, &sums, piece);
    unfold_second(op, run, &dims, &sums);
    bool adds = false;
    float *dresidual = run_grad_raw(run, op, 1, &adds);
    size_t count = dims.rows * (size_t)dims.C;
    if (!dresidual) return;
    if (adds)
        run->kernel->add(dresidual, dresidual, run_dout(run, op), count);
    else
        memcpy(dresidual, run_dout(run, op), sizeof(float) * count);
}

static const OpType mlp_type = {.name = "mlp",
                                .keeps = KEEPS_IN0,
                                .scratch = scratch,
                                .prepared = prepared,
                                .prepare = prepare,
                                .forward = forward,
                                .backward = backward,
                                .macs = macs_of_weights};

Tensor *nn_mlp(Graph *graph, Tensor *xhat, Tensor *residual, Mlp options)
{
    Op *op = graph_op(graph, &mlp_type, "mlp", xhat, residual, residual->shape, &options,
                      sizeof options);
    int C = residual->shape.dim[residual->shape.rank - 1], hidden = options.hidden;
    Init zero = {INIT_CONSTANT, 0}, one = {INIT_CONSTANT, 1};
    graph_push_scope(graph, "%s", options.norm_name ? options.norm_name : "norm");
    graph_param(graph, op, NORM_GAIN, "weight", shape_of(1, C), one, false);
    graph_param(graph, op, NORM_BIAS, "bias", shape_of(1, C), zero, false);
    graph_pop_scope(graph);
    graph_param(graph, op, FC1, "mlp.fc1.weight", shape_of(2, hidden, C), options.init, true);
    graph_param(graph, op, FC1_BIAS, "mlp.fc1.bias", shape_of(1, hidden), zero, false);
    graph_param(graph, op, FC2, "mlp.fc2.weight", shape_of(2, C, hidden), options.init, true);
    graph_param(graph, op, FC2_BIAS, "mlp.fc2.bias", shape_of(1, C), zero, false);
    if (options.layer_scale > 0)
        graph_param(graph, op, GAMMA, "gamma", shape_of(1, C),
                    (Init){INIT_CONSTANT, (double)options.layer_scale}, false);
    Shape u = residual->shape;
    u.dim[u.rank - 1] = hidden;
    graph_saved(graph, op, HIDDEN, "mlp.hidden", u)->only_training = true;
    return op->out;
}

MlpParts nn_mlp_parts(const Op *op)
{
    return (MlpParts){{op->param[NORM_GAIN], op->param[NORM_BIAS]},
                      {op->param[FC1], op->param[FC1_BIAS]},
                      {op->param[FC2], op->param[FC2_BIAS]},
                      op->param[GAMMA]};
}
