/*
 * GELU in its exact form, x Phi(x), with Phi from Abramowitz and Stegun 7.1.26 (error of erf at
 * most 1.5e-7): 1 - Phi(|x|) = poly(t) e / 2,  t = 1 / (1 + 0.3275911 |x| / sqrt 2),  e = exp(-x^2
 * / 2) and the derivative Phi + x e / sqrt(2 pi), both from one evaluation. |x| is held at 13 for e
 * alone, where it has vanished; infinities and NaN go through.
 */
#include "kernels.h"

typedef struct Gelu {
    v16 phi, density; /* Phi(x), exp(-x^2 / 2) / sqrt(2 pi) */
} Gelu;

INLINE Gelu gelu_parts(v16 x)
{
    v16 size = v16_abs(x), held;
    FOR_VECS held.v[p] = vec_select(size.v[p] > (vec){0} + 13.0F, (vec){0} + 13.0F, size.v[p]);
    v16 t = v16_div(v16_set(1), v16_fma(size, v16_set(0.231641888F), v16_set(1)));
    v16 e = v16_exp_in_range(v16_mul(v16_mul(held, held), v16_set(-0.5F)));
    v16 half = v16_fma(t, v16_set(0.5F * 1.061405429F), v16_set(0.5F * -1.453152027F));
    half = v16_fma(half, t, v16_set(0.5F * 1.421413741F));
    half = v16_fma(half, t, v16_set(0.5F * -0.284496736F));
    half = v16_fma(half, t, v16_set(0.5F * 0.254829592F));
    v16 tail = v16_mul(v16_mul(half, t), e);
    Gelu gelu = {.density = v16_mul(e, v16_set(0.3989422804014327F))};
    gelu.phi = v16_where_not_positive(x, tail, v16_sub(v16_set(1), tail));
    return gelu;
}

/* Up to so many columns (a panel of a product) they are taken 16 at a time over all rows, with the bias in
 * a register. */
enum { NARROW = 32 };

INLINE v16 gelu_forward_16(v16 u, v16 bias, v16 factors)
{
    v16 x = v16_add(u, bias);
    return v16_mul(v16_mul(x, gelu_parts(x).phi), factors);
}

/* Columns c … c + n - 1 of all rows. */
INLINE void forward_column(float *out, const float *u, const float *bias, v16 factors, size_t rows,
                           int C, int n)
{
    v16 biases = v16_load_n16(bias, n);
    for (size_t r = 0; r < rows; r++, u += C, out += C)
        v16_store_n16(out, gelu_forward_16(v16_load_n16(u, n), biases, factors), n);
}

void KERNEL(gelu_forward)(float *out, const float *u, const float *bias, float factor, size_t rows,
                          int C)
{
    v16 factors = v16_set(factor);
    if (C <= NARROW) {
        for (int c = 0; c < C; c += 16)
            forward_column(out + c, u + c, bias + c, factors, rows, C, C - c < 16 ? C - c : 16);
        return;
    }
    for (size_t r = 0; r < rows; r++, u += C, out += C)
        for (int c = 0; c < C; c += 16)
            forward_column(out + c, u + c, bias + c, factors, 1, C, C - c < 16 ? C - c : 16);
}

typedef struct GeluBackward {
    v16 h, du;
} GeluBackward;

INLINE GeluBackward gelu_backward_16(v16 x, v16 dh, v16 factors)
{
    Gelu gelu = gelu_parts(x);
    v16 slope = v16_fma(x, gelu.density, gelu.phi);
    return (GeluBackward){.h = v16_mul(v16_mul(x, gelu.phi), factors),
                          .du = v16_mul(v16_mul(dh, slope), factors)};
}

INLINE void backward_column(float *h, float *dh, float *dbias, const float *u, const float *bias,
                            v16 factors, size_t rows, int C, int n)
{
    v16 biases = v16_load_n16(bias, n), sum = v16_load_n16(dbias, n);
    for (size_t r = 0; r < rows; r++, u += C, h += C, dh += C) {
        GeluBackward back =
            gelu_backward_16(v16_add(v16_load_n16(u, n), biases), v16_load_n16(dh, n), factors);
        v16_store_n16(h, back.h, n);
        v16_store_n16(dh, back.du, n);
        sum = v16_add(sum, back.du);
    }
    v16_store_n16(dbias, sum, n);
}

void KERNEL(gelu_backward)(float *h, float *dh, float *dbias, const float *u, const float *bias,
                           float factor, size_t rows, int C)
{
    v16 factors = v16_set(factor);
    if (C <= NARROW) {
        for (int c = 0; c < C; c += 16)
            backward_column(h + c, dh + c, dbias + c, u + c, bias + c, factors, rows, C,
                            C - c < 16 ? C - c : 16);
        return;
    }
    for (size_t r = 0; r < rows; r++, u += C, h += C, dh += C)
        for (int c = 0; c < C; c += 16)
            backward_column(h + c, dh + c, dbias + c, u + c, bias + c, factors, 1, C,
                            C - c < 16 ? C - c : 16);
}
