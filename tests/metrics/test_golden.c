/* Figures of made-up records against those of scikit-learn and SciPy (make_golden.py), to 1e-12. */
#include "check.h"
#include "golden.h"

#include "metrics/agreement.h"
#include "metrics/calibration.h"
#include "metrics/classes.h"
#include "metrics/interval.h"
#include "metrics/joint.h"
#include "metrics/likelihood.h"
#include "metrics/ranking.h"
#include "metrics/values.h"

#include <math.h>

/* As in make_golden.py. */
static int noise(uint32_t stream, int i)
{
    uint32_t h = (uint32_t)i * 2654435761U + (stream + 1) * 2246822519U;
    h ^= h >> 15;
    h *= 3266489917U;
    h ^= h >> 13;
    return (int)(h >> 8);
}

static void check(const char *name, double ours, double theirs)
{
    if (fabs(ours - theirs) <= 1e-12) return;
    fprintf(stderr, "%s: %.17g, scikit-learn %.17g\n", name, ours, theirs);
    fail();
}

/* -1 stands for what is not defined. */
static void check_defined(const char *name, double ours, double theirs)
{
    check(name, isnan(ours) ? -1 : ours, theirs);
}

/* The labelled records of one golden row. */
typedef struct Records {
    int count;
    int32_t label[RECORDS], predicted[RECORDS];
    float probability[RECORDS][CLASSES];
    bool holds[RECORDS][TAGS];
    float score[RECORDS][TAGS];
    double value[RECORDS], distance[RECORDS];
    int8_t right[RECORDS], exact[RECORDS];
} Records;

static void make_class(Records *records, int r, int i)
{
    int label = noise(1, i) % (CLASSES - 1), share[CLASSES], sum = 0, best = 0;
    for (int k = 0; k < CLASSES; k++) {
        share[k] = 1 + noise(3, i * CLASSES + k) % 8;
        share[k] += k == label && noise(4, i) % 3 > 0 ? 6 : 0;
        sum += share[k];
        if (share[k] > share[best]) best = k;
    }
    for (int k = 0; k < CLASSES; k++) records->probability[r][k] = (float)share[k] / (float)sum;
    records->label[r] = label;
    records->predicted[r] = best;
    records->right[r] = best == label ? VERDICT_RIGHT : VERDICT_WRONG;
}

static void make_set(Records *records, int r, int i)
{
    records->exact[r] = VERDICT_RIGHT;
    for (int k = 0; k < TAGS; k++) {
        bool holds = noise(5, i * TAGS + k) % 4 == 0 && k < TAGS - 1;
        records->holds[r][k] = holds;
        records->score[r][k] = (float)(1 + noise(6, i * TAGS + k) % 16 + 5 * holds) / 32;
        if (holds != (records->score[r][k] > 0.5F)) records->exact[r] = VERDICT_WRONG;
    }
}

static void make(Records *records, int missing)
{
    records->count = 0;
    for (int i = 0; i < RECORDS; i++) {
        if (noise(2, i) % 100 < missing) continue;
        int r = records->count++;
        make_class(records, r, i);
        make_set(records, r, i);
        records->value[r] = noise(7, i) % 2000 / 16.0;
        records->distance[r] = fabs((noise(8, i) % 400 - 190) / 16.0);
    }
}

static void check_classes(const Records *records, const Golden *row)
{
    int64_t hits[CLASSES] = {0}, predicted[CLASSES] = {0}, labels[CLASSES] = {0};
    int64_t calibration[CALIBRATION_COUNTS] = {0}, correct = 0;
    double loss = 0, squares = 0;
    for (int r = 0; r < records->count; r++) {
        const float *probability = records->probability[r];
        int label = records->label[r], best = records->predicted[r];
        hits[label] += best == label;
        predicted[best]++;
        labels[label]++;
        correct += best == label;
        calibration_add(calibration, probability[best], best == label);
        loss += likelihood_loss(probability[label]);
        squares += likelihood_squares(probability, CLASSES, label);
    }
    ClassCounts counts = {CLASSES, hits, predicted, labels};
    for (int k = 0; k < CLASSES; k++) {
        ClassFigures figures = class_figures(&counts, k);
        check("precision", figures.precision, row->precision[k]);
        check("recall", figures.recall, row->recall[k]);
        check("F1", figures.f1, row->f1[k]);
    }
    check("macro-F1", class_macro_f1(&counts), row->macro_f1);
    check("weighted F1", class_weighted_f1(&counts), row->weighted_f1);
    check("balanced accuracy", class_balanced_accuracy(&counts), row->balanced_accuracy);
    check("calibration error", calibration_error(calibration), row->ece);
    check("log likelihood", loss / records->count, row->nll);
    check("Brier's score", squares / records->count, row->brier);
    check("kappa", agreement_kappa(records->label, records->predicted, (size_t)records->count),
          row->kappa);
    Interval interval = interval_wilson(correct, records->count);
    check("interval", interval.low, row->low);
    check("interval", interval.high, row->high);
}

static void check_sets(const Records *records, const Golden *row)
{
    int64_t hits[TAGS] = {0}, predicted[TAGS] = {0}, labels[TAGS] = {0};
    double loss = 0, squares = 0;
    for (int r = 0; r < records->count; r++) {
        int32_t member[TAGS];
        int members = 0;
        for (int k = 0; k < TAGS; k++) {
            bool holds = records->holds[r][k], found = records->score[r][k] > 0.5F;
            if (holds) member[members++] = k;
            hits[k] += holds && found;
            predicted[k] += found;
            labels[k] += holds;
        }
        SetLikelihood sum = likelihood_of_set(records->score[r], TAGS, member, members);
        loss += sum.loss;
        squares += sum.squares;
    }
    ClassCounts counts = {TAGS, hits, predicted, labels};
    check("macro-F1 of sets", class_macro_f1(&counts), row->set_macro_f1);
    check("micro-F1 of sets", class_micro_f1(&counts), row->set_micro_f1);
    check("log likelihood of sets", loss / (records->count * TAGS), row->set_nll);
    check("Brier's score of sets", squares / (records->count * TAGS), row->set_brier);
    for (int k = 0; k < TAGS; k++) {
        Ranked ranked[RECORDS];
        for (int r = 0; r < records->count; r++)
            ranked[r] = (Ranked){records->score[r][k], records->holds[r][k]};
        RankingFigures figures = ranking_figures(ranked, (size_t)records->count);
        check_defined("AUROC", figures.auroc, row->auroc[k]);
        check_defined("average precision", figures.average_precision, row->precision_mean[k]);
    }
}

static void test_golden(void **state)
{
    (void)state;
    static Records records;
    for (size_t g = 0; g < sizeof golden / sizeof *golden; g++) {
        const Golden *row = &golden[g];
        make(&records, row->missing);
        check_classes(&records, row);
        check_sets(&records, row);
        ValueFigures values = value_figures(records.value, records.distance, (size_t)records.count);
        check("mean error", values.mae, row->mae);
        check("root of the mean square", values.rmse, row->rmse);
        check("R2", values.r2, row->r2);
        ErrorPair pair = joint_pair(records.right, records.exact, (size_t)records.count);
        check("phi", joint_phi(&pair), row->phi);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
