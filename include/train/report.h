/* All that evaluation can say of a model: scores, and what follows from the predictions of single records. */
#pragma once

#include "metrics/interval.h"
#include "metrics/joint.h"
#include "metrics/ranking.h"
#include "train/predictions.h"

/* Up to so many classes there is a confusion matrix. */
enum { CONFUSION_CLASSES_MAX = 1024 };

/* How far a figure may be trusted, by the bootstrap. */
typedef struct FigureInterval {
    const char *key;
    Interval interval;
} FigureInterval;

/* NaN, or NULL, where a figure is not one of the head's kind or not defined. */
typedef struct HeadReport {
    const ScoreHead *head;
    const char *const *class_name; /* (classes) */
    HeadResult result;             /* the error of values is summed in double here */
    ClassCounts counts;
    const int64_t *calibration; /* of classes and ranks: metrics/calibration.h */
    int64_t *confusion;  /* likewise: (classes,classes) of label, prediction; NULL: too many */
    Interval top1, top5; /* top1: of sets, that all classes are right */
    double weighted_f1;
    double nll, brier;                     /* mean of the images; of sets, of images and classes */
    double kappa;                          /* of ranks */
    RankingFigures *ranking;               /* of sets: (classes) */
    double macro_auroc, average_precision; /* their means where they are defined */
    double rmse, r2;
    FigureInterval *interval; /* of report_bootstrap: ends with a NULL key; NULL: there are none */
    int8_t *verdict;          /* (records): VERDICT_…; NULL of values */
} HeadReport;

/* How two heads err together. */
typedef struct HeadPair {
    int first, second;
    ErrorPair errors;
} HeadPair;

typedef struct Report {
    int64_t images, bad;
    HeadReport *head; /* (heads) */
    int heads;
    JointResult joint;
    Interval accuracy;      /* of joint */
    int judged;             /* heads that can be right or wrong */
    int64_t *right, *wrong; /* (judged + 1): images with so many of these right, wrong */
    HeadPair *pair;         /* (pairs) of these */
    int pairs;
} Report;

/* From an evaluation, on rank 0; sums of real numbers are added in the order of the records. `score` and `predictions`
 * are kept. Memory comes from `arena`. */
Report report_create(const Score *score, const Predictions *predictions, Arena *arena);

/* Adds intervals of 95 % for the figures of the heads, from `resamples` (1 to RESAMPLES_MAX of metrics/bootstrap.h) of the
 * split's records, which follow from the model's seed. ERROR_SYSTEM if there is no memory for a byte of each record and
 * resample. Memory comes from `arena`. */
bool report_bootstrap(Report *report, const Predictions *predictions, int resamples, Arena *arena,
                      Error *err);

/* Into the current level; holds all that score_json does. */
void report_json(const Report *report, Json *json);
