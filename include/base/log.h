/*
 * Messages for people, on standard error. Only rank 0 speaks, except through log_rank.
 */
#pragma once

#include <stdbool.h>

/* Called once by dist when the rank is known; rank 0 until then. */
void log_set_rank(int rank);
int log_get_rank(void);

/* Keeps log_info, log_warning and progress silent: for work that is done again aloud, or told of by others. Returns
 * whether they were. */
bool log_set_quiet(bool quiet);
bool log_is_quiet(void);

/* What the user asked for (--quiet): log_info and progress are silent, warnings are not. */
void log_set_terse(bool terse);
bool log_is_terse(void);

/* A line from rank 0. */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line "umbel: warning: …" from rank 0. */
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line "umbel: rank R: …" from whichever rank calls. */
void log_rank(const char *format, ...) __attribute__((format(printf, 1, 2)));
