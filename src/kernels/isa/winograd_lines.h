/*
 * Winograd's transforms along one side of a tile, for m outputs of a filter of three taps.
 *
 * F(2x2) has the points 0, 1, -1 and errs as little as a direct convolution. F(4x4) has 0, +-3/4, +-3/2: half
 * the error of the usual 0, +-1, +-2 (measured over random data), and every constant but those of G is exact.
 */
#pragma once

#include "isa.h"

typedef enum Line {
    INPUT,           /* B^T: as many as there are inputs */
    INPUT_BACKWARD,  /* B */
    OUTPUT,          /* A^T: m outputs */
    OUTPUT_BACKWARD, /* A */
    WEIGHT,          /* G: m+2 from 3 */
    WEIGHT_BACKWARD  /* G^T */
} Line;

INLINE vec vec_set(float x)
{
    return x - (vec){0};
}

#define FMA(factor, x, y) vec_fma(vec_set(factor), x, y)

/* --- two pairs of points, +-p and +-q --- */

/* What belongs to the even and to the odd powers of a pair of points: their sum and their difference. */
typedef struct Pairs {
    vec sum_p, difference_p, sum_q, difference_q;
} Pairs;

/* The values at +p, -p, +q, -q. */
INLINE void pairs_store(vec *out, Pairs v)
{
    out[0] = v.sum_p + v.difference_p;
    out[1] = v.sum_p - v.difference_p;
    out[2] = v.sum_q + v.difference_q;
    out[3] = v.sum_q - v.difference_q;
}

/* Back from them, the odd part times the point. */
INLINE Pairs pairs_load(const vec *x, float p, float q)
{
    return (Pairs){x[0] + x[1], vec_set(p) * (x[0] - x[1]), x[2] + x[3],
                   vec_set(q) * (x[2] - x[3])};
}

/* The polynomial x[0] + x[1] t + x[2] t^2 + x[3] t^3 at the points: A. */
INLINE Pairs pairs_cubic(const vec *x, float p, float q)
{
    return (Pairs){FMA(p * p, x[2], x[0]), vec_set(p) * FMA(p * p, x[3], x[1]),
                   FMA(q * q, x[2], x[0]), vec_set(q) * FMA(q * q, x[3], x[1])};
}

/* What a pair takes of the inputs, those that the other pair sees left out: of two of even and two of odd powers. */
INLINE Pairs pairs_input(vec even0, vec even1, vec odd0, vec odd1, float p, float q)
{
    return (Pairs){FMA(-q * q, even0, even1), vec_set(p) * FMA(-q * q, odd0, odd1),
                   FMA(-p * p, even0, even1), vec_set(q) * FMA(-p * p, odd0, odd1)};
}

/* --- stride 1 --- */

/* Powers of the points, and what G divides by: products of distances between points. */
#define P (3.0F / 4)
#define Q (3.0F / 2)
#define P2 (P * P)
#define Q2 (Q * Q)
#define DIVISOR_0 (P2 * Q2)
#define DIVISOR_P (2 * P2 * (P2 - Q2))
#define DIVISOR_Q (2 * Q2 * (Q2 - P2))

