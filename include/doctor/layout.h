/* How to spread one job over this machine. */
#pragma once

#include "base/machine.h"

typedef struct Layout {
    int ranks, workers;
    const char *bind; /* a binding policy of mpirun: "none", "numa", "l3cache" */
} Layout;

/* Ranks and workers for the cores that the calling process may use: one rank per NUMA domain, or
 * per third-level cache where that is smaller and still has at least 8 cores; one worker per core,
 * not per hardware thread. If the domains are too unequal for that, one rank with all cores. */
Layout layout_suggest(const Machine *machine);
