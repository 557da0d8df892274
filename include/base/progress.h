/*
 * Progress of long work, on standard error: a bar that redraws itself with rate and time left on a
 * terminal, a plain line at most every ten seconds in a log file. Silent on ranks other than 0.
 */
#pragma once

#include <stddef.h>

typedef struct Progress {
    const char *label; /* "packing" */
    const char *unit;  /* "images" */
    size_t total;
    size_t done;
    size_t first;          /* already done at the start, by an earlier process: not in the rate */
    double started, shown; /* clock_seconds; `shown` of the last redraw */
    char suffix[160];      /* free text behind the bar; progress_suffix sets it */
} Progress;

/* Fills `progress` and shows it at `done`. `label` and `unit` are kept, not copied. */
void progress_start(Progress *progress, const char *label, const char *unit, size_t total,
                    size_t done);
/* Sets the count of finished units and redraws if it is time to. */
void progress_set(Progress *progress, size_t done);
void progress_suffix(Progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Clears the bar on a terminal, so that another line can be printed; the next set redraws it. */
void progress_hide(Progress *progress);
/* Ends with a plain line: label, count, seconds, rate. */
void progress_finish(Progress *progress);
