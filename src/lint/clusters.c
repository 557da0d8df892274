/* Clusters of records by sorting their keys. */
#include "clusters.h"

#include <stdlib.h>

typedef struct Keyed {
    uint64_t key;
    uint32_t record;
} Keyed;

/* Records with one key, before their cluster has its place. */
typedef struct Run {
    const Keyed *first;
    size_t length;
} Run;

static int by_key(const void *a, const void *b)
{
    const Keyed *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->record > y->record) - (x->record < y->record);
}

static int by_first_record(const void *a, const void *b)
{
    uint32_t x = ((const Run *)a)->first->record, y = ((const Run *)b)->first->record;
    return (x > y) - (x < y);
}

/* Runs of equal keys that are longer than 1. */
static size_t find_runs(Run *run, const Keyed *keyed, size_t count)
{
    size_t runs = 0;
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && keyed[end].key == keyed[i].key;) end++;
        if (end - i > 1) run[runs++] = (Run){&keyed[i], end - i};
    }
    return runs;
}

Clusters clusters_of_equal(const uint64_t *key, const bool *left_out, size_t records, Arena *arena)
{
    Keyed *keyed = arena_new(arena, Keyed, records + 1);
    Run *run = arena_new(arena, Run, records / 2 + 1);
    size_t count = 0, used = 0;
    for (size_t r = 0; r < records; r++)
        if (!left_out[r]) keyed[count++] = (Keyed){key[r], (uint32_t)r};
    qsort(keyed, count, sizeof *keyed, by_key);
    Clusters clusters = {.count = find_runs(run, keyed, count)};
    qsort(run, clusters.count, sizeof *run, by_first_record);
    clusters.begin = arena_new(arena, size_t, clusters.count + 1);
    clusters.record = arena_new(arena, uint32_t, records + 1);
    for (size_t c = 0; c < clusters.count; c++) {
        for (size_t i = 0; i < run[c].length; i++) clusters.record[used++] = run[c].first[i].record;
        clusters.begin[c + 1] = used;
    }
    return clusters;
}

bool cluster_spans_splits(const Clusters *clusters, size_t cluster, const Pack *pack)
{
    const uint32_t *record = clusters->record;
    size_t first = clusters->begin[cluster];
    for (size_t i = first + 1; i < clusters->begin[cluster + 1]; i++)
        if (pack_split_of(pack, record[i]) != pack_split_of(pack, record[first])) return true;
    return false;
}

/* The first records, and one of each split that these do not show. */
static size_t choose_shown(size_t *shown, size_t most, const Clusters *clusters, size_t cluster,
                           const Pack *pack)
{
    bool seen[SPLIT_COUNT] = {false};
    size_t count = 0;
    for (size_t i = clusters->begin[cluster]; i < clusters->begin[cluster + 1]; i++) {
        Split split = pack_split_of(pack, clusters->record[i]);
        if (count < most || !seen[split]) shown[count++] = i;
        seen[split] = true;
    }
    return count;
}

const char *cluster_name(const Clusters *clusters, size_t cluster, const Inspection *inspection)
{
    enum { MOST = 3 };
    size_t shown[MOST + SPLIT_COUNT];
    size_t count = choose_shown(shown, MOST, clusters, cluster, inspection->pack);
    size_t more = clusters->begin[cluster + 1] - clusters->begin[cluster] - count;
    const char *text = "";
    for (size_t k = 0; k < count; k++)
        text = arena_printf(inspection->arena, "%s%s%s", text, k ? ", " : "",
                            inspection_name(inspection, clusters->record[shown[k]]));
    return more ? arena_printf(inspection->arena, "%s and %zu more", text, more) : text;
}
