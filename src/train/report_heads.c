/* From the predictions of a head to the figures of its kind. */
#include "measures.h"
#include "report_kinds.h"

#include "metrics/agreement.h"
#include "metrics/likelihood.h"
#include "metrics/values.h"

#include <math.h>

static double mean(double sum, size_t count)
{
    return count ? sum / (double)count : (double)NAN;
}

/* --- one class of many --- */

static void count_confusion(HeadReport *report, int label, int predicted)
{
    size_t classes = (size_t)report->head->classes;
    if (report->confusion) report->confusion[(size_t)label * classes + (size_t)predicted]++;
}

void report_class(HeadReport *report, const Predictions *predictions, int index, Arena *arena)
{
    size_t classes = (size_t)report->head->classes, labelled = 0;
    double loss = 0, squares = 0;
    if (classes <= CONFUSION_CLASSES_MAX)
        report->confusion = arena_new(arena, int64_t, classes * classes);
    for (size_t i = 0; i < predictions->records; i++) {
        Target target = predictions_target(predictions, index, i);
        const Said *said = &predictions->head[index].said[i];
        if (target.weight == 0) continue;
        labelled++;
        loss += likelihood_loss(said->label_probability);
        squares += said->squares;
        count_confusion(report, target.label, said->predicted);
        report->verdict[i] = said->predicted == target.label ? VERDICT_RIGHT : VERDICT_WRONG;
    }
    report->nll = mean(loss, labelled);
    report->brier = mean(squares, labelled);
    report->weighted_f1 = class_weighted_f1(&report->counts);
    report->top5 =
        interval_wilson(llround(report->result.top5 * (double)labelled), (int64_t)labelled);
}

void report_rank(HeadReport *report, const Predictions *predictions, int index, Arena *arena)
{
    int32_t *label = arena_new(arena, int32_t, predictions->records + 1),
            *predicted = arena_new(arena, int32_t, predictions->records + 1);
    size_t labelled = 0;
    report_class(report, predictions, index, arena);
    for (size_t i = 0; i < predictions->records; i++) {
        Target target = predictions_target(predictions, index, i);
        if (target.weight == 0) continue;
        label[labelled] = target.label;
        predicted[labelled++] = predictions->head[index].said[i].predicted;
    }
    report->kappa = agreement_kappa(label, predicted, labelled);
}

/* --- any number of classes --- */

/* `ranked` (records) is for a class at a time. */
static void rank_classes(HeadReport *report, const Predictions *predictions, int index,
                         Ranked *ranked)
{
    const HeadPredictions *head = &predictions->head[index];
    double auroc = 0, precision = 0;
    size_t with_auroc = 0, with_precision = 0;
    for (int k = 0; k < report->head->classes; k++) {
        size_t labelled = 0;
        for (size_t i = 0; i < predictions->records; i++) {
            Target target = predictions_target(predictions, index, i);
            if (target.weight == 0) continue;
            float score = head->vector[i * (size_t)head->width + (size_t)k];
            ranked[labelled++] = (Ranked){score, measure_has_class(&target, k)};
        }
        RankingFigures figures = report->ranking[k] = ranking_figures(ranked, labelled);
        if (!isnan(figures.auroc)) auroc += figures.auroc, with_auroc++;
        if (!isnan(figures.average_precision))
            precision += figures.average_precision, with_precision++;
    }
    report->macro_auroc = mean(auroc, with_auroc);
    report->average_precision = mean(precision, with_precision);
}

static int8_t judge_set(const float *probability, int classes, const Target *target)
{
    int8_t verdict = VERDICT_RIGHT;
    for (int k = 0, next = 0; k < classes; k++) {
        bool holds = next < target->members && target->member[next] == k;
        next += holds;
        if (holds != score_holds(probability[k])) verdict = VERDICT_WRONG;
    }
    return verdict;
}

void report_set(HeadReport *report, const Predictions *predictions, int index, Arena *arena)
{
    const HeadPredictions *head = &predictions->head[index];
    int classes = report->head->classes;
    double loss = 0, squares = 0;
    size_t labelled = 0;
    for (size_t i = 0; i < predictions->records; i++) {
        Target target = predictions_target(predictions, index, i);
        if (target.weight == 0) continue;
        const float *probability = head->vector + i * (size_t)head->width;
        SetLikelihood sum = likelihood_of_set(probability, classes, target.member, target.members);
        labelled++;
        loss += sum.loss;
        squares += sum.squares;
        report->verdict[i] = judge_set(probability, classes, &target);
    }
    report->nll = mean(loss, labelled * (size_t)classes);
    report->brier = mean(squares, labelled * (size_t)classes);
    report->weighted_f1 = class_weighted_f1(&report->counts);
    report->ranking = arena_new(arena, RankingFigures, classes);
    rank_classes(report, predictions, index, arena_new(arena, Ranked, predictions->records + 1));
}

/* --- numbers --- */

static ValueFigures figures_of(HeadReport *report, const Predictions *predictions, int index,
                               Arena *arena)
{
    double *label = arena_new(arena, double, predictions->records + 1),
           *distance = arena_new(arena, double, predictions->records + 1);
    size_t labelled = 0;
    for (size_t i = 0; i < predictions->records; i++) {
        Target target = predictions_target(predictions, index, i);
        if (target.weight == 0) continue;
        label[labelled] = target.value;
        distance[labelled++] =
            measure_distance(report->head, predictions->head[index].vector[i], target.value);
    }
    ValueFigures figures = value_figures(label, distance, labelled);
    if (labelled) report->result.error = figures.mae;
    report->rmse = figures.rmse;
    return figures;
}

void report_value(HeadReport *report, const Predictions *predictions, int index, Arena *arena)
{
    report->r2 = figures_of(report, predictions, index, arena).r2;
}

/* An angle's variance depends on where the circle is cut, so nothing is said of its share. */
void report_angle(HeadReport *report, const Predictions *predictions, int index, Arena *arena)
{
    figures_of(report, predictions, index, arena);
}
