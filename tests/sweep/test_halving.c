/* Rungs, and who goes on. */
#include "check.h"

#include "sweep/halving.h"

#include <math.h>
#include <stdlib.h>

static void expect_plan(Halving halving, int rungs, const int *epochs, const int *trials)
{
    assert_int_equal(halving.rungs, rungs);
    for (int r = 0; r < rungs; r++) {
        assert_int_equal(halving.epochs[r], epochs[r]);
        assert_int_equal(halving.trials[r], trials[r]);
    }
}

static void test_plan(void **state)
{
    (void)state;
    expect_plan(halving_plan(16, 30, 3, 1), 3, (int[]){3, 10, 30}, (int[]){16, 5, 1});
    expect_plan(halving_plan(27, 27, 3, 1), 4, (int[]){1, 3, 9, 27}, (int[]){27, 9, 3, 1});
    /* epochs run out before trials do */
    expect_plan(halving_plan(16, 5, 3, 1), 2, (int[]){1, 5}, (int[]){16, 5});
    expect_plan(halving_plan(16, 30, 3, 5), 2, (int[]){10, 30}, (int[]){16, 5});
    expect_plan(halving_plan(16, 30, 3, 30), 1, (int[]){30}, (int[]){16});
    expect_plan(halving_plan(16, 1, 3, 1), 1, (int[]){1}, (int[]){16});
    /* trials do before epochs */
    expect_plan(halving_plan(2, 100, 4, 1), 2, (int[]){25, 100}, (int[]){2, 1});
    expect_plan(halving_plan(1, 100, 2, 1), 1, (int[]){100}, (int[]){1});
}

/* Whatever is asked for: epochs rise to the last, fewer trials each time, and the first rung has `least`. */
static void test_all_plans(void **state)
{
    (void)state;
    for (int trials = 1; trials < 70; trials++)
        for (int epochs = 1; epochs < 70; epochs++)
            for (int eta = 2; eta < 6; eta++) {
                int least = epochs < 3 ? epochs : 3;
                Halving halving = halving_plan(trials, epochs, eta, least);
                int last = halving.rungs - 1;
                assert_true(halving.epochs[0] >= least && halving.epochs[last] == epochs);
                assert_true(halving.trials[0] == trials && halving.trials[last] >= 1);
                for (int r = 1; r < halving.rungs; r++) {
                    assert_true(halving.epochs[r] >= eta * halving.epochs[r - 1]);
                    assert_true(halving.trials[r] < halving.trials[r - 1]);
                }
                assert_true(last == 0 || halving.trials[last - 1] > 1);
            }
}

static void expect_order(const Standing *standing, int count, const int *trial)
{
    for (int i = 0; i < count; i++) assert_int_equal(standing[i].trial, trial[i]);
}

static void test_sort(void **state)
{
    (void)state;
    Standing standing[] = {
        {.trial = 0, .rung = 0, .merit = 0.9},
        {.trial = 1, .rung = 1, .merit = 0.5},
        {.trial = 2, .rung = 2, .failed = true, .merit = 1},
        {.trial = 3, .rung = 1, .merit = 0.5},
        {.trial = 4, .rung = 0, .failed = true},
        {.trial = 5, .rung = 1, .merit = -0.5},
        {.trial = 6, .rung = 0, .failed = true, .merit = NAN},
        {.trial = 7, .rung = 2, .merit = -3},
    };
    halving_sort(standing, 8);
    expect_order(standing, 8, (int[]){7, 1, 3, 5, 0, 2, 4, 6});
}

static void test_choose(void **state)
{
    (void)state;
    Halving halving = halving_plan(6, 9, 2, 1); /* 6, 3, 1 trials */
    Standing standing[6];
    int trial[6];
    assert_int_equal(halving.trials[1], 3);
    for (int t = 0; t < 6; t++) standing[t] = (Standing){.trial = t, .rung = 0, .failed = true};
    assert_int_equal(halving_choose(&halving, 0, standing, 6, trial), 6);
    for (int t = 0; t < 6; t++) assert_int_equal(trial[t], t);

    /* Of equal merits the lower number; in rising order. */
    const double merit[] = {0.1, 0.7, 0.3, 0.3, 0.9, 0.3};
    for (int t = 0; t < 6; t++) standing[t] = (Standing){.trial = t, .merit = merit[t]};
    assert_int_equal(halving_choose(&halving, 1, standing, 6, trial), 3);
    assert_true(trial[0] == 1 && trial[1] == 2 && trial[2] == 4);

    /* Failures leave room for nobody who did not come through. */
    for (int t = 0; t < 6; t++)
        standing[t] = (Standing){.trial = t, .merit = merit[t], .failed = t != 3 && t != 0};
    assert_int_equal(halving_choose(&halving, 1, standing, 6, trial), 2);
    assert_true(trial[0] == 0 && trial[1] == 3);
    for (int t = 0; t < 6; t++) standing[t].failed = true;
    assert_int_equal(halving_choose(&halving, 1, standing, 6, trial), 0);

    /* Who has been left behind does not come back, however good. */
    for (int t = 0; t < 6; t++)
        standing[t] = (Standing){.trial = t, .rung = t < 2, .merit = t < 2 ? 0.1 * t : 1};
    assert_int_equal(halving_choose(&halving, 2, standing, 6, trial), 1);
    assert_int_equal(trial[0], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_all_plans),
        cmocka_unit_test(test_sort),
        cmocka_unit_test(test_choose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
