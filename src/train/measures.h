/* How each kind of head is scored; private to train. */
#pragma once

#include "train/score.h"

/* Counts that every head has, before those of its measure. */
enum { LABELLED, CORRECT, LOSS, TERMS, COMMON_COUNTS };

static const double LOSS_UNIT = 0x1p-32, TERM_UNIT = 0x1p-24;

/* A measure with classes begins its counts with hits, predictions and labels (classes each). */
enum { COUNTS_PER_CLASS = 3 };

typedef struct Measure {
    bool judges; /* predictions are right or wrong */
    size_t (*counts)(int classes);
    /* The class predicted by a head's row of logits and predictions. NULL: it is not one class. */
    int (*predict)(const ScoreHead *head, const float *logits, const float *prediction);
    /* Adds a labelled image. True if the prediction is right. */
    bool (*add)(int64_t *count, const ScoreHead *head, const float *logits, const float *prediction,
                const Target *target);
    /* From counts to what is special about the result; result->labelled > 0. */
    void (*finish)(HeadResult *result, const int64_t *count, const ScoreHead *head);
    /* Where the counts of metrics/calibration.h are. NULL: there are none. */
    size_t (*calibration)(int classes);
} Measure;

extern const Measure measure_class, measure_rank, measure_set, measure_value, measure_angle;
extern const Measure *const measures[]; /* by HeadMeasure */

/* A sum of doubles as an integer. What is not finite or absurdly large shows as the largest number. */
int64_t score_units(double value, double unit);

ClassCounts measure_classes(const int64_t *count, int classes);
/* Whether a class of a set holds. */
bool measure_has_class(const Target *target, int class);
/* How far a value is away from its label, in the label's unit; the shorter way round of an angle. */
double measure_distance(const ScoreHead *head, float prediction, double label);
