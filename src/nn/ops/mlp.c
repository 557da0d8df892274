/*
 * The MLP half of a ConvNeXt block, fused: norm gain and bias, fc1, GELU, fc2, layer scale, drop
 * path and the residual. Rows go through it in tiles, and the hidden layer (4C wide) of a tile in
 * groups of columns, so that a group stays in the second-level cache from the product that makes it to
 * those that read it; it lies in panels, which serves all of them (gemm.h).
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
#include "mlp_fold.h"
#include "nn/ops.h"
#include "nn/parts.h"

#include <string.h>

enum { HIDDEN };

/* Rows of a tile and columns of a group (measured, docs/performance.md). */
enum { TILE = 392, GROUP = 256 };

/* Sizes of one op, spelt once. */
typedef struct Dims {
    int C, hidden;
    size_t image_rows; /* rows of one image */
    size_t rows;       /* of the lane */
    int tile;          /* rows of a full tile */
    int panel, group;  /* columns of the hidden layer */
    size_t width;      /* hidden, filled up to whole panels */
} Dims;

/* About TILE, and all tiles alike. */
static int tile_rows(size_t rows)
{
    size_t tiles = (rows + TILE / 2) / TILE;
    if (tiles == 0) tiles = 1;
    return (int)((rows + tiles - 1) / tiles);
}

static Dims dims_of(const Op *op, int images)
{
    const Mlp *options = &((const MlpOptions *)op->options)->given;
    Shape shape = op->out->shape;
    Dims dims = {.C = shape.dim[shape.rank - 1], .hidden = options->hidden};
    dims.image_rows = shape_count(shape) / (size_t)shape.dim[0] / (size_t)dims.C;
    dims.rows = dims.image_rows * (size_t)images;
    dims.tile = tile_rows(dims.rows);
    dims.panel = gemm_panel(dims.hidden);
    dims.group = dims.panel < GROUP ? GROUP / dims.panel * dims.panel : dims.panel;
    dims.width = gemm_panels_floats(1, dims.hidden);
    return dims;
}

/* --- drop path --- */

/* A piece of a tile that belongs to one image. */
typedef struct Segment {
    size_t begin, count; /* rows of the lane */
    float factor;
} Segment;

