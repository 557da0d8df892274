/*
 * Scores of an evaluation: integer counts, so that any split over workers and ranks adds up to the
 * same.
 */
#pragma once

#include "base/arena.h"
#include "io/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Counts of all heads in one flat array, which is what is added over workers and ranks. */
typedef struct Score {
    int heads;
    const int *classes;      /* (heads) */
    const char *const *name; /* (heads) */
    int64_t *count;          /* (counts); layout private to score.c */
    size_t counts;
} Score;

/* `classes` and `name` are kept, not copied. All counts are zero. */
Score score_create(int heads, const int *classes, const char *const *name, Arena *arena);
void score_clear(Score *score);
void score_add(Score *score, const Score *other);

/* Adds image n of a lane: logits[h] is (N,classes of h), label[h] is (N), < 0 where missing. The
 * best of equal logits is the lower class. */
void score_image(Score *score, const float *const *logits, int32_t *const *label, int n);
/* Adds a lane's summed loss of one head, rounded to a multiple of 2^-32. */
void score_loss(Score *score, int head, double loss);
/* Counts an image that could not be read; it is in no other count. */
void score_bad(Score *score);

typedef struct HeadResult {
    int64_t labelled, correct;
    double top1, top5, macro_f1, loss; /* 0 if nothing is labelled */
} HeadResult;
HeadResult score_head(const Score *score, int head);

typedef struct JointResult {
    int64_t labelled,
        correct; /* images with a labelled head; those with all labelled heads right */
    double accuracy;
} JointResult;
JointResult score_joint(const Score *score);
int64_t score_images(const Score *score); /* read, labelled or not */
int64_t score_bad_images(const Score *score);

/* Members "images", "bad", "heads": {…}, "joint": {…} into the current level. */
void score_json(const Score *score, Json *json);
/* A table for people, on standard output: a line per head and one for all together. */
void score_print(const Score *score);
