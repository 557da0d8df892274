/* Folded weights of the MLP and their gradients. */
#include "mlp_fold.h"

#include <string.h>

typedef struct Dims {
    int C, hidden;
    bool packs_backward;
    size_t matrix_c, matrix_hidden; /* floats of a matrix of C, of hidden columns in panels */
    size_t b1;
} Dims;

static Dims dims_of(const Op *op)
{
    int C = op->param[MLP_FC1]->shape.dim[1], hidden = op->param[MLP_FC1]->shape.dim[0];
    bool packs_backward = ((const MlpOptions *)op->options)->packs_backward;
    return (Dims){C,
                  hidden,
                  packs_backward,
                  gemm_panels_floats(hidden, C),
                  gemm_panels_floats(C, hidden),
                  gemm_panels_floats(1, hidden)};
}

static MlpFolded folded_at(const Dims *dims, float *base)
{
    MlpFolded folded = {.w1t = base};
    folded.w2t = folded.w1t + dims->matrix_hidden;
    folded.b1 = folded.w2t + dims->matrix_c;
    folded.b2 = folded.b1 + dims->b1;
    if (!dims->packs_backward) return folded;
    folded.w1 = folded.b1;
    folded.w2 = folded.w1 + dims->matrix_c;
    folded.b1 = folded.w2 + dims->matrix_hidden;
    folded.b2 = folded.b1 + dims->b1;
    return folded;
}

size_t mlp_prepared(const Op *op)
{
    Dims dims = dims_of(op);
    return (dims.packs_backward ? 2 : 1) * (dims.matrix_c + dims.matrix_hidden) + dims.b1 +
           (size_t)dims.C;
}

MlpFolded mlp_folded(const Op *op, const Run *run)
{
    Dims dims = dims_of(op);
    return folded_at(&dims, (float *)run_prepared(run, op));
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

void mlp_prepare(const Op *op, const float *value, float *base)
{
    Dims dims = dims_of(op);
    MlpFolded folded = folded_at(&dims, base);
    int C = dims.C, hidden = dims.hidden;
    const float *w1 = value + op->param[MLP_FC1]->offset, *w2 = value + op->param[MLP_FC2]->offset;
    const float *b2 = value + op->param[MLP_FC2_BIAS]->offset;
    const float *gain = value + op->param[MLP_NORM_GAIN]->offset;
    const float *gamma = op->param[MLP_GAMMA] ? value + op->param[MLP_GAMMA]->offset : NULL;
    pack_scaled_rows(folded.w1t, TRANSPOSE, C, hidden, w1, C, gain);
    pack_scaled_columns(folded.w2t, TRANSPOSE, hidden, C, w2, hidden, gamma);
    if (dims.packs_backward) {
        pack_scaled_columns(folded.w1, NO_TRANSPOSE, hidden, C, w1, C, gain);
        pack_scaled_rows(folded.w2, NO_TRANSPOSE, C, hidden, w2, hidden, gamma);
    }
    memset(folded.b1, 0, sizeof(float) * dims.b1);
    memcpy(folded.b1, value + op->param[MLP_FC1_BIAS]->offset, sizeof(float) * (size_t)hidden);
    const float *norm_bias = value + op->param[MLP_NORM_BIAS]->offset;
    for (size_t j = 0; j < (size_t)hidden; j++)
        folded.b1[j] += kernels()->dot(w1 + j * (size_t)C, norm_bias, (size_t)C);
    for (int c = 0; c < C; c++) folded.b2[c] = gamma ? gamma[c] * b2[c] : b2[c];
}

/* --- parts --- */

size_t mlp_part_floats(const Op *op, int columns)
{
    Dims dims = dims_of(op);
    return dims.packs_backward
               ? 0
               : gemm_panels_floats(columns, dims.C) + gemm_panels_floats(dims.C, columns);
}

MlpPart mlp_part(const Op *op, const Run *run, const MlpFolded *folded, int column, int columns,
                 float *scratch)
{
    Dims dims = dims_of(op);
    size_t at = (size_t)column;
    if (dims.packs_backward)
        return (MlpPart){folded->w1 + at * (size_t)gemm_panel(dims.C), dims.hidden,
                         folded->w2 + at * (size_t)dims.C};
    float *w1 = scratch, *w2 = scratch + gemm_panels_floats(columns, dims.C);
    pack_scaled_columns(w1, NO_TRANSPOSE, columns, dims.C,
                        run_param(run, op, MLP_FC1) + at * (size_t)dims.C, dims.C,
                        run_param(run, op, MLP_NORM_GAIN));
    pack_scaled_rows(w2, NO_TRANSPOSE, dims.C, columns, run_param(run, op, MLP_FC2) + at,
                     dims.hidden, op->param[MLP_GAMMA] ? run_param(run, op, MLP_GAMMA) : NULL);
    return (MlpPart){w1, columns, w2};
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
