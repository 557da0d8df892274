/* Balancers step by step where labels are missing, and means of interference, by hand. Whole runs: tests/cli/balance.sh. */
#include "check.h"

#include "interference.h"
#include "train/balancer.h"

#include <math.h>

enum { HEADS = 3 };

static Balancer open_balancer(const char *kind, Arena *arena)
{
    static const double given[HEADS] = {1, 0.5, 2};
    const BalancerType *type = balancer_find(kind);
    void *options = arena_alloc(arena, type->options_bytes + 1);
    Balancer balancer;
    option_defaults(type->options, options);
    balancer_create(&balancer, type, options, HEADS, given, arena);
    type->weigh(&balancer);
    for (int h = 0; h < HEADS; h++) assert_float_equal(balancer.factor[h], given[h], 1e-12);
    return balancer;
}

static void step(Balancer *balancer, const double loss[HEADS], const double norm[HEADS])
{
    bool labelled[HEADS];
    for (int h = 0; h < HEADS; h++) labelled[h] = loss[h] >= 0;
    balancer->type->observe(balancer, &(BalancerStep){loss, labelled, norm});
    balancer->type->weigh(balancer);
}

/* A loss of -1 stands for none. */
static void test_dwa(void **state)
{
    (void)state;
    Arena *arena = arena_create("dwa");
    Balancer balancer = open_balancer("dwa", arena);
    const double norm[HEADS] = {0};
    step(&balancer, (double[]){4, 2, -1}, norm);
    step(&balancer, (double[]){2, -1, -1}, norm);
    balancer.type->end_epoch(&balancer);
    step(&balancer, (double[]){1, 1, 6}, norm);
    balancer.type->end_epoch(&balancer);
    balancer.type->weigh(&balancer);
    /* Ratios 1/3, 1/2, and 1 for want of a second epoch. */
    double share[HEADS] = {exp(1.0 / 6), exp(1.0 / 4), exp(1.0 / 2)};
    double sum = share[0] + share[1] + share[2];
    for (int h = 0; h < HEADS; h++)
        assert_float_equal(balancer.factor[h], balancer.given[h] * HEADS * share[h] / sum, 1e-12);
    arena_destroy(arena);
}

static void test_gradnorm(void **state)
{
    (void)state;
    Arena *arena = arena_create("gradnorm");
    Balancer balancer = open_balancer("gradnorm", arena);
    /* Alone there is nothing to compare with. */
    step(&balancer, (double[]){4, -1, -1}, (double[]){3, 0, 0});
    assert_float_equal(balancer.factor[0], 1, 1e-12);
    /* The first two heads pull by 3 and 1 and are as far; the third one shows its first loss, and has no gradient. */
    step(&balancer, (double[]){4, 2, 5}, (double[]){3, 2, 0});
    double v[HEADS] = {1 - 0.025 * 3 / 2, 1 + 0.025 * 1 / 2, 1}, sum = v[0] + v[1] + v[2];
    for (int h = 0; h < HEADS; h++)
        assert_float_equal(balancer.factor[h], balancer.given[h] * HEADS * v[h] / sum, 1e-12);
    /* No factor is lost, however hard a head pulls. */
    for (int i = 0; i < 2000; i++) step(&balancer, (double[]){4, 2, 5}, (double[]){1e6, 1, 1});
    assert_true(balancer.factor[0] > 0 && balancer.factor[0] < 0.1);
    arena_destroy(arena);
}

static void test_interference(void **state)
{
    (void)state;
    Arena *arena = arena_create("interference");
    Interference seen;
    interference_create(&seen, 2, arena);
    /* Gradients (3,0) and (-4,4), in units of which a head's scale is taken out. */
    const double product[] = {9 * 0.25, -12 * 0.5, 32}, scale[] = {0.25, 0.5, 1};
    const double share[] = {0.1, 0.2}, weight[] = {1, 2};
    int64_t total[3];
    for (int p = 0; p < 3; p++) total[p] = interference_quantum(product[p], scale[p], 8);
    interference_observe(&seen, total, share, weight);
    assert_float_equal(seen.norm[0], 0.3, 1e-9);
    assert_float_equal(seen.norm[1], 0.2 * sqrt(32), 1e-9);
    assert_float_equal(seen.cosine[1], -sqrt(0.5), 1e-9);
    /* A step without labels of the second head, then means. */
    total[1] = total[2] = 0;
    interference_observe(&seen, total, share, weight);
    assert_true(seen.norm[1] == 0 && seen.cosine[1] == 0);
    assert_float_equal(interference_norm(&seen, 0), 0.3, 1e-9);
    assert_float_equal(interference_norm(&seen, 1), 2 * 0.2 * sqrt(32), 1e-9);
    assert_float_equal(interference_cosine(&seen, 0, 1), -sqrt(0.5), 1e-9);
    assert_true(interference_cosine(&seen, 1, 1) == 1);
    interference_end_epoch(&seen);
    assert_true(interference_norm(&seen, 0) == 0 && interference_cosine(&seen, 0, 1) == 0);
    arena_destroy(arena);
}

/* What is not finite or too large neither stops a step nor overflows the sum. */
static void test_quantum(void **state)
{
    (void)state;
    for (int power = 1; power <= 4096; power *= 2) {
        int64_t most = interference_quantum(INFINITY, 1, power);
        assert_true(most > 0 && most <= INT64_MAX / power);
        assert_true(interference_quantum(-INFINITY, 1, power) == -most);
    }
    assert_true(interference_quantum(NAN, 1, 1) == 0);
    assert_true(interference_quantum(1, 0, 1) == 0); /* a head of weight 0 */
    assert_true(interference_quantum(3, 2, 1) == 3 * ((int64_t)1 << 39));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_dwa), cmocka_unit_test(test_gradnorm),
                                       cmocka_unit_test(test_interference),
                                       cmocka_unit_test(test_quantum)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
