/* What a sweep has found, as a table or as JSON. Private to cli. */
#pragma once

#include "sweep/sweep.h"

/* All trials, best first, and the line that trains the best one from the start. The sweep is done. */
void sweep_print(const Sweep *sweep, Arena *arena);
void sweep_print_json(const Sweep *sweep, Arena *arena);
