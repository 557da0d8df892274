/* What a run folder tells without its checkpoints: configuration, records, unreadable images. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "io/json.h"

typedef struct RunRecords {
    const char *path;
    const char *name;        /* last part of the path */
    const char *config;      /* text of config.yaml; "" if there is none */
    const char *bad_images;  /* text of bad_images.csv; "" likewise */
    JsonValue **record;      /* (records), the lines of metrics.jsonl that are records */
    size_t records, damaged; /* damaged: other lines */
    const char **head;       /* (heads), as they come in the records */
    int heads;
} RunRecords;

/* Reads the folder; it must hold metrics.jsonl with at least one record. Memory comes from `arena`, but for what
 * run_records_close frees. */
bool run_records_open(RunRecords *run, const char *path, Arena *arena, Error *err);
void run_records_close(RunRecords *run);

/* Numbers of the records of one kind, over `epoch`. */
typedef struct Series {
    const double *x, *y; /* (count) */
    size_t count;
} Series;

/* The number at `key` (keys from the outside in, ending with NULL) in the records of `kind`: those that have it. */
Series run_records_series(const RunRecords *run, const char *kind, const char *const *key,
                          Arena *arena);
/* The last record of a kind; NULL: none. */
const JsonValue *run_records_last(const RunRecords *run, const char *kind);
/* Whether the record is of the kind. */
bool run_record_is(const JsonValue *record, const char *kind);
