/*
 * Normal draws by the inverse of the distribution function, P. J. Acklam's rational approximations, relative error
 * below 1.2e-9; in plain arithmetic and square roots. Many at a time are the same bits as one by one: whole blocks
 * of Philox side by side in loops that compilers vectorise, since networks begin with millions of draws.
 */
#include "base/plain_log.h"
#include "base/random.h"
#include "philox.h"

#include <stdbool.h>
#include <string.h>

enum { BLOCKS = 16, NORMALS = 2 * BLOCKS }; /* side by side; two normals of a block's four words */

static const double TAIL = 0.02425; /* p, or 1 - p, below which another approximation holds */

static inline double polynomial(const double *coefficient, int count, double x)
{
    double sum = coefficient[0];
    for (int i = 1; i < count; i++) sum = sum * x + coefficient[i];
    return sum;
}

static inline double central(double p)
{
    static const double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,
                               -2.759285104469687e+02, 1.383577518672690e+02,
                               -3.066479806614716e+01, 2.506628277459239e+00};
    static const double b[] = {-5.447609879822406e+01, 1.615858368580409e+02,
                               -1.556989798598866e+02, 6.680131188771972e+01,
                               -1.328068155288572e+01, 1};
    double q = p - 0.5, r = q * q;
    return q * polynomial(a, 6, r) / polynomial(b, 6, r);
}

static double outer(double p)
{
    static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01,
                               -2.400758277161838e+00, -2.549732539343734e+00,
                               4.374664141464968e+00,  2.938163982698783e+00};
    static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                               3.754408661907416e+00, 1};
    double q = __builtin_sqrt(-2 * plain_log(p < 0.5 ? p : 1 - p));
    double x = polynomial(c, 6, q) / polynomial(d, 5, q);
    return p < 0.5 ? x : -x;
}

static inline double to_open_uniform(uint64_t high, uint64_t low)
{
    return (double)((high << 32 | low) >> 11) * 0x1p-53 + 0x1p-54; /* in (0,1) */
}

static bool is_outer(double p)
{
    return (p < 0.5 ? p : 1 - p) <= TAIL;
}

double random_normal(Random *random)
{
    uint64_t high = random_u32(random);
    double p = to_open_uniform(high, random_u32(random));
    return is_outer(p) ? outer(p) : central(p);
}

/* random_philox of BLOCKS counters that follow one another. */
static void draw_blocks(Random *random, uint32_t word[4][BLOCKS])
{
    uint32_t key[2] = {random->key[0], random->key[1]};
    for (int b = 0; b < BLOCKS; b++) {
        word[0][b] = random->counter[0] + (uint32_t)b;
        for (int w = 1; w < 4; w++) word[w][b] = random->counter[w];
    }
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        for (int b = 0; b < BLOCKS; b++)
            philox_round(&word[0][b], &word[1][b], &word[2][b], &word[3][b], key);
        philox_next_key(key);
    }
    random->counter[0] += BLOCKS;
}

static void draw_normals(Random *random, double normal[NORMALS])
{
    uint32_t word[4][BLOCKS];
    double p[NORMALS];
    draw_blocks(random, word);
    for (int b = 0; b < BLOCKS; b++) {
        p[2 * b] = to_open_uniform(word[0][b], word[1][b]);
        p[2 * b + 1] = to_open_uniform(word[2][b], word[3][b]);
    }
    for (int i = 0; i < NORMALS; i++) normal[i] = central(p[i]);
    for (int i = 0; i < NORMALS; i++)
        if (is_outer(p[i])) normal[i] = outer(p[i]);
}

void random_normals(Random *random, double *normal, size_t count)
{
    double drawn[NORMALS];
    size_t i = 0;
    for (; i < count && random->used != 4; i++) normal[i] = random_normal(random);
    for (; count - i >= NORMALS; i += NORMALS) {
        draw_normals(random, drawn);
        memcpy(normal + i, drawn, sizeof drawn);
    }
    for (; i < count; i++) normal[i] = random_normal(random);
}
