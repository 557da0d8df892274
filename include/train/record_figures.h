/*
 * The numbers of a record of metrics.jsonl one by one: what TensorBoard and tables show. So a member of a record is in both
 * by itself.
 */
#pragma once

#include "io/json.h"

typedef struct RecordFigure {
    const char *split; /* whose images: "train" or "val" */
    const char *head;  /* NULL: all together */
    const char *name;  /* as in the record, by levels: "top1", "time.data", "joint.accuracy" */
    double value;
} RecordFigure;

typedef void RecordVisitor(void *context, const RecordFigure *figure);

/* Calls visit for each number but step and epoch, in the order of the record; of the interference of heads the norm of
 * each, and for each pair the "cosine.OTHER" of the later one. There are none in a record of another kind than train, val
 * and epoch. */
void record_figures(const JsonValue *record, RecordVisitor *visit, void *context);
