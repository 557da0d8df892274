/* How each kind of head is scored; private to train. */
#pragma once

#include "train/score.h"

/* Counts that every head has, before those of its measure. */
enum { LABELLED, CORRECT, LOSS, TERMS, COMMON_COUNTS };

static const double LOSS_UNIT = 0x1p-32, TERM_UNIT = 0x1p-24;

typedef struct Measure {
    bool judges; /* predictions are right or wrong */
    size_t (*counts)(int classes);
    /* Adds a labelled image: the head's row of logits and predictions. True if the prediction is right. */
    bool (*add)(int64_t *count, const ScoreHead *head, const float *logits, const float *prediction,
                const Target *target);
    /* From counts to what is special about the result; result->labelled > 0. */
    void (*finish)(HeadResult *result, const int64_t *count, const ScoreHead *head);
    /* Members of the current level, and the end of a line. */
    void (*json)(const HeadResult *result, Json *json);
    void (*print)(const HeadResult *result);
} Measure;

extern const Measure *const measures[]; /* by HeadMeasure */

/* A sum of doubles as an integer. What is not finite or absurdly large shows as the largest number. */
int64_t score_units(double value, double unit);
