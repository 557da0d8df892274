/* What a run's bits depend on besides its configuration: program, arithmetic, libraries; and, for the reader,
 * the instruction set and a BLAS that is not used. */
#pragma once

#include "base/arena.h"
#include "dist/comm.h"

/* "name: value" lines, in a fixed order; from `arena`. */
const char *provenance_text(Arena *arena);

/* Ranks whose bits could differ are refused, with the way out. Collective. */
bool provenance_agree(Comm *comm, const char *text, Error *err);

/* Warns of each line that the bits depend on in which a checkpoint's text differs from this program's. */
void provenance_compare(const char *now, const char *saved);
