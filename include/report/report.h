/* Pages for people: a report of runs, and a pack at a glance. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "data/pack.h"
#include "dist/comm.h"

typedef struct ReportOptions {
    const char *const
        *run; /* (runs) folders; the first is the one of interest, the others for comparison */
    int runs;
    const char *pack; /* NULL: no images are looked at */
    const char *
        checkpoint; /* name in the run's folder checkpoint; NULL: best-joint, best-weighted or last */
    Split split;    /* that the checkpoint answers for */
    int workers;    /* 0: the cores this rank may use */
    const char *out;
} ReportOptions;

/* Writes the page of the runs. On one rank. Memory comes from `arena`. */
bool report_runs(const ReportOptions *options, Comm *comm, Arena *arena, Error *err);

/* Makes a table of all figures of the runs, as CSV in memory from malloc: run, epoch, step, split, head, figure, value. Of
 * `options` the runs count. Lines of metrics.jsonl that cannot be read are warned of. */
bool report_figures(const ReportOptions *options, char **csv, size_t *bytes, Arena *arena,
                    Error *err);

/* Writes the page of a pack. */
bool report_pack(const char *pack, const char *out, Arena *arena, Error *err);