/* The segment that starts at row `begin` and ends with its image or at `end`. */
static Segment segment_at(const Op *op, const Run *run, const Dims *dims, size_t begin, size_t end)
{
    size_t image = begin / dims->image_rows, last = (image + 1) * dims->image_rows;
    float drop_path = ((const MlpOptions *)op->options)->given.drop_path;
    float factor = drop_path_factor(op, run, drop_path, image);
    return (Segment){begin, (last < end ? last : end) - begin, factor};
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

/* --- tiles and groups --- */

/* A group of the hidden layer's columns of a tile of rows. */
typedef struct Group {
    size_t begin, end; /* rows */
    int rows;
    int column, columns; /* without what fills up the last panel */
    int panels;
} Group;

static Group group_at(const Dims *dims, size_t begin, size_t end, int column)
{
    Group group = {.begin = begin, .end = end, .rows = (int)(end - begin), .column = column};
    group.columns = dims->hidden - column < dims->group ? dims->hidden - column : dims->group;
    group.panels = (group.columns + dims->panel - 1) / dims->panel;
    return group;
}

/* Of a full group. */
static size_t group_columns(const Dims *dims)
{
    return (size_t)dims->group < dims->width ? (size_t)dims->group : dims->width;
}

/* The group's u among what is kept, tile after tile in panels. */
static float *kept_u(const Op *op, const Run *run, const Dims *dims, const Group *group)
{
    return run_value(run, op->saved[HIDDEN]) + group->begin * dims->width +
           (size_t)group->rows * (size_t)group->column;
}

/* u = xhat W1'^T */
static void make_u(const Op *op, const Run *run, const Dims *dims, const MlpFolded *folded,
                   const Group *group, float *piece, float *u)
{
    MlpPiece w1t = mlp_piece(op, run, folded, MLP_W1T, group->column, group->columns, piece);
    run_gemm_panels(run,
                    &(PanelProduct){.m = group->rows,
                                    .n = group->columns,
                                    .k = dims->C,
                                    .a = run_value(run, op->in[0]) + group->begin * (size_t)dims->C,
                                    .lda = dims->C,
                                    .b = w1t.at,
                                    .c = u,
                                    .ldc = group->rows,
                                    .c_panels = true});
}

/* c (rows,C) = beta c + h B with the group's rows of B (hidden,C). */
static void add_group(const Run *run, const Dims *dims, const Group *group, const float *h,
                      MlpPiece b, float beta, float *c)
{
    run_gemm_panels(run, &(PanelProduct){.m = group->rows,
                                         .n = dims->C,
                                         .k = group->columns,
                                         .a = h,
                                         .lda = group->rows,
                                         .a_panels = true,
                                         .b = b.at,
                                         .b_rows = b.rows,
                                         .beta = beta,
                                         .c = c,
                                         .ldc = dims->C});
}

/* --- forward --- */

/* Forward: s b2' and h. Backward: h and dh, u where it is made anew, xhat in panels, db1 and a piece of t.
 * Either: a piece of the weights where they are not prepared. */
static size_t scratch(const Op *op, bool training)
{
    Dims dims = dims_of(op, op->out->shape.dim[0]);
    size_t group = group_columns(&dims);
    size_t tile = (size_t)dims.tile * group, C = (size_t)dims.C;
    size_t piece = mlp_piece_floats(op, (int)group, training);
    if (!training) return tile + piece + C + 16;
    return (op->saved[HIDDEN] ? 2 : 3) * tile + gemm_panels_floats(dims.tile, dims.C) + piece +
           dims.width + C + 16;
}

/* h = s gelu(u + b1'), panel by panel and in it segment by segment. */
static void activate(const Op *op, const Run *run, const Dims *dims, const MlpFolded *folded,
                     const Group *group, const float *u, float *h)
{
    size_t panel = (size_t)dims->panel;
    for (size_t p = 0; p < (size_t)group->panels; p++) {
        size_t at = p * (size_t)group->rows * panel;
        for (size_t row = group->begin; row < group->end;) {
            Segment segment = segment_at(op, run, dims, row, group->end);
            run->kernel->gelu_forward(h + at, u + at,
                                      folded->b1 + (size_t)group->column + p * panel,
                                      segment.factor, segment.count, dims->panel);
            at += segment.count * panel;
            row += segment.count;
        }
    }
}

/* out = residual + s b2' */
static void begin_out(const Op *op, const Run *run, const Dims *dims, const MlpFolded *folded,
                      size_t begin, size_t end, float *scaled_bias)
{
    const float *residual = run_value(run, op->in[1]);
    float *out = run_value(run, op->out);
    size_t C = (size_t)dims->C;
    for (size_t row = begin; row < end;) {
        Segment segment = segment_at(op, run, dims, row, end);
        run->kernel->scale(scaled_bias, folded->b2, segment.factor, C);
        memcpy(out + row * C, residual + row * C, sizeof(float) * segment.count * C);
        run->kernel->bias_add(out + row * C, scaled_bias, segment.count, dims->C);
        row += segment.count;
    }
}

static void forward_tile(const Op *op, const Run *run, const Dims *dims, const MlpFolded *folded,
                         size_t begin, size_t end)
{
    float *scaled_bias = run_scratch(run), *h = scaled_bias + (dims->C + 15) / 16 * 16;
    float *piece = h + (size_t)dims->tile * group_columns(dims);
    float *out = run_value(run, op->out) + begin * (size_t)dims->C;
    begin_out(op, run, dims, folded, begin, end, scaled_bias);
    for (int column = 0; column < dims->hidden; column += dims->group) {
        Group group = group_at(dims, begin, end, column);
        bool keeps = run->training && op->saved[HIDDEN];
        float *u = keeps ? kept_u(op, run, dims, &group) : h;
        make_u(op, run, dims, folded, &group, piece, u);
        activate(op, run, dims, folded, &group, u, h);
        add_group(run, dims, &group, h,
                  mlp_piece(op, run, folded, MLP_W2T, column, group.columns, piece), 1, out);
        run_poll(run);
    }
}

static void forward(const Op *op, Run *run)
{
    Dims dims = dims_of(op, run->images);
    MlpFolded folded = mlp_folded(op, run);
    size_t C = (size_t)dims.C, tile = (size_t)dims.tile;
    for (size_t begin = 0; begin < dims.rows; begin += tile) {
        size_t end = begin + tile < dims.rows ? begin + tile : dims.rows;
        if (tile_is_dropped(op, run, &dims, begin, end))
            memcpy(run_value(run, op->out) + begin * C, run_value(run, op->in[1]) + begin * C,
                   sizeof(float) * (end - begin) * C);
        else
            forward_tile(op, run, &dims, &folded, begin, end);
    }
}

/* --- backward --- */

/* Where the tiles add to, and their scratch. */
typedef struct Backward {
    MlpSums sums;
    bool adds;    /* the matrices of sums hold those of earlier tiles */
    float *dxhat; /* (rows,C) */
    bool adds_dxhat;
    float *h, *dh, *u; /* a group's, in panels */
    float *xhat;       /* the tile's, in panels */
    float *piece;      /* of the weights, one at a time */
    float *db1;        /* (width) */
    float *bias;       /* (C) */
} Backward;

static Backward open_backward(const Op *op, const Run *run, const Dims *dims)
{
    size_t group = group_columns(dims), tile = (size_t)dims->tile * group;
    Backward back = {.sums = mlp_sums(op, run), .h = run_scratch(run)};
    back.dxhat = run_grad_raw(run, op, 0, &back.adds_dxhat);
    back.dh = back.h + tile;
    back.u = back.dh + tile;
    back.xhat = op->saved[HIDDEN] ? back.u : back.u + tile;
    back.piece = back.xhat + gemm_panels_floats(dims->tile, dims->C);
    back.db1 = back.piece + mlp_piece_floats(op, (int)group, true);
    back.bias = back.db1 + dims->width;
    memset(back.db1, 0, sizeof(float) * dims->width);
    memset(back.sums.t, 0, sizeof(float) * (size_t)dims->C);
    return back;
}

/* t += s dout */
static void add_bias_sums(const Op *op, const Run *run, const Dims *dims, const Backward *back,
                          size_t begin, size_t end)
{
    size_t C = (size_t)dims->C;
    for (size_t row = begin; row < end;) {
        Segment segment = segment_at(op, run, dims, row, end);
        run->kernel->column_sum(back->bias, run_dout(run, op) + row * C, segment.count, dims->C);
        run->kernel->scale(back->bias, back->bias, segment.factor, C);
        run->kernel->add(back->sums.t, back->sums.t, back->bias, C);
        row += segment.count;
    }
}

/* From dh to du (in place), h anew; adds to db1. */
static void activate_backward(const Op *op, const Run *run, const Dims *dims,
                              const MlpFolded *folded, const Group *group, const Backward *back,
                              const float *u)
{
    size_t panel = (size_t)dims->panel;
    for (size_t p = 0; p < (size_t)group->panels; p++) {
        size_t at = p * (size_t)group->rows * panel;
        size_t column = (size_t)group->column + p * panel;
        for (size_t row = group->begin; row < group->end;) {
            Segment segment = segment_at(op, run, dims, row, group->end);
            run->kernel->gelu_backward(back->h + at, back->dh + at, back->db1 + column, u + at,
                                       folded->b1 + column, segment.factor, segment.count,
                                       dims->panel);
            at += segment.count * panel;
            row += segment.count;
        }
    }
}

/* dh = dout W2' */
static void make_dh(const Op *op, const Run *run, const Dims *dims, const MlpFolded *folded,
                    const Group *group, const Backward *back, const float *dout)
{
    MlpPiece w2 = mlp_piece(op, run, folded, MLP_W2, group->column, group->columns, back->piece);
    run_gemm_panels(run, &(PanelProduct){.m = group->rows,
                                         .n = group->columns,
                                         .k = dims->C,
                                         .a = dout,
                                         .lda = dims->C,
                                         .b = w2.at,
                                         .c = back->dh,
                                         .ldc = group->rows,
                                         .c_panels = true});
}

/* G += dout^T h,  dW1' += du^T xhat: the group's columns of the one, rows of the other. */
static void add_weight_sums(const Run *run, const Dims *dims, const Group *group,
                            const Backward *back, const float *dout)
{
    float beta = back->adds ? 1 : 0;
    run_gemm_packed(run, TRANSPOSE, dims->C, group->columns, group->rows, dout, dims->C, back->h,
                    beta, back->sums.g + group->column, dims->hidden);
    run_gemm_panels(run,
                    &(PanelProduct){.ta = TRANSPOSE,
                                    .m = group->columns,
                                    .n = dims->C,
                                    .k = group->rows,
                                    .a = back->dh,
                                    .lda = group->rows,
                                    .a_panels = true,
                                    .b = back->xhat,
                                    .beta = beta,
                                    .c = back->sums.dw1 + (size_t)group->column * (size_t)dims->C,
                                    .ldc = dims->C});
}

static void backward_tile(const Op *op, const Run *run, const Dims *dims, const MlpFolded *folded,
                          const Backward *back, size_t begin, size_t end)
{
    size_t at = begin * (size_t)dims->C;
    const float *dout = run_dout(run, op) + at;
    gemm_pack(back->xhat, NO_TRANSPOSE, (int)(end - begin), dims->C, run_value(run, op->in[0]) + at,
              dims->C);
    add_bias_sums(op, run, dims, back, begin, end);
    for (int column = 0; column < dims->hidden; column += dims->group) {
        Group group = group_at(dims, begin, end, column);
        float *u = op->saved[HIDDEN] ? kept_u(op, run, dims, &group) : back->u;
        if (!op->saved[HIDDEN]) make_u(op, run, dims, folded, &group, back->piece, u);
        make_dh(op, run, dims, folded, &group, back, dout);
        activate_backward(op, run, dims, folded, &group, back, u);
        add_weight_sums(run, dims, &group, back, dout);
        if (back->dxhat)
            add_group(run, dims, &group, back->dh,
                      mlp_piece(op, run, folded, MLP_W1, column, group.columns, back->piece),
                      column > 0 || back->adds_dxhat ? 1 : 0, back->dxhat + at);
        run_poll(run);
    }
}

static void backward_residual(const Op *op, const Run *run, const Dims *dims)
{
    bool adds = false;
    float *dresidual = run_grad_raw(run, op, 1, &adds);
    size_t count = dims->rows * (size_t)dims->C;
    if (!dresidual) return;
    if (adds)
        run->kernel->add(dresidual, dresidual, run_dout(run, op), count);
    else
        memcpy(dresidual, run_dout(run, op), sizeof(float) * count);
}

static void backward(const Op *op, Run *run)
{
    Dims dims = dims_of(op, run->images);
    MlpFolded folded = mlp_folded(op, run);
    Backward back = open_backward(op, run, &dims);
    size_t C = (size_t)dims.C, tile = (size_t)dims.tile, matrix = C * (size_t)dims.hidden;
    for (size_t begin = 0; begin < dims.rows; begin += tile) {
        size_t end = begin + tile < dims.rows ? begin + tile : dims.rows;
        if (!tile_is_dropped(op, run, &dims, begin, end)) {
            backward_tile(op, run, &dims, &folded, &back, begin, end);
            back.adds = true;
        } else if (back.dxhat && !back.adds_dxhat)
            memset(back.dxhat + begin * C, 0, sizeof(float) * (end - begin) * C);
    }
    if (!back.adds) { /* the whole lane was dropped */
        memset(back.sums.dw1, 0, sizeof(float) * matrix);
        memset(back.sums.g, 0, sizeof(float) * matrix);
    }
    memcpy(back.sums.db1, back.db1, sizeof(float) * (size_t)dims.hidden);
    mlp_unfold(op, run, &back.sums);
    backward_residual(op, run, &dims);
}

static const OpType mlp_type = {.name = "mlp",
                                .keeps = KEEPS_IN0,
                                .scratch = scratch,
                                .prepared = mlp_prepared,
                                .prepare = mlp_prepare,
                                .forward = forward,
                                .backward = backward,
                                .macs = macs_of_weights};

Tensor *nn_mlp(Graph *graph, Tensor *xhat, Tensor *residual, Mlp options)
{
    MlpOptions all = {options, !graph->recompute, !graph->recompute && !graph->only_evaluation};
    Op *op = graph_op(graph, &mlp_type, "mlp", xhat, residual, residual->shape, &all, sizeof all);
    int C = residual->shape.dim[residual->shape.rank - 1], hidden = options.hidden;
    Init zero = {INIT_CONSTANT, 0}, one = {INIT_CONSTANT, 1};
    graph_push_scope(graph, "%s", options.norm_name ? options.norm_name : "norm");
    graph_param(graph, op, MLP_NORM_GAIN, "weight", shape_of(1, C), one, false);
    graph_param(graph, op, MLP_NORM_BIAS, "bias", shape_of(1, C), zero, false);
    graph_pop_scope(graph);
    graph_param(graph, op, MLP_FC1, "mlp.fc1.weight", shape_of(2, hidden, C), options.init, true);
    graph_param(graph, op, MLP_FC1_BIAS, "mlp.fc1.bias", shape_of(1, hidden), zero, false);
    graph_param(graph, op, MLP_FC2, "mlp.fc2.weight", shape_of(2, C, hidden), options.init, true);
    graph_param(graph, op, MLP_FC2_BIAS, "mlp.fc2.bias", shape_of(1, C), zero, false);
    if (options.layer_scale > 0)
        graph_param(graph, op, MLP_GAMMA, "gamma", shape_of(1, C),
                    (Init){INIT_CONSTANT, (double)options.layer_scale}, false);
    Shape u = residual->shape;
    u.dim[u.rank - 1] = (int)gemm_panels_floats(1, hidden);
    if (!graph->recompute) graph_saved(graph, op, HIDDEN, "mlp.hidden", u)->only_training = true;
    return op->out;
}

MlpParts nn_mlp_parts(const Op *op)
{
    return (MlpParts){{op->param[MLP_NORM_GAIN], op->param[MLP_NORM_BIAS]},
                      {op->param[MLP_FC1], op->param[MLP_FC1_BIAS]},
                      {op->param[MLP_FC2], op->param[MLP_FC2_BIAS]},
                      op->param[MLP_GAMMA]};
}
