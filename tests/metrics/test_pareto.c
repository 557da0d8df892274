/* Pareto fronts against the definition, over everything that came before; which points stand for a front by hand and by
 * a second, slower computation. */
#include "check.h"

#include "base/random.h"
#include "metrics/pareto.h"

#include <math.h>
#include <string.h>

enum { POINTS = 60, HEADS_MAX = 5 };

static ParetoPoint point[POINTS + 1];
static double merit[(POINTS + 1) * HEADS_MAX], range[HEADS_MAX];

static ParetoFront empty(int heads)
{
    return (ParetoFront){.heads = heads, .point = point, .merit = merit, .range = range};
}

static void test_dominance(void **state)
{
    (void)state;
    const double a[] = {1, 2, 3}, b[] = {1, 2, 2}, c[] = {0, 9, 3}, none[] = {1, 2, -INFINITY};
    assert_true(pareto_dominates(a, b, 3) && !pareto_dominates(b, a, 3));
    assert_false(pareto_dominates(a, a, 3));
    assert_false(pareto_dominates(a, c, 3) || pareto_dominates(c, a, 3));
    assert_true(pareto_dominates(b, none, 3) && !pareto_dominates(none, none, 3));
}

/* The definition: no other of the first `count` is as good everywhere and better somewhere, nor equal and earlier. */
static bool is_in_front(double all[][HEADS_MAX], int count, int heads, int of)
{
    for (int i = 0; i < count; i++) {
        int better = 0, worse = 0;
        for (int h = 0; h < heads; h++) {
            better += all[i][h] > all[of][h];
            worse += all[i][h] < all[of][h];
        }
        if (!worse && (better || i < of)) return false;
    }
    return true;
}

/* Few levels, so that there are many ties. */
static void draw_points(double all[][HEADS_MAX], int heads, int levels, uint64_t seed)
{
    Random random = random_at(seed, RANDOM_INIT, 0, 0, 0);
    for (int i = 0; i < POINTS; i++)
        for (int h = 0; h < heads; h++) all[i][h] = (double)random_below(&random, levels) / levels;
}

static void test_fronts(void **state)
{
    (void)state;
    static double all[POINTS][HEADS_MAX];
    for (uint64_t trial = 0; trial < 60; trial++) {
        int heads = 1 + (int)(trial % HEADS_MAX), levels = trial % 3 == 0 ? 3 : 40;
        draw_points(all, heads, levels, trial);
        ParetoFront front = empty(heads);
        for (int count = 1; count <= POINTS; count++) {
            bool added = pareto_add(&front, 7 * (uint64_t)count, all[count - 1]);
            size_t next = 0;
            assert_int_equal(added, is_in_front(all, count, heads, count - 1));
            for (int i = 0; i < count; i++) {
                if (!is_in_front(all, count, heads, i)) continue;
                assert_true(next < front.points);
                assert_int_equal(front.point[next].step, 7 * (i + 1));
                assert_memory_equal(merit + next * heads, all[i], sizeof(double) * (size_t)heads);
                next++;
            }
            assert_int_equal(front.points, next);
            assert_int_equal(pareto_kept(&front), next);
        }
    }
}

/* The loss of a kept point, from its definition. */
static double loss_of(const ParetoFront *front, size_t of)
{
    double least = INFINITY;
    for (size_t p = 0; p < front->points; p++) {
        double most = -INFINITY;
        if (p == of || !front->point[p].kept) continue;
        for (int h = 0; h < front->heads; h++) {
            double low = INFINITY, high = -INFINITY;
            for (size_t q = 0; q < front->points; q++) {
                if (!front->point[q].kept) continue;
                low = fmin(low, merit[q * front->heads + h]);
                high = fmax(high, merit[q * front->heads + h]);
            }
            if (high > low)
                most = fmax(most, (merit[of * front->heads + h] - merit[p * front->heads + h]) /
                                      (high - low));
        }
        least = fmin(least, most);
    }
    return least;
}

static void test_least_loss(void **state)
{
    (void)state;
    static double all[POINTS][HEADS_MAX];
    int dropped = 0;
    for (uint64_t trial = 0; trial < 20; trial++) {
        int heads = 2 + (int)(trial % 4);
        ParetoFront front = empty(heads);
        draw_points(all, heads, 30, 100 + trial);
        for (int i = 0; i < POINTS; i++) pareto_add(&front, (uint64_t)i, all[i]);
        for (size_t limit = front.points; limit-- > 1; dropped++) {
            double loss[POINTS], least = INFINITY;
            bool was[POINTS];
            size_t last = 0;
            for (size_t p = 0; p < front.points; p++) {
                was[p] = front.point[p].kept;
                loss[p] = was[p] ? loss_of(&front, p) : INFINITY;
                if (was[p] && loss[p] <= least) least = loss[p], last = p;
            }
            pareto_keep(&front, limit);
            for (size_t p = 0; p < front.points; p++)
                assert_int_equal(front.point[p].kept, was[p] && p != last);
        }
    }
    assert_in_range(dropped, 100, 2000);
}

static uint64_t kept_step(const ParetoFront *front, int index)
{
    for (size_t p = 0; p < front->points; p++)
        if (front->point[p].kept && index-- == 0) return front->point[p].step;
    return 0;
}

/* By hand: a point goes that another one nearly replaces, though it is the best of a head. */
static void test_example(void **state)
{
    (void)state;
    static const double points[][2] = {{0.90, 0.10}, {0.89, 0.50}, {0.50, 0.60}, {0.10, 0.90}};
    ParetoFront front = empty(2);
    for (int i = 0; i < 4; i++) assert_true(pareto_add(&front, 10 + (uint64_t)i, points[i]));
    pareto_keep(&front, 4);
    assert_int_equal(pareto_kept(&front), 4);
    pareto_keep(&front, 3); /* the first loses 0.01 of 0.8 by the second */
    assert_int_equal(kept_step(&front, 0), 11);
    pareto_keep(
        &front,
        2); /* the third loses 0.1 of 0.4 by the second; that one 0.39 of 0.79 by the third */
    assert_int_equal(kept_step(&front, 0), 11);
    assert_int_equal(kept_step(&front, 1), 13);
    assert_int_equal(front.points, 4); /* what is not kept is still in the front */
    /* One that dominates a kept point takes its place. */
    assert_true(pareto_add(&front, 14, (double[]){0.1, 0.95}));
    assert_int_equal(pareto_kept(&front), 2);
    assert_int_equal(kept_step(&front, 1), 14);
    assert_false(pareto_add(&front, 15, (double[]){0.1, 0.95}));
    pareto_keep(&front, 1); /* either loses all by the other: the later goes */
    assert_int_equal(kept_step(&front, 0), 11);
    /* A head without labels says nothing. */
    front = empty(2);
    assert_true(pareto_add(&front, 1, (double[]){0.2, -INFINITY}));
    assert_true(pareto_add(&front, 2, (double[]){0.3, -INFINITY}));
    assert_false(pareto_add(&front, 3, (double[]){0.3, -INFINITY}));
    assert_int_equal(front.points, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dominance), cmocka_unit_test(test_fronts),
        cmocka_unit_test(test_least_loss), cmocka_unit_test(test_example)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
