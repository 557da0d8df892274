/*
 * The kernel table: float in, float out; no kernel knows a struct of ours, allocates, or starts a
 * thread. Each is portable C, compiled once per instruction set and chosen once at start (forced by
 * UMBEL_ISA=v2|v3|v4|generic).
 *
 * Arrays are contiguous and row-major; (rows,C) means `rows` rows of C floats. Outputs come first,
 * then inputs, then sizes. C is any number >= 1; pointers need only float alignment. "adds" means
 * that the output is added to; all other outputs are overwritten. Outputs may not overlap inputs
 * unless it is said ("in place allowed").
 *
 * Every sum has a fixed order that does not depend on the vector width: along a row, 16 partial
 * sums (element i goes to partial i mod 16) joined by a fixed tree; over rows, in order of the
 * rows. Multiply-adds are explicit; nothing calls libm; nothing uses approximate reciprocals.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Geometry of a convolution on one image (H,W,C): kernel K x K, stride, zero padding on all sides.
 */
typedef struct ConvShape {
    int height, width, channels;
    int kernel, stride, padding;
    int out_height, out_width;
} ConvShape;

/* One tile of a 3x3 convolution by Winograd: size x size outputs from side x side inputs, where side is
 * stride * (size - 1) + 3. `image` below is the side of the transform that lies in an image. */
typedef struct WinogradTile {
    int size, stride;  /* 2 or 4; 1 or 2 */
    ptrdiff_t origin;  /* of the tile's first pixel in the image, in floats; may lie outside */
    size_t row, pixel; /* floats between rows and between pixels of the image */
    size_t plane;      /* floats between the side^2 planes of the transformed side */
    int y_begin, y_end, x_begin, x_end; /* what of the tile lies in the image */
} WinogradTile;

/* SiLU is x / (1 + exp(-x)). */
typedef enum Activation {
    ACTIVATION_NONE,
    ACTIVATION_RELU,
    ACTIVATION_RELU6,
    ACTIVATION_SILU
} Activation;

/* Batch norm of C channels and the activation (NONE, RELU, RELU6) behind it, of x * scale + shift. */
typedef struct BatchNorm {
    const float *mean, *scale, *shift;
    Activation activation;
} BatchNorm;

/* What flows back through the statistics: offset = scale * mean(g), factor = scale * rstd^2 * mean(g * (x -
 * mean)). */
typedef struct BatchNormSlope {
    const float *offset, *factor;
} BatchNormSlope;

/* One AdamW update; corrections are 1 - beta^t, computed by the caller in double. */
typedef struct AdamWStep {
    float lr, beta1, beta2, epsilon, weight_decay;
    float rest1, rest2; /* 1 - beta, computed in double */
    float correction1, correction2;
    float grad_scale; /* multiplies the gradient first: clipping */
} AdamWStep;

typedef struct SgdStep {
    float lr, momentum, weight_decay;
    bool nesterov;
    float grad_scale;
} SgdStep;

