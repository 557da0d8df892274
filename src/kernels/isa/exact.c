/*
 * The exact sum: q = x * 2^50 rounded to nearest, ties to even, added in 64-bit integers.
 *
 * AVX-512 converts double to int64 in one instruction. AVX2 has none, so q is formed from two
 * words, q = h * 2^32 + l with h = rint(x * 2^18), l = rint((x * 2^18 - h) * 2^32): every step but
 * the two roundings is exact, and l, which reaches +2^31, goes through double, where adding 1.5 *
 * 2^52 leaves its integer in the low bits. Both give the same q as the plain form for every |x| <
 * 2^12 (tests/kernels/test_exact.c).
 */
#include "kernels.h"

static const double UNIT = 0x1p-50;

#if defined(KERNEL_ISA_v4)
enum { GROUP = 8 };
INLINE void add_group(int64_t *sum, const float *x)
{
    __m512d scaled = _mm512_mul_pd(_mm512_cvtps_pd(_mm256_loadu_ps(x)), _mm512_set1_pd(0x1p50));
    __m512i q = _mm512_cvtpd_epi64(scaled);
    _mm512_storeu_si512(sum, _mm512_add_epi64(_mm512_loadu_si512(sum), q));
}
#elif defined(KERNEL_ISA_v3)
enum { GROUP = 8 };
/* Adds h * 2^32 + l for four elements. */
INLINE void add_half(int64_t *sum, __m128i h, __m128 l)
{
    const __m256d magic = _mm256_set1_pd(0x1.8p52);
    __m256i low = _mm256_sub_epi64(_mm256_castpd_si256(_mm256_add_pd(_mm256_cvtps_pd(l), magic)),
                                   _mm256_castpd_si256(magic));
    __m256i q = _mm256_add_epi64(_mm256_slli_epi64(_mm256_cvtepi32_epi64(h), 32), low);
    __m256i old = _mm256_loadu_si256((const __m256i *)sum);
    _mm256_storeu_si256((__m256i *)sum, _mm256_add_epi64(old, q));
}

INLINE void add_group(int64_t *sum, const float *x)
{
    __m256 scaled = _mm256_mul_ps(_mm256_loadu_ps(x), _mm256_set1_ps(0x1p18F));
    __m256 high = _mm256_round_ps(scaled, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 low = _mm256_mul_ps(_mm256_sub_ps(scaled, high), _mm256_set1_ps(0x1p32F));
    low = _mm256_round_ps(low, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256i h = _mm256_cvtps_epi32(high);
    add_half(sum, _mm256_castsi256_si128(h), _mm256_castps256_ps128(low));
    add_half(sum + 4, _mm256_extracti128_si256(h, 1), _mm256_extractf128_ps(low, 1));
}
#else
enum { GROUP = 1 };
INLINE void add_group(int64_t *sum, const float *x)
{
    /* Wrapping addition: what is added beyond the limit is never used, but must not be undefined.
     */
    int64_t q = __builtin_fabsf(*x) < 0x1p12F ? (int64_t)__builtin_rint((double)*x * 0x1p50) : 0;
    *sum = (int64_t)((uint64_t)*sum + (uint64_t)q);
}
#endif

/* Whether all of |x| < limit; false for NaN. */
INLINE bool all_below(const float *x, float limit, size_t n)
{
    int outside = 0;
    for (size_t i = 0; i < n; i++) outside |= !(__builtin_fabsf(x[i]) < limit);
    return !outside;
}

bool KERNEL(exact_add)(int64_t *sum, const float *x, float limit, size_t n)
{
    enum { BLOCK = 1024 }; /* checked while it is in the first-level cache */
    bool ok = true;
    for (size_t begin = 0; begin < n; begin += BLOCK) {
        size_t count = n - begin < BLOCK ? n - begin : BLOCK, i = 0;
        ok &= all_below(x + begin, limit, count);
        for (; i + GROUP <= count; i += GROUP) add_group(sum + begin + i, x + begin + i);
        for (; i < count; i++) {
            float rest[GROUP] = {x[begin + i]};
            int64_t rest_sum[GROUP] = {sum[begin + i]};
            add_group(rest_sum, rest);
            sum[begin + i] = rest_sum[0];
        }
    }
    return ok;
}

void KERNEL(exact_read)(float *x, const int64_t *sum, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = (float)((double)sum[i] * UNIT);
}
