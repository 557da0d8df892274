/* How every command ends: exit codes (docs/errors.md), errors, and the parsing of its arguments. */
#pragma once

#include "base/error.h"

enum {
    EXIT_DONE = 0,
    EXIT_BROKEN = 1,    /* a state in which nothing can be done: die() */
    EXIT_USAGE = 2,     /* command line or configuration */
    EXIT_DATA = 3,      /* pack, checkpoint, image, manifest */
    EXIT_SYSTEM = 4,    /* file system, memory, permissions */
    EXIT_STOPPED = 85,  /* by a signal or a time limit, with a checkpoint: to be resumed */
    EXIT_HOPELESS = 86, /* numbers or images too bad to go on, with a checkpoint from before */
};

/* Prints each line of the error as "umbel: …" from rank 0 and returns the exit code of its kind. */
int cli_fail(const Error *err);

struct argp;
struct argp_state;

/* Parses the arguments before MPI starts, and --quiet besides (log_is_terse). Returns only if they are right: help and mistakes end the
 * process (EXIT_DONE, EXIT_USAGE), and of several ranks only the first one prints them. */
void cli_parse(const struct argp *argp, int argc, char **argv, void *arguments);
/* The integer that stands in `text`, of the option `name`; anything else is a mistake that ends the process
 * as cli_parse does. */
long cli_number(struct argp_state *state, const char *name, const char *text, long low, long high);
