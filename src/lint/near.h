/* Pictures whose perceptual hashes differ in a few bits; private to lint. */
#pragma once

#include "clusters.h"

/* Records that a chain of neighbours connects, each at most `distance` bits from the next; `hash` (records)
 * of those that are not `left_out` (records). */
Clusters near_find(const uint64_t *hash, const bool *left_out, size_t records, int distance,
                   Arena *arena);