typedef struct Kernels {
    const char *isa; /* "v2", "v3", "v4", "generic" */

    /* --- elementwise --- */
    void (*add)(float *out, const float *a, const float *b, size_t n); /* in place allowed */
    void (*scale)(float *out, const float *x, float factor, size_t n); /* in place allowed */
    /* out = ACTIVATION_RELU or _RELU6 of x; in place allowed. NaN stays NaN. */
    void (*clip_forward)(float *out, const float *x, Activation activation, size_t n);
    /* dx = dout where `out`, the result, is not at a bound, else 0; in place allowed. */
    void (*clip_backward)(float *dx, const float *dout, const float *out, Activation activation,
                          size_t n);
    /* out = x / (1 + exp(-x)), and dx = dout times its slope at x; in place on dout allowed. */
    void (*silu_forward)(float *out, const float *x, size_t n);
    void (*silu_backward)(float *dx, const float *dout, const float *x, size_t n);
    /* out[r][c] = x[r][c] * gain[c] + bias[c]; a NULL bias is zero; in place allowed. */
    void (*affine_forward)(float *out, const float *x, const float *gain, const float *bias,
                           size_t rows, int C);
    /* dx = dout * gain (in place allowed); dgain, dbias (C) = column sums of dout * x and of dout.
     */
    void (*affine_backward)(float *dx, float *dgain, float *dbias, const float *dout,
                            const float *x, const float *gain, size_t rows, int C);
    /* out (C) = sum over rows of x. */
    void (*column_sum)(float *out, const float *x, size_t rows, int C);
    /* Adds bias (C) to each row, in place. */
    void (*bias_add)(float *x, const float *bias, size_t rows, int C);

    /* --- GELU, exact form through erf (Abramowitz-Stegun 7.1.26) --------------------------------
     */
    /* out = factor * gelu(u + bias). in place allowed. */
    void (*gelu_forward)(float *out, const float *u, const float *bias, float factor, size_t rows,
                         int C);
    /* From u (rows,C; without bias) and, in `dh`, the gradient of h: writes h = factor * gelu(u +
     * bias), turns dh into du = factor * dh * gelu'(u + bias) in place, and adds du's column sums
     * to dbias. */
    void (*gelu_backward)(float *h, float *dh, float *dbias, const float *u, const float *bias,
                          float factor, size_t rows, int C);

    /* --- normalisation -------------------------------------------------------------------------
     */
    /* xhat = (x - mean) * rstd along each row, rstd = 1 / sqrt(variance + epsilon); in place
     * allowed. */
    void (*normalize_forward)(float *xhat, float *rstd, const float *x, size_t rows, int C,
                              float epsilon);
    /* dx = rstd * (dxhat - mean(dxhat) - xhat * mean(dxhat * xhat)); in place on dxhat allowed. */
    void (*normalize_backward)(float *dx, const float *dxhat, const float *xhat, const float *rstd,
                               size_t rows, int C);
    /* Per column: `mean` and `square`, the sum of squared deviations from it, of `before` rows become
     * those of these rows as well; before = 0: start from zeros. In double. */
    void (*column_moments_add)(double *mean, double *square, size_t before, const float *x,
                               size_t rows, int C);
    /* out = act(x * scale[c] + shift[c] + residual), the activation clips (NONE, RELU, RELU6);
     * residual may be NULL; in place allowed.
     */
    void (*batchnorm_apply)(float *out, const float *x, const float *scale, const float *shift,
                            const float *residual, Activation activation, size_t rows, int C);
    /* With g = dout where the activation was not at a bound, else 0: adds to the columns' sums of g and of
     * g * (x - mean). Whether it was is told by `out`, the result, or, where that is NULL, by x and the
     * norm (there was no residual). `gated`, unless NULL, is set to g; dout allowed. */
    void (*batchnorm_backward_reduce)(double *product, double *sum, float *gated, const float *dout,
                                      const float *out, const float *x, const BatchNorm *norm,
                                      size_t rows, int C);
    /* dx = scale * g - offset - factor * (x - mean), g as above without `out`; in place on dout allowed. */
    void (*batchnorm_backward_apply)(float *dx, const float *dout, const float *x,
                                     const BatchNorm *norm, const BatchNormSlope *slope,
                                     size_t rows, int C);

    /* --- convolution ---------------------------------------------------------------------------
     */
    /* Depthwise K x K (K odd, <= 7), stride 1, same size, one image: out, x (H,W,C); weight
     * (K,K,C); bias (C). scratch: depthwise_scratch(H,W,K) floats. */
    void (*depthwise_forward)(float *out, const float *x, const float *weight, const float *bias,
                              int H, int W, int C, int K, float *scratch);
    /* Adds to dx (H,W,C) the gradient of x; adds to dweight (K,K,C) and dbias (C). */
    void (*depthwise_backward)(float *dx, float *dweight, float *dbias, const float *dout,
                               const float *x, const float *weight, int H, int W, int C, int K,
                               float *scratch);
    size_t (*depthwise_scratch)(int H, int W, int K);

    /* --- pooling on one image (H,W,C); padding takes no part, so windows may hang over --- */
    void (*max_pool_forward)(float *out, const float *x, const ConvShape *shape);
    /* The first largest element of each window takes dout. `adds`: to what dx holds. */
    void (*max_pool_backward)(float *dx, const float *dout, const float *x, const float *out,
                              const ConvShape *shape, bool adds);
    void (*average_pool_forward)(float *out, const float *x, const ConvShape *shape);
    void (*average_pool_backward)(float *dx, const float *dout, const ConvShape *shape); /* adds */

    /* Rows row_begin … row_end-1 of the patch matrix of `channels` channels from `channel` on: row =
     * output pixel (oy * out_width + ox), columns (K,K,channels); outside the image 0. */
    void (*im2col)(float *columns, const float *x, const ConvShape *shape, int channel,
                   int channels, int row_begin, int row_end);
    /* The transpose: adds those rows back to dx (H,W,C). */
    void (*col2im_add)(float *dx, const float *columns, const ConvShape *shape, int channel,
                       int channels, int row_begin, int row_end);
    /* Depthwise on one image, any stride: weight (K,K,C); backward adds to dx (unless NULL) and
     * dweight. */
    void (*depthwise_strided_forward)(float *out, const float *x, const float *weight,
                                      const ConvShape *shape);
    void (*depthwise_strided_backward)(float *dx, float *dweight, const float *dout, const float *x,
                                       const float *weight, const ConvShape *shape);

    /* Winograd's transforms of one tile and C channels: element (i,j) of the transformed side is plane
     * i * side + j. Inputs and gradients outside the image are 0, outputs outside are dropped. */
    void (*winograd_input)(float *planes, const float *image, const WinogradTile *tile, int C);
    void (*winograd_output)(float *image, const float *planes, const WinogradTile *tile, int C);
    /* Their transposes: from the gradient of the outputs, and to that of the inputs, which is added. */
    void (*winograd_output_backward)(float *planes, const float *image, const WinogradTile *tile,
                                     int C);
    void (*winograd_input_backward)(float *image, const float *planes, const WinogradTile *tile,
                                    int C);
    /* weight (3,3,C) to (size+2)^2 planes, and the gradient of planes to that of the weight. Row or column r of
     * the transformed tile belongs to that of the weights, but with stride 2 all from size+1 on to size+1. */
    void (*winograd_weight)(float *planes, const float *weight, int size, int stride, size_t plane,
                            int C);
    void (*winograd_weight_backward)(float *dweight, const float *dplanes, int size, int stride,
                                     size_t plane, int C);

    /* --- matrix products: the inside of gemm.h --- */
    /* Rows and columns of the block of C that registers hold. */
    int (*matmul_rows)(void);
    int (*matmul_columns)(void);
    /* c (rows,columns; stride ldc) = [c +] a * panel, adding in the order of k. a[i * row_step + t *
     * k_step] is element (i,t); panel (k,matmul_columns), zeros behind `columns`. 1 <= rows <=
     * matmul_rows. `adds`: c is added to. */
    void (*matmul_block)(float *c, size_t ldc, const float *a, size_t row_step, size_t k_step,
                         const float *panel, int k, int rows, int columns, bool adds);
    /* The same, while the k * matmul_columns floats that lie `ahead` of the panel's are fetched into the
     * second-level cache. */
    void (*matmul_block_ahead)(float *c, size_t ldc, const float *a, size_t row_step, size_t k_step,
                               const float *panel, ptrdiff_t ahead, int k, int rows, int columns,
                               bool adds);
    /* The same for an `a` that lies in panels of matmul_columns columns: element (i,t) is a[t / columns
     * * panel_step + i * columns + t % columns]. */
    void (*matmul_block_panels)(float *c, size_t ldc, const float *a, size_t panel_step,
                                const float *panel, int k, int rows, int columns, bool adds);
    /* b (k,n), or transposed (n,k), as ceil(n / matmul_columns) panels one after the other. `far`: past the
     * caches. */
    void (*matmul_pack)(float *panels, const float *b, size_t ldb, bool transposed, bool far, int k,
                        int n);

    /* The same with rows of the left side found through pointers, the most of them at a time: */
    int (*conv_rows)(void);
    /* c (rows,columns; stride ldc) = [c +] sum over s of a[s] * panel[s]: row i of a[s] is the k floats at
     * a[s * rows + i], panel[s] is (k,matmul_columns). 1 <= rows <= conv_rows. */
    void (*conv_block)(float *c, size_t ldc, const float *const *a, const float *const *panel,
                       int segments, int k, int rows, int columns, bool adds);
    /* The n floats at each of k pointers, as matmul_pack's panels. */
    void (*conv_pack)(float *panels, const float *const *rows, int k, int n);

    /* --- columns --- */
    /* out[c] = sum over rows of a * b, in double. */
    void (*column_dot)(float *out, const float *a, const float *b, size_t rows, int C);
    /* out = a * scale_a[c] + b * scale_b[c]; in place allowed. */
    void (*column_combine)(float *out, const float *a, const float *scale_a, const float *b,
                           const float *scale_b, size_t rows, int C);

    /* --- gradients of a folded matrix W diag(gain), with W bias added to the bias behind it --- */
    /* dw (rows,C), the gradient of the folded matrix, becomes that of W, db (rows) being that of the bias:
     * dw = db bias^T + dw diag(gain). Adds to dgain (C) the column sums of dw * w, to dbias (C) W^T db. */
    void (*unfold_columns)(float *dw, float *dgain, float *dbias, const float *w, const float *db,
                           const float *gain, const float *bias, size_t rows, int C);
    /* Returns <w,g> and multiplies g by factor. */
    float (*unfold_row)(float *g, const float *w, float factor, size_t n);

    /* --- softmax -------------------------------------------------------------------------------
     */
    /* probability = softmax of each row (in place allowed); log_sum[r] = log(sum(exp(x[r]))),
     * finite for finite rows. */
    void (*softmax)(float *probability, float *log_sum, const float *logits, size_t rows, int C);
    /* From the gradient of the probabilities p to that of the logits, in place: d = p (d - <p,d>). */
    void (*softmax_backward)(float *d, const float *p, size_t rows, int C);

    /* --- the exact sum (docs/architecture.md) ----------------------------------------------------
     */
    /* sum[i] += rint(x[i] * 2^50), ties to even. False, with nothing else promised about `sum`, if
     * any |x[i]| >= limit or is not finite; limit <= 2^12. */
    bool (*exact_add)(int64_t *sum, const float *x, float limit, size_t n);
    /* x[i] = (float)((double)sum[i] * 2^-50). */
    void (*exact_read)(float *x, const int64_t *sum, size_t n);

    /* --- optimizer -----------------------------------------------------------------------------
     */
    /* Inner product in float: 16 partial sums, fixed tree. */
    float (*dot)(const float *a, const float *b, size_t n);
    /* Sum of squares in double: 16 partial sums, fixed tree. */
    double (*sum_squares)(const float *x, size_t n);
    /* PyTorch's AdamW: value *= 1 - lr * weight_decay; m, v updated; value -= lr / correction1 * m
     * / (sqrt(v / correction2) + epsilon). */
    void (*adamw)(float *value, float *m, float *v, const float *grad, const AdamWStep *step,
                  size_t n);
    /* PyTorch's SGD: g += weight_decay * value; m = momentum * m + g; value -= lr * (nesterov ? g +
     * momentum * m : m). */
    void (*sgd)(float *value, float *m, const float *grad, const SgdStep *step, size_t n);

    /* --- pixels --------------------------------------------------------------------------------
     */
    /* out (n) = in (n). Apart, since compilers widen four bytes at a time one by one. */
    void (*widen_bytes)(float *out, const uint8_t *in, size_t n);
    /* One row of resampling along x: out (out_width,4); in: pixels of 4 floats (RGBX); output
     * pixel i = sum over t < taps of weight[i * taps + t] * in[first[i] + t], for all 4 channels.
     */
    void (*resample_row)(float *out, const float *in, const int *first, const float *weight,
                         int taps, int out_width);
    /* out (n) = sum over t < taps of weight[t] * rows[t]; rows (taps,n). */
    void (*resample_column)(float *out, const float *rows, const float *weight, int taps, size_t n);
    /* RGBX floats (width,4) -> RGB (width,3): out = in * scale[channel] + shift[channel]; mirrored
     * if flip. */
    void (*store_row)(float *out, const float *in, const float scale[3], const float shift[3],
                      bool flip, int width);
} Kernels;

/* The table for this machine, chosen at the first call; the program ends with a message if
 * UMBEL_ISA names a set that is unknown or that this CPU lacks. Thread-safe. */
const Kernels *kernels(void);
/* Chooses the table, for those who must not end the program: false with an error instead. */
bool kernels_check(Error *err);

/* How a set adds products; sets of the same arithmetic give the same bits: v3, v4 and generic. */
const char *kernels_arithmetic(const char *isa);

/* The table of one set by name, or NULL if this CPU cannot run it: for tests that compare sets. */
const Kernels *kernels_named(const char *isa);
