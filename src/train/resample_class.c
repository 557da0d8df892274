/* Resamples of heads for single classes, ordered or not. */
#include "measures.h"
#include "resample.h"

#include "metrics/agreement.h"
#include "metrics/calibration.h"
#include "metrics/likelihood.h"

#include <stdlib.h>
#include <string.h>

typedef struct ClassSums {
    int64_t *count; /* (COUNTS_PER_CLASS,classes) */
    int64_t calibration[CALIBRATION_COUNTS];
    int32_t *label, *predicted; /* (drawn) */
    size_t drawn;
    double loss, squares;
    int64_t distance;
} ClassSums;

static void draw(ClassSums *sums, const Said *said, int label, int classes)
{
    bool right = said->predicted == label;
    sums->count[label] += right;
    sums->count[classes + said->predicted]++;
    sums->count[2 * classes + label]++;
    calibration_add(sums->calibration, said->probability, right);
    sums->label[sums->drawn] = label;
    sums->predicted[sums->drawn++] = said->predicted;
    sums->distance += abs(said->predicted - label);
}

static void add_up(const Sample *sample, ClassSums *sums, const double *loss, int b)
{
    size_t counts = COUNTS_PER_CLASS * (size_t)sample->head->classes;
    memset(sums->count, 0, sizeof *sums->count * counts);
    *sums = (ClassSums){.count = sums->count, .label = sums->label, .predicted = sums->predicted};
    for (size_t i = 0; i < sample->count; i++) {
        const Said *said = &sample->predictions->said[sample->place[i]];
        int times = sample_times(sample, b, i);
        for (int t = 0; t < times; t++)
            draw(sums, said, sample->target[i].label, sample->head->classes);
        sums->loss += times * loss[i];
        sums->squares += times * said->squares;
    }
}

void resample_class(const Sample *sample, Resampled *result)
{
    int classes = sample->head->classes;
    double *loss = arena_new(sample->arena, double, sample->count + 1);
    ClassSums sums = {.count =
                          arena_new(sample->arena, int64_t, COUNTS_PER_CLASS * (size_t)classes),
                      .label = arena_new(sample->arena, int32_t, sample_most(sample)),
                      .predicted = arena_new(sample->arena, int32_t, sample_most(sample))};
    for (size_t i = 0; i < sample->count; i++)
        loss[i] = likelihood_loss(sample->predictions->said[sample->place[i]].label_probability);
    for (int b = 0; b < sample->resamples->count; b++) {
        add_up(sample, &sums, loss, b);
        if (sums.drawn == 0) continue;
        double drawn = (double)sums.drawn;
        ClassCounts counts = measure_classes(sums.count, classes);
        result[b].macro_f1 = class_macro_f1(&counts);
        result[b].weighted_f1 = class_weighted_f1(&counts);
        result[b].balanced_accuracy = class_balanced_accuracy(&counts);
        result[b].ece = calibration_error(sums.calibration);
        result[b].nll = sums.loss / drawn;
        result[b].brier = sums.squares / drawn;
        result[b].kappa = agreement_kappa(sums.label, sums.predicted, sums.drawn);
        result[b].mae = (double)sums.distance / drawn;
    }
}
