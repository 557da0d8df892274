/* Folded weights of the MLP and their gradients. */
#include "mlp_fold.h"

#include <string.h>

typedef struct Dims {
    int C, hidden;
    size_t b1; /* floats */
} Dims;

static Dims dims_of(const Op *op)
{
    int C = op->param[MLP_FC1]->shape.dim[1], hidden = op->param[MLP_FC1]->shape.dim[0];
    return (Dims){C, hidden, gemm_panels_floats(1, hidden)};
}

static bool is_prepared(const Op *op, MlpMatrix which)
{
    const MlpOptions *options = op->options;
    return which == MLP_W1T || which == MLP_W2T ? options->packs_forward : options->packs_backward;
}

/* Whether its panels go along the hidden columns: (C,columns); else (columns,C). */
static bool is_wide(MlpMatrix which)
{
    return which == MLP_W1T || which == MLP_W2;
}

static size_t matrix_floats(const Dims *dims, MlpMatrix which, int columns)
{
    return is_wide(which) ? gemm_panels_floats(dims->C, columns)
                          : gemm_panels_floats(columns, dims->C);
}

static MlpFolded folded_at(const Op *op, const Dims *dims, float *base)
{
    MlpFolded folded = {0};
    for (MlpMatrix which = 0; which < MLP_MATRICES; which++) {
        if (!is_prepared(op, which)) continue;
        folded.matrix[which] = base;
        base += matrix_floats(dims, which, dims->hidden);
    }
    folded.b1 = base;
    folded.b2 = base + dims->b1;
    return folded;
}

size_t mlp_prepared(const Op *op)
{
    Dims dims = dims_of(op);
    size_t floats = dims.b1 + (size_t)dims.C;
    for (MlpMatrix which = 0; which < MLP_MATRICES; which++)
        if (is_prepared(op, which)) floats += matrix_floats(&dims, which, dims.hidden);
    return floats;
}

MlpFolded mlp_folded(const Op *op, const Run *run)
{
    Dims dims = dims_of(op);
    return folded_at(op, &dims, (float *)run_prepared(run, op));
}

/* --- folding --- */

/* diag(factor) op(B) (k,n) into panels, one at a time while it is in cache; NULL: op(B) itself. */
static void pack_scaled_rows(float *panels, Transpose tb, int k, int n, const float *b, int ldb,
                             const float *factor)
{
    const Kernels *kernel = kernels();
    int columns = gemm_panel(n);
    for (int j = 0; j < n; j += columns, panels += (size_t)k * (size_t)columns) {
        gemm_pack(panels, tb, k, n - j < columns ? n - j : columns,
                  tb == TRANSPOSE ? b + (size_t)j * (size_t)ldb : b + j, ldb);
        for (size_t t = 0; factor && t < (size_t)k; t++) {
            float *row = panels + t * (size_t)columns;
            kernel->scale(row, row, factor[t], (size_t)columns);
        }
    }
}

/* op(B) diag(factor) (k,n) likewise. */
static void pack_scaled_columns(float *panels, Transpose tb, int k, int n, const float *b, int ldb,
                                const float *factor)
{
    int columns = gemm_panel(n);
    for (int j = 0; j < n; j += columns, panels += (size_t)k * (size_t)columns) {
        int count = n - j < columns ? n - j : columns;
        gemm_pack(panels, tb, k, count, tb == TRANSPOSE ? b + (size_t)j * (size_t)ldb : b + j, ldb);
        if (!factor) continue;
        for (size_t t = 0; count < columns && t < (size_t)k; t++)
            for (int i = 0; i < count; i++)
                panels[t * (size_t)columns + (size_t)i] *= factor[j + i];
        if (count == columns)
            kernels()->affine_forward(panels, panels, factor + j, NULL, (size_t)k, columns);
    }
}

/* What belongs to the hidden columns [column, column + columns), of the parameters `value`. */
static void pack_matrix(const Op *op, const float *value, MlpMatrix which, int column, int columns,
                        float *panels)
{
    Dims dims = dims_of(op);
    const float *w1 = value + op->param[MLP_FC1]->offset + (size_t)column * (size_t)dims.C;
    const float *w2 = value + op->param[MLP_FC2]->offset + column;
    const float *gain = value + op->param[MLP_NORM_GAIN]->offset;
    const float *gamma = op->param[MLP_GAMMA] ? value + op->param[MLP_GAMMA]->offset : NULL;
    Transpose transpose = which == MLP_W1T || which == MLP_W2T ? TRANSPOSE : NO_TRANSPOSE;
    bool first = which == MLP_W1T || which == MLP_W1;
    (is_wide(which) ? pack_scaled_rows : pack_scaled_columns)(
        panels, transpose, is_wide(which) ? dims.C : columns, is_wide(which) ? columns : dims.C,
        first ? w1 : w2, first ? dims.C : dims.hidden, first ? gain : gamma);
}