INLINE void line4(Line line, vec *out, const vec *x)
{
    Pairs at;
    switch (line) {
    case INPUT:
        out[0] = FMA(P2 * Q2, x[0], FMA(-(P2 + Q2), x[2], x[4]));
        pairs_store(out + 1, pairs_input(x[2], x[4], x[1], x[3], P, Q));
        out[5] = FMA(P2 * Q2, x[1], FMA(-(P2 + Q2), x[3], x[5]));
        break;
    case INPUT_BACKWARD:
        at = pairs_load(x + 1, P, Q);
        out[0] = vec_set(P2 * Q2) * x[0];
        out[1] = FMA(P2 * Q2, x[5], FMA(-Q2, at.difference_p, vec_set(-P2) * at.difference_q));
        out[2] = FMA(-(P2 + Q2), x[0], FMA(-Q2, at.sum_p, vec_set(-P2) * at.sum_q));
        out[3] = FMA(-(P2 + Q2), x[5], at.difference_p + at.difference_q);
        out[4] = x[0] + (at.sum_p + at.sum_q);
        out[5] = x[5];
        break;
    case OUTPUT:
        at = pairs_load(x + 1, P, Q);
        out[0] = x[0] + (at.sum_p + at.sum_q);
        out[1] = at.difference_p + at.difference_q;
        out[2] = FMA(P2, at.sum_p, vec_set(Q2) * at.sum_q);
        out[3] = FMA(P2, at.difference_p, FMA(Q2, at.difference_q, x[5]));
        break;
    case OUTPUT_BACKWARD:
        out[0] = x[0];
        pairs_store(out + 1, pairs_cubic(x, P, Q));
        out[5] = x[3];
        break;
    case WEIGHT:
        at = (Pairs){vec_set(1 / DIVISOR_P) * FMA(P2, x[2], x[0]), vec_set(P / DIVISOR_P) * x[1],
                     vec_set(1 / DIVISOR_Q) * FMA(Q2, x[2], x[0]), vec_set(Q / DIVISOR_Q) * x[1]};
        out[0] = vec_set(1 / DIVISOR_0) * x[0];
        pairs_store(out + 1, at);
        out[5] = x[2];
        break;
    case WEIGHT_BACKWARD:
        at.sum_p = vec_set(1 / DIVISOR_P) * (x[1] + x[2]);
        at.sum_q = vec_set(1 / DIVISOR_Q) * (x[3] + x[4]);
        out[0] = FMA(1 / DIVISOR_0, x[0], at.sum_p + at.sum_q);
        out[1] = FMA(P / DIVISOR_P, x[1] - x[2], vec_set(Q / DIVISOR_Q) * (x[3] - x[4]));
        out[2] = FMA(P2, at.sum_p, FMA(Q2, at.sum_q, x[5]));
        break;
    }
}

#undef P
#undef Q
#undef DIVISOR_P
#undef DIVISOR_Q

INLINE void line2(Line line, vec *out, const vec *x)
{
    switch (line) {
    case INPUT:
        out[0] = x[0] - x[2];
        out[1] = x[1] + x[2];
        out[2] = x[2] - x[1];
        out[3] = x[3] - x[1];
        break;
    case INPUT_BACKWARD:
        out[0] = x[0];
        out[1] = x[1] - x[2] - x[3];
        out[2] = x[1] + x[2] - x[0];
        out[3] = x[3];
        break;
    case OUTPUT:
        out[0] = x[0] + x[1] + x[2];
        out[1] = x[1] - x[2] + x[3];
        break;
    case OUTPUT_BACKWARD:
        out[0] = x[0];
        out[1] = x[0] + x[1];
        out[2] = x[0] - x[1];
        out[3] = x[1];
        break;
    case WEIGHT:
        out[0] = x[0];
        out[1] = vec_set(0.5F) * (x[0] + x[2] + x[1]);
        out[2] = vec_set(0.5F) * (x[0] + x[2] - x[1]);
        out[3] = x[2];
        break;
    case WEIGHT_BACKWARD:
        out[0] = x[0] + vec_set(0.5F) * (x[1] + x[2]);
        out[1] = vec_set(0.5F) * (x[1] - x[2]);
        out[2] = x[3] + vec_set(0.5F) * (x[1] + x[2]);
        break;
    }
}

/* --- stride 2 ---
 * Output y reads the inputs 2y, 2y + 1 and 2y + 2. The even inputs with the weights 0 and 2 are a filter of two
 * taps with stride 1, m outputs by m + 1 products; the odd ones with weight 1 are m products more, which come
 * last. All m of them have the same weight, so that it is transformed once. */

/* The points of four outputs from two taps: +-P, +-Q, infinity. These err as little as a direct convolution
 * (4.9e-7 against 4.4e-7, relative L2 over 64 channels), and every constant but those of G is exact. */
