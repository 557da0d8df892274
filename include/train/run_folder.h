/*
 * The run folder: config.yaml, metrics.jsonl, checkpoint/step-N.h5 and links to the last and best
 * ones. Only rank 0 writes.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { RUN_PATH_BYTES = 1024 };

typedef struct RunFolder {
    char path[RUN_PATH_BYTES - 128];
    int keep; /* newest checkpoints that are kept; linked ones always are */
} RunFolder;

/* Path of checkpoint/step-N.h5. */
void run_folder_checkpoint(const RunFolder *folder, uint64_t step, char *path, size_t bytes);
/* Step of the newest checkpoint by name that is below `limit`; false if there is none. */
bool run_folder_newest(const RunFolder *folder, uint64_t limit, uint64_t *step);

/* Makes the folder where it is missing. */
bool run_folder_make(const RunFolder *folder, Error *err);
/* Makes the folder; refuses one that holds a checkpoint unless `resume`. Removes unfinished files
 * that a killed process has left. */
bool run_folder_open(const RunFolder *folder, bool resume, Error *err);
bool run_folder_write_config(const RunFolder *folder, const char *text, Error *err);

/* Points checkpoint/NAME.h5 … "last", "best-HEAD", "best-joint" … at the checkpoint of `step`. */
bool run_folder_link(const RunFolder *folder, const char *name, uint64_t step, Error *err);
/* Has links "pareto-N" to those of the checkpoints of `step` (count) that are there, and to no others. */
bool run_folder_link_front(const RunFolder *folder, const uint64_t *step, size_t count, Error *err);
/* Removes all but the newest `keep` checkpoints and the linked ones. */
void run_folder_prune(const RunFolder *folder);

/* Bytes of the checkpoints in the folder. */
uint64_t run_folder_bytes(const RunFolder *folder);

/* Appends one line to metrics.jsonl. */
bool run_folder_append(const RunFolder *folder, const char *line, Error *err);
/* Drops the records that will be written again: of steps after `step`, and of its validation, unless that is done (`validated`).
 * They are the last ones, but where an earlier call failed; so it needs no room on the disk. */
bool run_folder_rewind(const RunFolder *folder, uint64_t step, bool validated, Error *err);
