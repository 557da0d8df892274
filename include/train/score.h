/*
 * Scores of an evaluation: integer counts, so that any split over workers and ranks adds up to the
 * same.
 */
#pragma once

#include "base/arena.h"
#include "io/json.h"
#include "metrics/classes.h"
#include "models/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What scoring must know of a head. */
typedef struct ScoreHead {
    const char *name;
    const HeadType *type;
    int classes; /* 0: values */
    double unit; /* HeadType.unit, or 1 */
} ScoreHead;
ScoreHead score_head_of(const ModelHead *head);

/* What a head says of a lane's images, and what is right. */
typedef struct HeadOutput {
    const float *logits;     /* (N,outputs) */
    const float *prediction; /* (N,classes) probabilities, or (N,1) values */
    const Target *target;    /* (N): of weight 0 where missing */
} HeadOutput;

/* Counts of all heads in one flat array, which is what is added over workers and ranks. */
typedef struct Score {
    int heads;
    const ScoreHead *head; /* (heads) */
    int64_t *count;        /* (counts); layout private to score.c and the measures */
    size_t counts;
} Score;

/* `head` is kept, not copied. All counts are zero. */
Score score_create(int heads, const ScoreHead *head, Arena *arena);
void score_clear(Score *score);
void score_add(Score *score, const Score *other);

/* Adds image n of a lane; output (heads). The best of equal logits is the lower class. */
void score_image(Score *score, const HeadOutput *output, int n);
/* Adds a lane's summed loss of one head, rounded to a multiple of 2^-32. */
void score_loss(Score *score, int head, double loss);
/* Counts an image that could not be read; it is in no other count. */
void score_bad(Score *score);

/* Whether a class of a set is said to hold, by its probability. */
static inline bool score_holds(float probability)
{
    return probability > 0.5F;
}

/* All numbers are 0 if nothing is labelled; those of other measures are 0 too. */
typedef struct HeadResult {
    HeadMeasure measure;
    int64_t labelled, correct; /* correct: not of values */
    double loss;               /* mean over the terms */
    double top1; /* correct / labelled; of sets: all of an image's classes are right */
    double top5, balanced_accuracy, ece; /* of classes and ranks */
    double macro_f1;                     /* of classes, ranks and sets */
    double micro_f1;                     /* of sets */
    double error; /* mean distance: of ranks, and of values in their own unit */
} HeadResult;
HeadResult score_head(const Score *score, int head);

/* What was counted of each class; no classes of values. */
ClassCounts score_classes(const Score *score, int head);
/* (CALIBRATION_COUNTS) of classes and ranks, else NULL. */
const int64_t *score_calibration(const Score *score, int head);

/* The number that a head is judged by: top-1, micro-F1, or the error, of which less is better. */
double head_score(const HeadResult *result);
bool head_is_better(const HeadResult *result, double best); /* best < 0: anything labelled is */
/* The same number with such a sign that more is better; -infinity of an error where nothing is labelled. */
double head_merit(const HeadResult *result);
/* Whether predictions are right or wrong; else they have an error. */
bool head_judges(HeadMeasure measure);
/* "81.2%", or the error "3.21". */
void head_print_score(const HeadResult *result, char *text, size_t bytes);

/* Images with a labelled head that can be right or wrong; those with all such heads right. */
typedef struct JointResult {
    int64_t labelled, correct;
    double accuracy;
} JointResult;
JointResult score_joint(const Score *score);
int64_t score_images(const Score *score); /* read, labelled or not */
int64_t score_bad_images(const Score *score);

/* Members "images", "bad", "heads": {…}, "joint": {…} into the current level. */
void score_json(const Score *score, Json *json);
/* The members of one head, and of all together. */
void head_json(const HeadResult *result, Json *json);
void joint_json(const JointResult *result, Json *json);
