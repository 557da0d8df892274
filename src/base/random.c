/*
 * Philox 4x32-10 and what is drawn from it. The address of a draw:
 *   key      64-bit mix of seed and name
 *   counter  {block, purpose << 24 | bits 32-55 of a, bits 0-31 of a, bits 0-31 of b}
 */
#include "base/random.h"

#include "base/plain_log.h"

#include <string.h>

void random_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c[4] = {counter[0], counter[1], counter[2], counter[3]}, k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53U * c[0], p1 = (uint64_t)0xCD9E8D57U * c[2];
        uint32_t next[4] = {(uint32_t)(p1 >> 32) ^ c[1] ^ k0, (uint32_t)p1,
                            (uint32_t)(p0 >> 32) ^ c[3] ^ k1, (uint32_t)p0};
        memcpy(c, next, sizeof c);
        k0 += 0x9E3779B9U;
        k1 += 0xBB67AE85U;
    }
    memcpy(out, c, sizeof c);
}

/* The finaliser of splitmix64. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
}

Random random_at(uint64_t seed, RandomPurpose purpose, uint64_t name, uint64_t a, uint64_t b)
{
    uint64_t key = mix(seed + name * 0x9E3779B97F4A7C15ULL);
    return (Random){.key = {(uint32_t)key, (uint32_t)(key >> 32)},
                    .counter = {0, (uint32_t)purpose << 24 | ((uint32_t)(a >> 32) & 0xFFFFFFU),
                                (uint32_t)a, (uint32_t)b},
                    .used = 4};
}

uint32_t random_u32(Random *random)
{
    if (random->used == 4) {
        random_philox(random->counter, random->key, random->word);
        random->counter[0]++;
        random->used = 0;
    }
    return random->word[random->used++];
}

uint32_t random_below(Random *random, uint32_t below)
{
    /* Words above the largest multiple of `below` would favour small numbers: draw again. */
    uint32_t excess = (uint32_t)(0x100000000ULL % below), word;
    do word = random_u32(random);
    while (word >= (uint32_t)(0U - excess) && excess != 0);
    return word % below;
}

double random_uniform(Random *random)
{
    uint64_t high = random_u32(random), low = random_u32(random);
    return (double)((high << 32 | low) >> 11) * 0x1p-53;
}

static double polynomial(const double *coefficient, int count, double x)
{
    double sum = coefficient[0];
    for (int i = 1; i < count; i++) sum = sum * x + coefficient[i];
    return sum;
}

/* Inverse of the normal distribution function by P. J. Acklam's rational approximations, relative
 * error below 1.2e-9; in plain arithmetic and square roots. */
double random_normal(Random *random)
{
    static const double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,
                               -2.759285104469687e+02, 1.383577518672690e+02,
                               -3.066479806614716e+01, 2.506628277459239e+00};
    static const double b[] = {-5.447609879822406e+01, 1.615858368580409e+02,
                               -1.556989798598866e+02, 6.680131188771972e+01,
                               -1.328068155288572e+01, 1};
    static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01,
                               -2.400758277161838e+00, -2.549732539343734e+00,
                               4.374664141464968e+00,  2.938163982698783e+00};
    static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                               3.754408661907416e+00, 1};
    double p = random_uniform(random) + 0x1p-54; /* in (0,1) */
    double tail = p < 0.5 ? p : 1 - p;
    if (tail > 0.02425) {
        double q = p - 0.5, r = q * q;
        return q * polynomial(a, 6, r) / polynomial(b, 6, r);
    }
    double q = __builtin_sqrt(-2 * plain_log(tail));
    double x = polynomial(c, 6, q) / polynomial(d, 5, q);
    return p < 0.5 ? x : -x;
}
