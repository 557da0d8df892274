/* Where figures have nothing to say, or nothing but ties, or numbers that are none. */
#include "check.h"

#include "metrics/agreement.h"
#include "metrics/calibration.h"
#include "metrics/classes.h"
#include "metrics/interval.h"
#include "metrics/joint.h"
#include "metrics/likelihood.h"
#include "metrics/ranking.h"
#include "metrics/values.h"

#include <math.h>

static void test_ranking(void **state)
{
    (void)state;
    Ranked ties[] = {{0.5F, true}, {0.5F, false}, {0.5F, false}, {0.5F, true}};
    RankingFigures figures = ranking_figures(ties, 4);
    assert_true(figures.auroc == 0.5 && figures.average_precision == 0.5);

    Ranked no_number[] = {{NAN, true}, {0.1F, false}, {0.9F, true}, {NAN, false}};
    figures = ranking_figures(no_number, 4);
    assert_true(figures.auroc ==
                (2 + 0 + 0.5) / 4); /* .9 is before both, NaN behind one, level with one */
    assert_true(figures.average_precision == (1 + 2.0 / 4) / 2);

    Ranked all[] = {{0.1F, true}, {0.9F, true}};
    figures = ranking_figures(all, 2);
    assert_true(isnan(figures.auroc) && figures.average_precision == 1);
    Ranked none[] = {{0.1F, false}};
    figures = ranking_figures(none, 1);
    assert_true(isnan(figures.auroc) && isnan(figures.average_precision));
    assert_true(isnan(ranking_figures(none, 0).auroc));
}

static void test_calibration(void **state)
{
    (void)state;
    int64_t count[CALIBRATION_COUNTS] = {0};
    assert_true(calibration_error(count) == 0);
    calibration_add(count, 1, true);
    calibration_add(count, 14.0F / 15, false);
    calibration_add(count, 0, false);
    calibration_add(count, NAN, false); /* sure of nothing, and wrong */
    assert_int_equal(calibration_bin(count, 14).records, 2);
    assert_int_equal(calibration_bin(count, 0).records, 2);
    assert_true(fabs(calibration_error(count) - (14.0 / 15) / 4) < 1e-7);
}

static void test_likelihood(void **state)
{
    (void)state;
    static const int32_t member[] = {0};
    const float probability[] = {0, 1, 0.5F};
    assert_true(likelihood_loss(0) == -log(0x1p-126) && likelihood_loss(1) == 0);
    assert_true(likelihood_squares(probability, 3, 1) == 0.25);
    SetLikelihood sum = likelihood_of_set(probability, 3, member, 1);
    assert_true(fabs(sum.loss - (126 + 25 + 1) * log(2)) < 1e-12);
    assert_true(sum.squares == 1 + 1 + 0.25);
}

static void test_nothing(void **state)
{
    (void)state;
    static const int64_t zero[2];
    ClassCounts counts = {2, zero, zero, zero};
    assert_true(class_macro_f1(&counts) == 0 && class_weighted_f1(&counts) == 0);
    assert_true(class_balanced_accuracy(&counts) == 0 && class_micro_f1(&counts) == 1);
    assert_true(isnan(agreement_kappa(NULL, NULL, 0)));
    static const int32_t one[] = {5, 5};
    assert_true(isnan(agreement_kappa(one, one, 2)));
    assert_true(isnan(value_figures(NULL, NULL, 0).mae));
    static const double level[] = {3, 3}, distance[] = {1, 2};
    ValueFigures figures = value_figures(level, distance, 2);
    assert_true(figures.mae == 1.5 && figures.rmse == sqrt(2.5) && isnan(figures.r2));
    assert_true(isnan(interval_wilson(0, 0).low));
    assert_true(fabs(interval_wilson(0, 9).low) < 1e-15 && interval_wilson(9, 9).high <= 1);
}

static void test_joint(void **state)
{
    (void)state;
    static const int8_t a[] = {1, 0, -1, -1, 1}, b[] = {1, 0, -1, 0, 0}, c[] = {1, 1, -1, 1, -1};
    const int8_t *const verdict[] = {a, b, c};
    int64_t right[4] = {0}, wrong[4] = {0};
    joint_histogram(right, wrong, verdict, 3, 5);
    static const int64_t rights[] = {0, 3, 0, 1}, wrongs[] = {1, 2, 1, 0};
    assert_memory_equal(right, rights, sizeof right);
    assert_memory_equal(wrong, wrongs, sizeof wrong);
    ErrorPair pair = joint_pair(a, b, 5);
    assert_int_equal(pair.both_right, 1);
    assert_int_equal(pair.both_wrong, 1);
    assert_int_equal(pair.only_first_wrong, 0);
    assert_int_equal(pair.only_second_wrong, 1);
    assert_true(fabs(joint_phi(&pair) - 0.5) < 1e-15);
    pair = joint_pair(a, c, 5);
    assert_true(isnan(joint_phi(&pair))); /* c is always right */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranking),    cmocka_unit_test(test_calibration),
        cmocka_unit_test(test_likelihood), cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_joint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
