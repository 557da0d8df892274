/*
 * What the instruction sets differ in: vectors of the native width and a few operations on them. A
 * v16 is always 16 floats, in as many native vectors as it takes, so that kernels are written once
 * and their sums have the same order on every set.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define KERNEL_PASTE(name, isa) name##_##isa
#define KERNEL_EXPAND(name, isa) KERNEL_PASTE(name, isa)
/* The name of a kernel in this instruction set's copy: add -> add_v3. */
#define KERNEL(name) KERNEL_EXPAND(name, KERNEL_ISA)

#define INLINE static inline __attribute__((always_inline))

/* Before a loop over elements whose arrays are either apart or the very same: no check for partial
 * overlap, which would send the in-place case to a scalar loop. */
#ifdef __clang__
#define ELEMENTWISE _Pragma("clang loop vectorize(assume_safety)")
#else
#define ELEMENTWISE _Pragma("GCC ivdep")
#endif

#if defined(KERNEL_ISA_v4) || defined(KERNEL_ISA_v3) || defined(KERNEL_ISA_v2)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(KERNEL_ISA_v4)
enum { VEC_LANES = 16 };
#elif defined(KERNEL_ISA_v3)
enum { VEC_LANES = 8 };
#else
enum { VEC_LANES = 4 };
#endif
enum { VECS = 16 / VEC_LANES };
#if defined(KERNEL_ISA_v4) && !defined(__clang__)
#define VEC_LANES_ARE_16 1 /* and the compiler has __builtin_shuffle */
#endif

typedef float vec __attribute__((vector_size(VEC_LANES * 4)));
typedef int32_t ivec __attribute__((vector_size(VEC_LANES * 4)));

typedef struct v16 {
    vec v[VECS];
} v16;

/* a * b + c, rounded once; on x86-64-v2, which has no such instruction, rounded twice. */
INLINE vec vec_fma(vec a, vec b, vec c)
{
#if defined(KERNEL_ISA_v4)
    return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(KERNEL_ISA_v3)
    return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__aarch64__)
    return (vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
    return a * b + c;
#endif
}

INLINE float scalar_fma(float a, float b, float c)
{
#if defined(KERNEL_ISA_v2)
    return a * b + c;
#else
    return __builtin_fmaf(a, b, c);
#endif
}

#define FOR_VECS _Pragma("GCC unroll 4") for (int p = 0; p < VECS; p++)

INLINE v16 v16_load(const float *x)
{
    v16 r;
    FOR_VECS memcpy(&r.v[p], x + p * VEC_LANES, sizeof(vec));
    return r;
}

INLINE void v16_store(float *out, v16 a)
{
    FOR_VECS memcpy(out + p * VEC_LANES, &a.v[p], sizeof(vec));
}

/* Stores past the caches what is read much later, at a multiple of 64 bytes: a line that is written as a whole
 * need not be read before. stream_end makes it visible to threads that this one tells of it. */
INLINE void v16_stream(float *out, v16 a)
{
#if defined(KERNEL_ISA_v4)
    _mm512_stream_ps(out, (__m512)a.v[0]);
#elif defined(KERNEL_ISA_v3)
    FOR_VECS _mm256_stream_ps(out + p * VEC_LANES, (__m256)a.v[p]);
#elif defined(KERNEL_ISA_v2)
    FOR_VECS _mm_stream_ps(out + p * VEC_LANES, (__m128)a.v[p]);
#else
    v16_store(out, a);
#endif
}

INLINE void stream_end(void)
{
#if defined(KERNEL_ISA_v4) || defined(KERNEL_ISA_v3) || defined(KERNEL_ISA_v2)
    _mm_sfence();
#endif
}

/* The first n < 16 floats, zeros behind them; nothing else is read. */
INLINE v16 v16_load_n(const float *x, int n)
{
#if defined(KERNEL_ISA_v4)
    return (v16){{(vec)_mm512_maskz_loadu_ps((__mmask16)((1U << n) - 1), x)}};
#else
    float copy[16] = {0};
    for (int i = 0; i < n; i++) copy[i] = x[i];
    return v16_load(copy);
#endif
}

INLINE void v16_store_n(float *out, v16 a, int n)
{
#if defined(KERNEL_ISA_v4)
    _mm512_mask_storeu_ps(out, (__mmask16)((1U << n) - 1), (__m512)a.v[0]);
#else
    float copy[16];
    v16_store(copy, a);
    for (int i = 0; i < n; i++) out[i] = copy[i];
#endif
}

/* The same for n <= 16, with the whole vector in one piece. */
INLINE v16 v16_load_n16(const float *x, int n)
{
    return n == 16 ? v16_load(x) : v16_load_n(x, n);
}

INLINE void v16_store_n16(float *out, v16 a, int n)
{
    if (n == 16)
        v16_store(out, a);
    else
        v16_store_n(out, a, n);
}

INLINE v16 v16_set(float x)
{
    v16 r;
    FOR_VECS r.v[p] = x - (vec){0};
    return r;
}

