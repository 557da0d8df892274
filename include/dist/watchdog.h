/*
 * The watchdog: a thread of each rank that ends the job when a rank is dead, stopped, stuck or cut
 * off, and says which one, where, and what it did last. It uses TCP connections of its own and never
 * MPI: every rank reports its pulse (base/pulse.h) each second to rank 0 and rank 1, who answer.
 *
 *   a connection closes without a farewell        the rank is gone, told at once
 *   no report for `seconds`                       it is stopped, or its host is cut off
 *   reports, but no progress for `seconds`        it is stuck (file systems get time by their size)
 *   all ranks wait for each other for `seconds`   a collective that not all have entered, or MPI
 *
 * The first to see it prints one line and ends its process with WATCHDOG_EXIT; the launcher, or the
 * loss of the watching ranks, ends the others. A step may last as long as it likes while it makes
 * progress.
 */
#pragma once

#include "dist/comm.h"

enum { WATCHDOG_EXIT = 75 };

typedef struct Watchdog Watchdog;

/* Connects the ranks and starts the thread. NULL, with a warning, where ranks cannot reach each
 * other, and without a word if there is one rank only or seconds is 0. Collective. */
Watchdog *watchdog_start(Comm *comm, double seconds);

/* Says farewell and ends the thread; NULL is allowed. Ranks may call it at different times. */
void watchdog_stop(Watchdog *watchdog);

/* For the end by die(): the others need not be told that this rank is gone. */
void watchdog_farewell(void);
