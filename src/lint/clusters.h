/* Records that belong together, in clusters of two and more; private to lint. */
#pragma once

#include "inspection.h"

typedef struct Clusters {
    size_t count;
    size_t *begin;    /* (count + 1): cluster c is record[begin[c]] … record[begin[c + 1] - 1] */
    uint32_t *record; /* rising within a cluster; clusters by their first record */
} Clusters;

/* Records with equal keys; `key` (records), of which those that are `left_out` (records) take no part. */
Clusters clusters_of_equal(const uint64_t *key, const bool *left_out, size_t records, Arena *arena);

/* Whether a cluster's records lie in more than one split. */
bool cluster_spans_splits(const Clusters *clusters, size_t cluster, const Pack *pack);

/* "a.jpg (train), b.jpg (test)", at most a few of them, in the arena. */
const char *cluster_name(const Clusters *clusters, size_t cluster, const Inspection *inspection);