INLINE v16 v16_zero(void)
{
    v16 r;
    FOR_VECS r.v[p] = (vec){0};
    return r;
}

#define V16_BINARY(name, operator)                                                                 \
    INLINE v16 name(v16 a, v16 b)                                                                  \
    {                                                                                              \
        v16 r;                                                                                     \
        FOR_VECS r.v[p] = a.v[p] operator b.v[p];                                                  \
        return r;                                                                                  \
    }
V16_BINARY(v16_add, +)
V16_BINARY(v16_sub, -)
V16_BINARY(v16_mul, *)
V16_BINARY(v16_div, /)

INLINE v16 v16_fma(v16 a, v16 b, v16 c)
{
    v16 r;
    FOR_VECS r.v[p] = vec_fma(a.v[p], b.v[p], c.v[p]);
    return r;
}

/* mask ? a : b, element by element; masks come from comparisons of vec. */
INLINE vec vec_select(ivec mask, vec a, vec b)
{
    return (vec)(((ivec)a & mask) | ((ivec)b & ~mask));
}

INLINE ivec vec_is_nan(vec a)
{
    return ((ivec)a & 0x7FFFFFFF) > 0x7F800000;
}

/* Larger of the two; NaN where a is NaN. */
INLINE v16 v16_max(v16 a, v16 b)
{
    v16 r;
    FOR_VECS r.v[p] = vec_select(a.v[p] < b.v[p], b.v[p], a.v[p]);
    return r;
}

/* b where gate <= 0, a elsewhere (also where gate is NaN). */
INLINE v16 v16_where_not_positive(v16 gate, v16 b, v16 a)
{
    v16 r;
    FOR_VECS r.v[p] = vec_select(gate.v[p] <= (vec){0}, b.v[p], a.v[p]);
    return r;
}

INLINE v16 v16_abs(v16 a)
{
    v16 r;
    FOR_VECS r.v[p] = (vec)((ivec)a.v[p] & 0x7FFFFFFF);
    return r;
}

INLINE vec vec_sqrt(vec a)
{
#if defined(KERNEL_ISA_v4)
    return (vec)_mm512_sqrt_ps((__m512)a);
#elif defined(KERNEL_ISA_v3)
    return (vec)_mm256_sqrt_ps((__m256)a);
#elif defined(KERNEL_ISA_v2)
    return (vec)_mm_sqrt_ps((__m128)a);
#else
    vec r;
    for (int i = 0; i < VEC_LANES; i++) r[i] = __builtin_sqrtf(a[i]);
    return r;
#endif
}

INLINE v16 v16_sqrt(v16 a)
{
    v16 r;
    FOR_VECS r.v[p] = vec_sqrt(a.v[p]);
    return r;
}

/* e^x for -87 <= x <= 88; NaN stays NaN. Relative error 2e-7.
 * Cephes' reduction and polynomial; rounding by adding and subtracting 1.5 * 2^23. */
INLINE v16 v16_exp_in_range(v16 x)
{
    const v16 magic = v16_set(12582912.0F);
    v16 rounded = v16_fma(x, v16_set(1.44269504088896341F), magic);
    v16 n = v16_sub(rounded, magic);
    v16 r = v16_fma(n, v16_set(-0.693359375F), x);
    r = v16_fma(n, v16_set(2.12194440e-4F), r);
    v16 poly = v16_set(1.9875691500e-4F);
    poly = v16_fma(poly, r, v16_set(1.3981999507e-3F));
    poly = v16_fma(poly, r, v16_set(8.3334519073e-3F));
    poly = v16_fma(poly, r, v16_set(4.1665795894e-2F));
    poly = v16_fma(poly, r, v16_set(1.6666665459e-1F));
    poly = v16_fma(poly, r, v16_set(5.0000001201e-1F));
    poly = v16_add(v16_fma(poly, v16_mul(r, r), r), v16_set(1.0F));
    v16 result;
    /* The low bits of `rounded` are the integer n: shifted into the exponent they multiply by 2^n.
     */
    FOR_VECS result.v[p] = poly.v[p] * (vec)(((ivec)rounded.v[p] << 23) + 0x3F800000);
    return result;
}

/* The same for x <= 88; below -87 the value at -87 (1.6e-38). */
INLINE v16 v16_exp(v16 x)
{
    return v16_exp_in_range(v16_max(x, v16_set(-87.0F)));
}

/* Sum of the 16 elements by a fixed tree: i with i + 8, then + 4, + 2, + 1. */
INLINE float v16_sum(v16 a)
{
    float x[16];
    v16_store(x, a);
    for (int width = 8; width >= 1; width /= 2)
        for (int i = 0; i < width; i++) x[i] += x[i + width];
    return x[0];
}

INLINE float v16_largest(v16 a)
{
    float x[16];
    v16_store(x, a);
    for (int width = 8; width >= 1; width /= 2)
        for (int i = 0; i < width; i++) x[i] = x[i] < x[i + width] ? x[i + width] : x[i];
    return x[0];
}
