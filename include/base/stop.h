/*
 * Requests to stop: by SIGTERM, SIGUSR1, SIGINT or SIGHUP, or by the program itself (a time limit).
 * A handler only sets a flag; whoever works looks at it where stopping is possible. A second SIGINT
 * ends the process at once, as if there were no handler.
 */
#pragma once

#include "base/error.h"

/* Installs the handlers; after MPI has started, which may install others. */
void stop_install(void);

/* Asks for a stop from inside; `reason` is a string literal. */
void stop_request(const char *reason);

bool stop_requested(void);
/* "SIGTERM", or the reason given; NULL if no stop was requested. */
const char *stop_reason(void);

/* Whether a stop was requested; if so, that `work` was stopped and leaves nothing behind is an error. */
bool stop_ends(const char *work, Error *err);
