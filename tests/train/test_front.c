/* The front as numbers of a checkpoint; what it is, tests/metrics/test_pareto.c tells. */
#include "check.h"

#include "train/front.h"

#include <math.h>
#include <string.h>

/* Points that are kept or not, of two heads. */
static const double numbers[] = {8, 1, 0.9, -3, 16, 0, 0.5, -INFINITY, 24, 1, 0.1, -0.0};
enum { COUNT = sizeof numbers / sizeof *numbers };

static void test_round_trip(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    Front front = front_begin(2, arena);
    Error err = {0};
    size_t count;
    front_to_numbers(&front, &count, arena);
    assert_int_equal(count, 0);
    assert_true(front_from_numbers(&front, numbers, COUNT, &err));
    assert_int_equal(front.pareto.points, 3);
    assert_int_equal(pareto_kept(&front.pareto), 2);
    const double *again = front_to_numbers(&front, &count, arena);
    assert_int_equal(count, COUNT);
    assert_memory_equal(again, numbers, sizeof numbers);
    arena_destroy(arena);
}

/* More points than there is room for at first. */
static void test_growth(void **state)
{
    (void)state;
    enum { POINTS = 1000 };
    static double many[3 * POINTS];
    Arena *arena = arena_create("test");
    Front front = front_begin(1, arena);
    Error err = {0};
    for (int p = 0; p < POINTS; p++) {
        many[3 * p] = many[3 * p + 2] = p;
        many[3 * p + 1] = p % 2;
    }
    size_t count;
    assert_true(front_from_numbers(&front, many, 3 * POINTS, &err));
    assert_memory_equal(front_to_numbers(&front, &count, arena), many, sizeof many);
    arena_destroy(arena);
}

static void refuse(size_t at, double value, size_t count)
{
    Arena *arena = arena_create("test");
    Front front = front_begin(2, arena);
    double wrong[COUNT];
    Error err = {0};
    memcpy(wrong, numbers, sizeof wrong);
    wrong[at] = value;
    assert_false(front_from_numbers(&front, wrong, count, &err));
    assert_int_equal(err.kind, ERROR_DATA);
    check_error(&err, "/front: ");
    arena_destroy(arena);
}

static void test_nonsense(void **state)
{
    (void)state;
    refuse(0, 8, COUNT - 1);
    refuse(4, -1, COUNT);
    refuse(4, NAN, COUNT);
    refuse(4, 1e300, COUNT);
    refuse(5, 0.5, COUNT);
    refuse(6, NAN, COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip),
                                       cmocka_unit_test(test_growth),
                                       cmocka_unit_test(test_nonsense)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
