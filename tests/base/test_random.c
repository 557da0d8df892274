/* Addressed random numbers: published vectors, distributions, addresses. */
#include "check.h"

#include "base/plain_exp.h"
#include "base/plain_log.h"
#include "base/random.h"

#include <math.h>
#include <stdlib.h>

/* Known answers of Random123 for philox4x32-10. */
static void test_vectors(void **state)
{
    (void)state;
    static const uint32_t cases[][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d,
         0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09,
         0x94fdcceb, 0x5001e420, 0x24126ea1},
    };
    for (int i = 0; i < 3; i++) {
        uint32_t out[4];
        random_philox(cases[i], cases[i] + 4, out);
        assert_memory_equal(out, cases[i] + 6, sizeof out);
    }
}

static void test_addresses(void **state)
{
    (void)state;
    Random same[2] = {random_at(1, RANDOM_ORDER, 2, 3, 4), random_at(1, RANDOM_ORDER, 2, 3, 4)};
    Random others[] = {
        random_at(2, RANDOM_ORDER, 2, 3, 4), random_at(1, RANDOM_INIT, 2, 3, 4),
        random_at(1, RANDOM_ORDER, 3, 3, 4), random_at(1, RANDOM_ORDER, 2, 4, 4),
        random_at(1, RANDOM_ORDER, 2, 3, 5), random_at(1, RANDOM_ORDER, 2, 3 + (1ULL << 32), 4)};
    uint32_t first[9], draw;
    for (int i = 0; i < 9; i++) {
        first[i] = random_u32(&same[0]);
        assert_int_equal(first[i], random_u32(&same[1]));
    }
    for (size_t o = 0; o < sizeof others / sizeof *others; o++) {
        draw = random_u32(&others[o]);
        for (int i = 0; i < 9; i++) assert_int_not_equal(draw, first[i]);
    }
}

/* Chi-squared over small ranges stays below its 99.99 % point. */
static void test_below(void **state)
{
    (void)state;
    for (uint32_t below = 2; below <= 10; below++) {
        Random random = random_at(5, RANDOM_MIX, 0, below, 0);
        int count[10] = {0}, draws = 100000;
        for (int i = 0; i < draws; i++) count[random_below(&random, below)]++;
        double chi = 0, expected = (double)draws / below;
        for (uint32_t k = 0; k < below; k++) chi += pow(count[k] - expected, 2) / expected;
        assert_true(chi < 34);
    }
    Random random = random_at(5, RANDOM_MIX, 0, 0, 1);
    for (int i = 0; i < 1000; i++)
        assert_true(random_below(&random, 1) == 0 &&
                    random_below(&random, 0x80000001U) <= 0x80000000U);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Kolmogorov-Smirnov against the normal distribution function, and its tails. */
static void test_normal(void **state)
{
    (void)state;
    enum { N = 200000 };
    double *x = malloc(sizeof *x * N), worst = 0;
    int tail = 0;
    Random random = random_at(6, RANDOM_INIT, 1, 0, 0);
    for (int i = 0; i < N; i++) {
        x[i] = random_normal(&random);
        tail += fabs(x[i]) > 3;
    }
    qsort(x, N, sizeof *x, ascending);
    for (int i = 0; i < N; i++)
        worst = fmax(worst, fabs(0.5 * erfc(-x[i] / sqrt(2)) - (i + 0.5) / N));
    free(x);
    assert_true(worst < 2 / sqrt(N));
    assert_true(tail > 430 && tail < 650); /* expected 540 */
}

/* Many at a time: the bits of one by one, from any place of a block on, and the draws after them too. */
static void test_normals(void **state)
{
    (void)state;
    enum { MANY = 3001 };
    static double many[MANY];
    for (int before = 0; before < 4; before++) {
        for (size_t count = 0; count < MANY; count += 97) {
            Random one = random_at(6, RANDOM_INIT, 2, 0, 0), batch = one;
            for (int i = 0; i < before; i++) random_u32(&one), random_u32(&batch);
            random_normals(&batch, many, count);
            for (size_t i = 0; i < count; i++) {
                double x = random_normal(&one);
                assert_memory_equal(&many[i], &x, sizeof x);
            }
            assert_int_equal(random_u32(&one), random_u32(&batch));
        }
    }
}

/* Mean and variance of Beta(alpha, alpha); where its distribution function is simple, Kolmogorov-Smirnov. */
static void test_beta(void **state)
{
    static const double alphas[] = {0.05, 0.2, 0.5, 1, 2.5, 40};
    enum { N = 100000 };
    (void)state;
    double *x = malloc(sizeof *x * N);
    for (size_t a = 0; a < sizeof alphas / sizeof *alphas; a++) {
        double alpha = alphas[a], mean = 0, variance = 0, worst = 0;
        Random random = random_at(7, RANDOM_MIX, 0, a, 0);
        for (int i = 0; i < N; i++) {
            x[i] = random_beta(&random, alpha);
            assert_true(x[i] >= 0 && x[i] <= 1);
            mean += x[i] / N;
            variance += (x[i] - 0.5) * (x[i] - 0.5) / N;
        }
        double expected = 1 / (4 * (2 * alpha + 1));
        assert_true(fabs(mean - 0.5) < 4 * sqrt(expected / N));
        assert_true(fabs(variance / expected - 1) < 0.02);
        if (alpha != 0.5 && alpha != 1) continue;
        qsort(x, N, sizeof *x, ascending);
        for (int i = 0; i < N; i++) {
            double below = alpha == 1 ? x[i] : 2 / acos(-1) * asin(sqrt(x[i]));
            worst = fmax(worst, fabs(below - (i + 0.5) / N));
        }
        assert_true(worst < 2 / sqrt(N));
    }
    free(x);
    Random random = random_at(7, RANDOM_MIX, 0, 0, 1);
    for (int i = 0; i < 100; i++) { /* all or nothing, without NaN */
        double share = random_beta(&random, 1e-6);
        assert_true(share == 0 || share == 1);
    }
}

static void test_log(void **state)
{
    (void)state;
    for (double x = 1e-300; x < 1e300; x *= 1.37)
        assert_true(fabs(plain_log(x) - log(x)) <= 4e-16 * fmax(1, fabs(log(x))));
    assert_true(isnan(plain_log(NAN)) && isinf(plain_log(INFINITY)));
    for (double x = -700; x < 709; x += 0.37)
        assert_true(fabs(plain_exp(x) - exp(x)) <= 1e-15 * exp(x));
    assert_true(plain_exp(0) == 1 && plain_exp(-701) == 0 && isinf(plain_exp(710)));
    assert_true(isnan(plain_exp(NAN)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors), cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_below),   cmocka_unit_test(test_normal),
        cmocka_unit_test(test_normals), cmocka_unit_test(test_beta),
        cmocka_unit_test(test_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
