/* umbel bench without training; private to cli. Both return the exit code. */
#pragma once

#include <stdbool.h>

/* Every case whose name contains `only` ("": all). `once`: one call each, not timed, its name on standard
 * output: for tools that count. */
int bench_kernels(const char *only, bool once, bool json);
/* The input pipeline on picture files. */
int bench_pictures(const char *const *paths, int count, bool json);
