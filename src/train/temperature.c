/*
 * Fitting temperatures. With b = 1 / temperature the negative log-likelihood of all three kinds of heads is convex in
 * b, so its derivative rises and has at most one zero: Newton's steps, in a bracket that each of them narrows.
 */
#include "train/temperature.h"

#include "base/plain_exp.h"
#include "base/plain_log.h"
#include "metrics/calibration.h"
#include "nn/ops.h"

#include <stdlib.h>

/* An image's part of the negative log-likelihood, and its derivatives by b. */
typedef struct Term {
    double nll, slope, curvature;
} Term;

static const float *row_of(const HeadLogits *answers, size_t image)
{
    return answers->logits + image * (size_t)answers->outputs;
}

/* --- terms --- */

static double sigmoid(double x)
{
    double e = plain_exp(x < 0 ? x : -x);
    return x < 0 ? e / (1 + e) : 1 / (1 + e);
}

/* -log(sigmoid(b * z)): a yes whose logit is z, or a no whose logit is -z. */
static void add_decision(Term *term, double z, double b)
{
    double x = b * z, p = sigmoid(x), q = sigmoid(-x);
    term->nll += (x < 0 ? -x : 0) + plain_log(1 + plain_exp(x < 0 ? x : -x));
    term->slope -= z * q;
    term->curvature += z * z * p * q;
}

static Term class_term(const HeadLogits *answers, const float *row, const Target *target, double b)
{
    double largest = (double)row[0], sum = 0, first = 0, second = 0;
    for (int k = 1; k < answers->classes; k++)
        if ((double)row[k] > largest) largest = (double)row[k];
    for (int k = 0; k < answers->classes; k++) {
        double z = (double)row[k] - largest, e = plain_exp(b * z);
        sum += e;
        first += z * e;
        second += z * z * e;
    }
    double mean = first / sum, z = (double)row[target->label] - largest;
    return (Term){plain_log(sum) - b * z, mean - z, second / sum - mean * mean};
}

static Term rank_term(const HeadLogits *answers, const float *row, const Target *target, double b)
{
    Term term = {0};
    for (int k = 0; k < nn_ordinal_terms(target->label, answers->classes); k++)
        add_decision(&term, target->label > k ? (double)row[k] : -(double)row[k], b);
    return term;
}

static Term set_term(const HeadLogits *answers, const float *row, const Target *target, double b)
{
    Term term = {0};
    for (int k = 0, next = 0; k < answers->classes; k++) {
        bool holds = next < target->members && target->member[next] == k;
        next += holds;
        add_decision(&term, holds ? (double)row[k] : -(double)row[k], b);
    }
    return term;
}

/* The mean over the labelled images, of a set over their classes; all 0 if there are none. */
static Term mean_term(const HeadLogits *answers, double b)
{
    Term sum = {0};
    double terms = 0;
    for (size_t i = 0; i < answers->images; i++) {
        const Target *target = &answers->target[i];
        const float *row = row_of(answers, i);
        if (target->weight == 0) continue;
        Term term = answers->measure == MEASURE_CLASS  ? class_term(answers, row, target, b)
                    : answers->measure == MEASURE_RANK ? rank_term(answers, row, target, b)
                                                       : set_term(answers, row, target, b);
        sum.nll += term.nll;
        sum.slope += term.slope;
        sum.curvature += term.curvature;
        terms += answers->measure == MEASURE_SET ? answers->classes : 1;
    }
    if (terms == 0) return sum;
    return (Term){sum.nll / terms, sum.slope / terms, sum.curvature / terms};
}

/* --- fitting --- */

double temperature_fit(const HeadLogits *answers)
{
    bool labelled = false;
    for (size_t i = 0; i < answers->images; i++) labelled |= answers->target[i].weight != 0;
    if (!labelled) return 0;
    double low = 1.0 / TEMPERATURE_MOST, high = TEMPERATURE_MOST, b = 1;
    if (mean_term(answers, low).slope >= 0) return TEMPERATURE_MOST;
    if (mean_term(answers, high).slope <= 0) return 1.0 / TEMPERATURE_MOST;
    for (int i = 0; i < 200 && high - low > 1e-13 * high; i++) {
        Term term = mean_term(answers, b);
        *(term.slope < 0 ? &low : &high) = b;
        double next = b - term.slope / term.curvature;
        if (!(next > low && next < high)) next = low + (high - low) / 2;
        if (next - b < 1e-13 * b && b - next < 1e-13 * b) break;
        b = next;
    }
    return 1 / b;
}

/* --- judging --- */

static void bin_class(int64_t *bins, const HeadLogits *answers, const float *row,
                      const Target *target, double b)
{
    int best = 0;
    double sum = 0;
    for (int k = 1; k < answers->classes; k++)
        if (row[k] > row[best]) best = k;
    for (int k = 0; k < answers->classes; k++)
        sum += plain_exp(b * ((double)row[k] - (double)row[best]));
    calibration_add(bins, (float)(1 / sum), best == target->label);
}

/* The median, as nn_ordinal_rank finds it. */
static void bin_rank(int64_t *bins, const HeadLogits *answers, const float *row,
                     const Target *target, double b)
{
    double beyond = 1, next = 0;
    int rank = 0;
    while (rank < answers->classes - 1) {
        next = beyond * sigmoid(b * (double)row[rank]);
        if (!(next > 0.5)) break;
        beyond = next;
        rank++;
    }
    if (rank == answers->classes - 1) next = 0;
    calibration_add(bins, (float)(beyond - next), rank == target->label);
}

static void bin_set(int64_t *bins, const HeadLogits *answers, const float *row,
                    const Target *target, double b)
{
    for (int k = 0, next = 0; k < answers->classes; k++) {
        bool holds = next < target->members && target->member[next] == k;
        next += holds;
        calibration_add(bins, (float)sigmoid(b * (double)row[k]), holds);
    }
}

static double error_of(const HeadLogits *answers, double b)
{
    int64_t bins[CALIBRATION_COUNTS] = {0};
    for (size_t i = 0; i < answers->images; i++) {
        const Target *target = &answers->target[i];
        const float *row = row_of(answers, i);
        if (target->weight == 0) continue;
        if (answers->measure == MEASURE_CLASS) bin_class(bins, answers, row, target, b);
        if (answers->measure == MEASURE_RANK) bin_rank(bins, answers, row, target, b);
        if (answers->measure == MEASURE_SET) bin_set(bins, answers, row, target, b);
    }
    return calibration_error(bins);
}

Agreement temperature_judge(const HeadLogits *answers, double temperature)
{
    return (Agreement){mean_term(answers, 1 / temperature).nll, error_of(answers, 1 / temperature)};
}
