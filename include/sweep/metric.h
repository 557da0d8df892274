/* What the trials of a sweep are compared by: one number of their validations. */
#pragma once

#include "data/pack.h"
#include "io/json.h"
#include "train/config.h"

typedef struct Metric {
    char name[OPTION_TEXT_BYTES]; /* "joint", "loss" or a head */
    const char
        *figure;   /* of the head in a record of metrics.jsonl, such as "top1"; NULL: of no head */
    bool is_error; /* less is better */
} Metric;

/* "joint": joint accuracy; "loss": the mean of the heads' losses, each alike, since their weights may vary; a head: what it
 * is judged by, accuracy, micro-F1 or mean error. NULL: joint, or loss where no head can be right or wrong. The heads of
 * `config` are settled (plan_heads). Mistakes: no such head, nothing labelled among the pack's validation images. */
bool metric_choose(Metric *metric, const char *name, const Config *config, const Pack *pack,
                   Error *err);

/* The number in a record of a validation; false: it is not there, or not finite. */
bool metric_read(const Metric *metric, const JsonValue *record, double *score);

/* With such a sign that more is better. */
double metric_merit(const Metric *metric, double score);
