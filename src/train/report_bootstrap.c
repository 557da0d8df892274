/* Intervals of what is not a counted share: each figure again for every resample of the records, which are the same for
 * all heads. */
#include "figures.h"
#include "resample.h"

#include <math.h>

static const Figure figures[] = {
    {"balanced_accuracy", OF_CLASSES, offsetof(Resampled, balanced_accuracy)},
    {"macro_f1", OF_CLASSES | OF_SET, offsetof(Resampled, macro_f1)},
    {"micro_f1", OF_SET, offsetof(Resampled, micro_f1)},
    {"weighted_f1", OF_CLASSES | OF_SET, offsetof(Resampled, weighted_f1)},
    {"ece", OF_CLASSES, offsetof(Resampled, ece)},
    {"nll", OF_CLASSES | OF_SET, offsetof(Resampled, nll)},
    {"brier", OF_CLASSES | OF_SET, offsetof(Resampled, brier)},
    {"kappa", OF_RANK, offsetof(Resampled, kappa)},
    {"macro_auroc", OF_SET, offsetof(Resampled, macro_auroc)},
    {"map", OF_SET, offsetof(Resampled, average_precision)},
    {"mae", OF_RANK | OF_VALUE | OF_ANGLE, offsetof(Resampled, mae)},
    {"rmse", OF_VALUE | OF_ANGLE, offsetof(Resampled, rmse)},
    {"r2", OF_VALUE, offsetof(Resampled, r2)},
};
enum { FIGURES = sizeof figures / sizeof *figures };

static ResampleHead *const kinds[] = {[MEASURE_CLASS] = resample_class,
                                      [MEASURE_RANK] = resample_class,
                                      [MEASURE_SET] = resample_set,
                                      [MEASURE_VALUE] = resample_value,
                                      [MEASURE_ANGLE] = resample_value};

static Sample sample_of(const Predictions *predictions, int index, const Resamples *resamples,
                        Arena *arena)
{
    size_t count = 0, *place = arena_new(arena, size_t, predictions->records + 1);
    Target *target = arena_new(arena, Target, predictions->records + 1);
    for (size_t i = 0; i < predictions->records; i++) {
        target[count] = predictions_target(predictions, index, i);
        place[count] = i;
        count += target[count].weight != 0;
    }
    return (Sample){.head = &predictions->of[index],
                    .predictions = &predictions->head[index],
                    .resamples = resamples,
                    .count = count,
                    .place = place,
                    .target = target,
                    .arena = arena};
}

/* A figure of all resamples; `value` (count) is for it alone. */
static Interval interval_of(const Resampled *result, const Figure *figure, double *value, int count)
{
    for (int b = 0; b < count; b++)
        value[b] = *(const double *)((const char *)&result[b] + figure->offset);
    return resamples_interval(value, count);
}

static void resample_head(HeadReport *report, const Sample *sample)
{
    int count = sample->resamples->count, kept = 0;
    const double none = (double)NAN;
    Resampled *result = arena_new(sample->arena, Resampled, count);
    double *value = arena_new(sample->arena, double, count);
    for (int b = 0; b < count; b++)
        result[b] = (Resampled){none, none, none, none, none, none, none,
                                none, none, none, none, none, none};
    kinds[report->result.measure](sample, result);
    report->interval = arena_new(sample->arena, FigureInterval, FIGURES + 1);
    for (int f = 0; f < FIGURES; f++)
        if (figures[f].measures & 1U << report->result.measure)
            report->interval[kept++] =
                (FigureInterval){figures[f].key, interval_of(result, &figures[f], value, count)};
}

bool report_bootstrap(Report *report, const Predictions *predictions, int resamples, Arena *arena,
                      Error *err)
{
    Resamples drawn;
    if (!resamples_draw(&drawn, resamples, predictions->records, predictions->engine->seed, arena))
        return error_set(err, ERROR_SYSTEM,
                         "--bootstrap: no memory for %d resamples of %zu images; take fewer",
                         resamples, predictions->records);
    for (int h = 0; h < report->heads; h++) {
        Sample sample = sample_of(predictions, h, &drawn, arena);
        resample_head(&report->head[h], &sample);
    }
    return true;
}
