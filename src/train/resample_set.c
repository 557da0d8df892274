/* Resamples of heads for any number of classes. */
#include "measures.h"
#include "resample.h"

#include "metrics/likelihood.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float *row_of(const Sample *sample, size_t i)
{
    return sample->predictions->vector + sample->place[i] * (size_t)sample->predictions->width;
}

/* --- counts and likelihoods: of all classes, resample by resample --- */

static void count_row(int64_t *count, const Sample *sample, size_t i, int times)
{
    const Target *target = &sample->target[i];
    const float *probability = row_of(sample, i);
    int classes = sample->head->classes;
    for (int k = 0, next = 0; k < classes; k++) {
        bool holds = next < target->members && target->member[next] == k,
             found = score_holds(probability[k]);
        next += holds;
        count[k] += holds && found ? times : 0;
        count[classes + k] += found ? times : 0;
        count[2 * classes + k] += holds ? times : 0;
    }
}

static void resample_counts(const Sample *sample, Resampled *result)
{
    int classes = sample->head->classes;
    size_t counts = COUNTS_PER_CLASS * (size_t)classes;
    int64_t *count = arena_new(sample->arena, int64_t, counts);
    SetLikelihood *likelihood = arena_new(sample->arena, SetLikelihood, sample->count + 1);
    for (size_t i = 0; i < sample->count; i++)
        likelihood[i] = likelihood_of_set(row_of(sample, i), classes, sample->target[i].member,
                                          sample->target[i].members);
    for (int b = 0; b < sample->resamples->count; b++) {
        double loss = 0, squares = 0, drawn = 0;
        memset(count, 0, sizeof *count * counts);
        for (size_t i = 0; i < sample->count; i++) {
            int times = sample_times(sample, b, i);
            if (times == 0) continue;
            count_row(count, sample, i, times);
            loss += times * likelihood[i].loss;
            squares += times * likelihood[i].squares;
            drawn += times;
        }
        if (drawn == 0) continue;
        ClassCounts totals = measure_classes(count, classes);
        result[b].macro_f1 = class_macro_f1(&totals);
        result[b].micro_f1 = class_micro_f1(&totals);
        result[b].weighted_f1 = class_weighted_f1(&totals);
        result[b].nll = loss / (drawn * classes);
        result[b].brier = squares / (drawn * classes);
    }
}

/* --- rankings: class by class, so that each is sorted once --- */

typedef struct Place {
    Ranked ranked;
    size_t i; /* labelled record */
} Place;

static int by_falling_score(const void *a, const void *b)
{
    return ranking_compare(((const Place *)a)->ranked.score, ((const Place *)b)->ranked.score);
}

static void sort_class(const Sample *sample, Place *order, int class)
{
    for (size_t i = 0; i < sample->count; i++)
        order[i] =
            (Place){{row_of(sample, i)[class], measure_has_class(&sample->target[i], class)}, i};
    qsort(order, sample->count, sizeof *order, by_falling_score);
}

/* Means over the classes of which there is something to say. */
typedef struct RankingSum {
    double auroc, precision;
    int with_auroc, with_precision;
} RankingSum;

static void add_ranking(RankingSum *sum, const RankingFigures *figures)
{
    if (!isnan(figures->auroc)) {
        sum->auroc += figures->auroc;
        sum->with_auroc++;
    }
    if (!isnan(figures->average_precision)) {
        sum->precision += figures->average_precision;
        sum->with_precision++;
    }
}

static void resample_rankings(const Sample *sample, Resampled *result)
{
    int count = sample->resamples->count;
    Place *order = arena_new(sample->arena, Place, sample->count + 1);
    Ranked *drawn = arena_new(sample->arena, Ranked, sample_most(sample));
    RankingSum *sum = arena_new(sample->arena, RankingSum, count);
    for (int k = 0; k < sample->head->classes; k++) {
        sort_class(sample, order, k);
        for (int b = 0; b < count; b++) {
            size_t many = 0;
            for (size_t i = 0; i < sample->count; i++)
                for (int t = sample_times(sample, b, order[i].i); t > 0; t--)
                    drawn[many++] = order[i].ranked;
            RankingFigures figures = ranking_of_sorted(drawn, many);
            add_ranking(&sum[b], &figures);
        }
    }
    for (int b = 0; b < count; b++) {
        if (sum[b].with_auroc) result[b].macro_auroc = sum[b].auroc / sum[b].with_auroc;
        if (sum[b].with_precision)
            result[b].average_precision = sum[b].precision / sum[b].with_precision;
    }
}

void resample_set(const Sample *sample, Resampled *result)
{
    resample_counts(sample, result);
    resample_rankings(sample, result);
}
