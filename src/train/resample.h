/* The figures of a head for each resample of its records, a file per family of heads; private to train. */
#pragma once

#include "metrics/bootstrap.h"
#include "train/report.h"

/* The figures of one resample; NaN where they are not defined. */
typedef struct Resampled {
    double macro_f1, micro_f1, weighted_f1, balanced_accuracy, ece, nll, brier, kappa;
    double macro_auroc, average_precision, mae, rmse, r2;
} Resampled;

/* The labelled records of a head. */
typedef struct Sample {
    const ScoreHead *head;
    const HeadPredictions *predictions;
    const Resamples *resamples;
    size_t count;
    const size_t *place;  /* (count): number in the split */
    const Target *target; /* (count) */
    Arena *arena;
} Sample;

/* How often resample `b` has drawn labelled record number i. */
static inline int sample_times(const Sample *sample, int b, size_t i)
{
    return sample->resamples->times[(size_t)b * sample->resamples->records + sample->place[i]];
}

/* Room for all that one resample draws. */
static inline size_t sample_most(const Sample *sample)
{
    return sample->resamples->records + 1;
}

/* Fills in (resamples->count) results that come with NaN everywhere. */
typedef void ResampleHead(const Sample *sample, Resampled *result);
ResampleHead resample_class, resample_set, resample_value;