#define P (1.0F / 2)
#define Q 1.0F
#define DIVISOR_P (2 * P * (P2 - Q2))
#define DIVISOR_Q (2 * Q * (Q2 - P2))

INLINE void strided4(Line line, vec *out, const vec *x)
{
    Pairs at;
    switch (line) {
    case INPUT:
        pairs_store(out, pairs_input(x[2], x[6], x[0], x[4], P, Q));
        out[4] = FMA(P2 * Q2, x[0], FMA(-(P2 + Q2), x[4], x[8]));
        for (int i = 0; i < 4; i++) out[5 + i] = x[2 * i + 1];
        break;
    case INPUT_BACKWARD:
        at = pairs_load(x, P, Q);
        out[0] = FMA(P2 * Q2, x[4], FMA(-Q2, at.difference_p, vec_set(-P2) * at.difference_q));
        out[2] = FMA(-Q2, at.sum_p, vec_set(-P2) * at.sum_q);
        out[4] = FMA(-(P2 + Q2), x[4], at.difference_p + at.difference_q);
        out[6] = at.sum_p + at.sum_q;
        out[8] = x[4];
        for (int i = 0; i < 4; i++) out[2 * i + 1] = x[5 + i];
        break;
    case OUTPUT:
        at = pairs_load(x, P, Q);
        out[0] = x[5] + (at.sum_p + at.sum_q);
        out[1] = x[6] + (at.difference_p + at.difference_q);
        out[2] = FMA(P2, at.sum_p, FMA(Q2, at.sum_q, x[7]));
        out[3] = FMA(P2, at.difference_p, FMA(Q2, at.difference_q, x[4] + x[8]));
        break;
    case OUTPUT_BACKWARD:
        pairs_store(out, pairs_cubic(x, P, Q));
        out[4] = x[3];
        for (int i = 0; i < 4; i++) out[5 + i] = x[i];
        break;
    case WEIGHT:
        at = (Pairs){vec_set(P / DIVISOR_P) * x[2], vec_set(1 / DIVISOR_P) * x[0],
                     vec_set(Q / DIVISOR_Q) * x[2], vec_set(1 / DIVISOR_Q) * x[0]};
        pairs_store(out, at);
        out[4] = x[2];
        out[5] = x[1];
        break;
    case WEIGHT_BACKWARD:
        out[0] = FMA(1 / DIVISOR_P, x[0] - x[1], vec_set(1 / DIVISOR_Q) * (x[2] - x[3]));
        out[1] = x[5];
        out[2] = FMA(P / DIVISOR_P, x[0] + x[1], FMA(Q / DIVISOR_Q, x[2] + x[3], x[4]));
        break;
    }
}

#undef P
#undef Q
#undef P2
#undef Q2
#undef DIVISOR_P
#undef DIVISOR_Q

/* Two outputs from two taps have the points 0, 1 and infinity: sums alone. */
INLINE void strided2(Line line, vec *out, const vec *x)
{
    switch (line) {
    case INPUT:
        out[0] = x[0] - x[2];
        out[1] = x[2];
        out[2] = x[4] - x[2];
        out[3] = x[1];
        out[4] = x[3];
        break;
    case INPUT_BACKWARD:
        out[0] = x[0];
        out[1] = x[3];
        out[2] = x[1] - x[0] - x[2];
        out[3] = x[4];
        out[4] = x[2];
        break;
    case OUTPUT:
        out[0] = x[0] + x[1] + x[3];
        out[1] = x[1] + x[2] + x[4];
        break;
    case OUTPUT_BACKWARD:
        out[0] = x[0];
        out[1] = x[0] + x[1];
        out[2] = x[1];
        out[3] = x[0];
        out[4] = x[1];
        break;
    case WEIGHT:
        out[0] = x[0];
        out[1] = x[0] + x[2];
        out[2] = x[2];
        out[3] = x[1];
        break;
    case WEIGHT_BACKWARD:
        out[0] = x[0] + x[1];
        out[1] = x[3];
        out[2] = x[1] + x[2];
        break;
    }
}
