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
    v16 e = v16_exp(v16_mul(v16_mul(held, held), v16_set(-0.5F)));
    v16 poly = v16_fma(t, v16_set(1.061405429F), v16_set(-1.453152027F));
    poly = v16_fma(poly, t, v16_set(1.421413741F));
    poly = v16_fma(poly, t, v16_set(-0.284496736F));
    poly = v16_fma(poly, t, v16_set(0.254829592F));
    v16 tail = v16_mul(v16_mul(v16_mul(poly, t), e), v16_set(0.5F));
    Gelu gelu = {.density = v16_mul(e, v16_set(0.3989422804014327F))};
    gelu.phi = v16_where_not_positive(x, tail, v16_sub(v16_set(1), tail));
    return gelu;
}

void KERNEL(gelu_forward)(float *out, const float *u, const float *bias, float factor, size_t rows,
                          int C)
{
    v16 factors = v16_set(factor);
    for (size_t r = 0; r < rows; r++, u += C, out += C) {
        int c = 0;
        for (; c + 16 <= C; c += 16) {
            v16 x = v16_add(v16_load(u + c), v16_load(bias + c));
            v16_store(out + c, v16_mul(v16_mul(x, gelu_parts(x).phi), factors));
        }
        if (c == C) continue;
        v16 x = v16_add(v16_load_n(u + c, C - c), v16_load_n(bias + c, C - c));
        v16_store_n(out + c, v16_mul(v16_mul(x, gelu_parts(x).phi), factors), C - c);
    }
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

void KERNEL(gelu_backward)(float *h, float *dh, float *dbias, const float *u, const float *bias,
                           float factor, size_t rows, int C)
{
    v16 factors = v16_set(factor);
    for (size_t r = 0; r < rows; r++, u += C, h += C, dh += C) {
        int c = 0;
        for (; c + 16 <= C; c += 16) {
            v16 x = v16_add(v16_load(u + c), v16_load(bias + c));
            GeluBackward back = gelu_backward_16(x, v16_load(dh + c), factors);
            v16_store(h + c, back.h);
            v16_store(dh + c, back.du);
            v16_store(dbias + c, v16_add(v16_load(dbias + c), back.du));
        }
        if (c == C) continue;
        int n = C - c;
        v16 x = v16_add(v16_load_n(u + c, n), v16_load_n(bias + c, n));
        GeluBackward back = gelu_backward_16(x, v16_load_n(dh + c, n), factors);
        v16_store_n(h + c, back.h, n);
        v16_store_n(dh + c, back.du, n);
        v16_store_n(dbias + c, v16_add(v16_load_n(dbias + c, n), back.du), n);
    }
}
