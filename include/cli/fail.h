/* How every command ends: exit codes (docs/errors.md), errors, and the parsing of its arguments. */
#pragma once

#include "base/error.h"

enum {
    EXIT_DONE = 0,
    EXIT_BROKEN = 1, /* a state in which nothing can be done: die() */
    EXIT_USAGE = 2,  /* command line or configuration */
    EXIT_DATA = 3,   /* pack, checkpoint, image, manifest */
    EXIT_SYSTEM = 4, /* file system, memory, permissions */
};

/* Prints each line of the error as "umbel: …" from rank 0 and returns the exit code of its kind. */
int cli_fail(const Error *err);

struct argp;

/* Parses the arguments before MPI starts. Returns only if they are right: help and mistakes end the
 * process (EXIT_DONE, EXIT_USAGE), and of several ranks only the first one prints them. */
void cli_parse(const struct argp *argp, int argc, char **argv, void *arguments);