void mlp_prepare(const Op *op, const float *value, float *base)
{
    Dims dims = dims_of(op);
    MlpFolded folded = folded_at(op, &dims, base);
    for (MlpMatrix which = 0; which < MLP_MATRICES; which++)
        if (folded.matrix[which])
            pack_matrix(op, value, which, 0, dims.hidden, folded.matrix[which]);
    int C = dims.C, hidden = dims.hidden;
    const float *w1 = value + op->param[MLP_FC1]->offset;
    const float *b2 = value + op->param[MLP_FC2_BIAS]->offset;
    const float *gamma = op->param[MLP_GAMMA] ? value + op->param[MLP_GAMMA]->offset : NULL;
    memset(folded.b1, 0, sizeof(float) * dims.b1);
    memcpy(folded.b1, value + op->param[MLP_FC1_BIAS]->offset, sizeof(float) * (size_t)hidden);
    const float *norm_bias = value + op->param[MLP_NORM_BIAS]->offset;
    for (size_t j = 0; j < (size_t)hidden; j++)
        folded.b1[j] += kernels()->dot(w1 + j * (size_t)C, norm_bias, (size_t)C);
    for (int c = 0; c < C; c++) folded.b2[c] = gamma ? gamma[c] * b2[c] : b2[c];
}

/* --- pieces --- */

size_t mlp_piece_floats(const Op *op, int columns, bool training)
{
    Dims dims = dims_of(op);
    if (is_prepared(op, MLP_W1T) && (!training || is_prepared(op, MLP_W1))) return 0;
    size_t wide = matrix_floats(&dims, MLP_W1T, columns);
    size_t high = matrix_floats(&dims, MLP_W2T, columns);
    return wide > high ? wide : high;
}

MlpPiece mlp_piece(const Op *op, const Run *run, const MlpFolded *folded, MlpMatrix which,
                   int column, int columns, float *scratch)
{
    Dims dims = dims_of(op);
    if (!folded->matrix[which]) {
        pack_matrix(op, run->value, which, column, columns, scratch);
        return (MlpPiece){scratch, is_wide(which) ? dims.C : columns};
    }
    size_t panel = is_wide(which) ? (size_t)dims.C : (size_t)gemm_panel(dims.C);
    return (MlpPiece){folded->matrix[which] + (size_t)column * panel,
                      is_wide(which) ? dims.C : dims.hidden};
}

/* --- unfolding --- */

MlpSums mlp_sums(const Op *op, const Run *run)
{
    return (MlpSums){run_dparam(run, op, MLP_FC1), run_dparam(run, op, MLP_FC1_BIAS),
                     run_dparam(run, op, MLP_FC2), run_dparam(run, op, MLP_FC2_BIAS)};
}

/* Rows of a matrix between two polls. */
enum { UNFOLD_ROWS = 128 };

/* dW1 = dW1' diag(g) + db1 b^T,  dg = colsum(W1 * dW1'),  db = W1^T db1 */
static void unfold_first(const Op *op, const Run *run, const Dims *dims, const MlpSums *sums)
{
    const float *w1 = run_param(run, op, MLP_FC1);
    float *dgain = run_dparam(run, op, MLP_NORM_GAIN), *dbias = run_dparam(run, op, MLP_NORM_BIAS);
    size_t C = (size_t)dims->C, hidden = (size_t)dims->hidden;
    memset(dgain, 0, sizeof(float) * C);
    memset(dbias, 0, sizeof(float) * C);
    for (size_t row = 0; row < hidden; row += UNFOLD_ROWS) {
        size_t rows = hidden - row < UNFOLD_ROWS ? hidden - row : UNFOLD_ROWS;
        run->kernel->unfold_columns(sums->dw1 + row * C, dgain, dbias, w1 + row * C,
                                    sums->db1 + row, run_param(run, op, MLP_NORM_GAIN),
                                    run_param(run, op, MLP_NORM_BIAS), rows, dims->C);
        run_poll(run);
    }
}

/* dW2 = diag(gamma) G,  dgamma_c = <W2_c, G_c> + b2_c t_c,  db2 = gamma * t */
static void unfold_second(const Op *op, const Run *run, const Dims *dims, const MlpSums *sums)
{
    if (!op->param[MLP_GAMMA]) return;
    const float *w2 = run_param(run, op, MLP_FC2), *b2 = run_param(run, op, MLP_FC2_BIAS);
    const float *gamma = run_param(run, op, MLP_GAMMA);
    float *dgamma = run_dparam(run, op, MLP_GAMMA);
    size_t hidden = (size_t)dims->hidden;
    for (size_t c = 0; c < (size_t)dims->C; c++) {
        dgamma[c] =
            run->kernel->unfold_row(sums->g + c * hidden, w2 + c * hidden, gamma[c], hidden) +
            b2[c] * sums->t[c];
        sums->t[c] *= gamma[c];
        if (c % UNFOLD_ROWS == 0) run_poll(run);
    }
}

void mlp_unfold(const Op *op, const Run *run, const MlpSums *sums)
{
    Dims dims = dims_of(op);
    unfold_first(op, run, &dims, sums);
    unfold_second(op, run, &dims, sums);
}
