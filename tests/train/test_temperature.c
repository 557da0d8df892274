/*
 * Temperatures against golden section over likelihoods written down anew with the C library's functions, and
 * calibration errors against bins that are filled the slow way.
 */
#include "check.h"

#include "base/random.h"
#include "train/temperature.h"

#include <math.h>

enum { IMAGES = 400, K = 4, MISSING_EACH = 7 };

static float logits[IMAGES * K];
static Target target[IMAGES];
static int32_t member[IMAGES][K];

static double draw(Random *random)
{
    double sum = 0;
    for (int i = 0; i < 12; i++) sum += (double)random_uniform(random);
    return sum - 6;
}

/* Answers that are right more often than not, and say so `confidence` times too loudly. */
static HeadLogits make(HeadMeasure measure, double confidence)
{
    int outputs = measure == MEASURE_RANK ? K - 1 : K;
    Random random = random_at(3, RANDOM_INIT, 1, 0, 0);
    for (int n = 0; n < IMAGES; n++) {
        int label = n % K;
        target[n] =
            (Target){.weight = n % MISSING_EACH ? 0.5F : 0, .label = label, .member = member[n]};
        for (int k = 0; k < outputs; k++) {
            bool yes = measure == MEASURE_RANK ? label > k : (n >> k & 1) != 0;
            double z = measure == MEASURE_CLASS ? 1.2 * (k == label) : (yes ? 0.8 : -0.8);
            logits[n * outputs + k] = (float)(confidence * (z + draw(&random)));
            if (yes && measure == MEASURE_SET) member[n][target[n].members++] = k;
        }
    }
    return (HeadLogits){measure, K, outputs, IMAGES, logits, target};
}

/* --- the reference --- */

static double p_yes(double z)
{
    return 1 / (1 + exp(-z));
}

static void probabilities(const HeadLogits *a, int n, double t, double *p)
{
    const float *row = a->logits + n * a->outputs;
    double sum = 0, beyond = 1;
    for (int k = 0; k < K; k++) {
        if (a->measure == MEASURE_CLASS) sum += p[k] = exp((double)row[k] / t);
        if (a->measure == MEASURE_SET) p[k] = p_yes((double)row[k] / t);
        if (a->measure != MEASURE_RANK) continue;
        double next = k < K - 1 ? beyond * p_yes((double)row[k] / t) : 0;
        p[k] = beyond - next;
        beyond = next;
    }
    for (int k = 0; k < K && a->measure == MEASURE_CLASS; k++) p[k] /= sum;
}

static bool holds(const Target *t, int k)
{
    for (int j = 0; j < t->members; j++)
        if (t->member[j] == k) return true;
    return false;
}

static double nll(const HeadLogits *a, double t)
{
    double sum = 0, count = 0, p[K];
    for (int n = 0; n < IMAGES; n++) {
        if (n % MISSING_EACH == 0) continue;
        probabilities(a, n, t, p);
        if (a->measure != MEASURE_SET) sum -= log(p[a->target[n].label]);
        for (int k = 0; k < K && a->measure == MEASURE_SET; k++)
            sum -= log(holds(&a->target[n], k) ? p[k] : 1 - p[k]);
        count += a->measure == MEASURE_SET ? K : 1;
    }
    return sum / count;
}

static double golden_section(const HeadLogits *a)
{
    double ratio = (sqrt(5) - 1) / 2, low = log(0.01), high = log(100);
    for (int i = 0; i < 90; i++) {
        double x = high - ratio * (high - low), y = low + ratio * (high - low);
        if (nll(a, exp(x)) < nll(a, exp(y)))
            high = y;
        else
            low = x;
    }
    return exp((low + high) / 2);
}

static int predict(const HeadLogits *a, const double *p)
{
    int best = 0;
    double below = 0;
    if (a->measure == MEASURE_RANK)
        for (int k = 0; k < K - 1; k++) best += 1 - (below += p[k]) > 0.5;
    else
        for (int k = 1; k < K; k++)
            if (p[k] > p[best]) best = k;
    return best;
}

static double ece(const HeadLogits *a, double t)
{
    double error = 0, all = 0, p[K];
    for (int bin = 0; bin < 15; bin++) {
        double sum = 0, right = 0, count = 0;
        for (int n = 0; n < IMAGES; n++) {
            if (n % MISSING_EACH == 0) continue;
            probabilities(a, n, t, p);
            int best = predict(a, p);
            for (int k = 0; k < K; k++) {
                if (a->measure != MEASURE_SET && k != best) continue;
                if (!(p[k] * 15 >= bin && (p[k] * 15 < bin + 1 || bin == 14))) continue;
                count++;
                sum += (float)p[k]; /* as metrics/calibration.h counts them */
                right += a->measure == MEASURE_SET ? holds(&a->target[n], k)
                                                   : a->target[n].label == best;
            }
        }
        if (count > 0) error += count * fabs(sum / count - right / count);
        all += count;
    }
    return error / all;
}

/* --- tests --- */

static void test_fit(void **state)
{
    (void)state;
    static const HeadMeasure kinds[] = {MEASURE_CLASS, MEASURE_RANK, MEASURE_SET};
    static const double confidences[] = {0.2, 1, 4, 30};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 4; j++) {
            HeadLogits answers = make(kinds[i], confidences[j]);
            double found = temperature_fit(&answers), wanted = golden_section(&answers);
            /* Golden section finds a minimum to the root of what a double can tell. */
            if (!(fabs(found / wanted - 1) < 1e-6)) fail_msg("%.12g, not %.12g", found, wanted);
            Agreement before = temperature_judge(&answers, 1),
                      after = temperature_judge(&answers, found);
            assert_true(fabs(after.nll - nll(&answers, found)) < 1e-12);
            assert_true(fabs(before.ece - ece(&answers, 1)) < 1e-11);
            assert_true(fabs(after.ece - ece(&answers, found)) < 1e-11);
            assert_true(after.nll <= before.nll);
            if (confidences[j] >= 4) assert_true(after.ece < before.ece);
        }
}

/* The derivative is zero where the temperature is: much closer than golden section comes. */
static void test_scale(void **state)
{
    (void)state;
    HeadLogits answers = make(MEASURE_CLASS, 1);
    double once = temperature_fit(&answers);
    for (int i = 0; i < IMAGES * K; i++) logits[i] *= 8;
    assert_true(fabs(temperature_fit(&answers) / once - 8) < 1e-9);
}

static void test_limits(void **state)
{
    (void)state;
    HeadLogits answers = make(MEASURE_CLASS, 1);
    for (int i = 0; i < IMAGES * K; i++) logits[i] = i % K == target[i / K].label ? 5 : 0;
    assert_true(temperature_fit(&answers) == 1.0 / TEMPERATURE_MOST);
    for (int i = 0; i < IMAGES * K; i++) logits[i] = -logits[i];
    assert_true(temperature_fit(&answers) == TEMPERATURE_MOST);
    for (int n = 0; n < IMAGES; n++) target[n].weight = 0;
    assert_true(temperature_fit(&answers) == 0);
    assert_true(temperature_judge(&answers, 1).nll == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fit), cmocka_unit_test(test_scale),
                                       cmocka_unit_test(test_limits)};
    return cmocka_run_group_tests_name("temperature", tests, NULL, NULL);
}
