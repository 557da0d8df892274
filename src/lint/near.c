/*
 * Neighbours in Hamming distance without comparing all pairs: two hashes that differ in at most d bits are
 * equal in at least one of d + 1 pieces, so it suffices to compare those that share a piece (Manku, Jain
 * and Das Sarma, "Detecting near-duplicates for web crawling", WWW 2007). Equal hashes are joined before.
 */
#include "near.h"

#include <stdlib.h>

typedef struct Hashed {
    uint64_t hash, piece;
    uint32_t record;
} Hashed;

static int by_hash(const void *a, const void *b)
{
    const Hashed *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->record > y->record) - (x->record < y->record);
}

static int by_piece(const void *a, const void *b)
{
    const Hashed *x = a, *y = b;
    if (x->piece != y->piece) return x->piece < y->piece ? -1 : 1;
    return by_hash(a, b);
}

/* --- disjoint sets of records: root[r] leads to the first record of r's set --- */

static uint32_t find_root(uint32_t *root, uint32_t record)
{
    while (root[record] != record) record = root[record] = root[root[record]];
    return record;
}

static void join(uint32_t *root, uint32_t a, uint32_t b)
{
    a = find_root(root, a);
    b = find_root(root, b);
    if (a < b)
        root[b] = a;
    else
        root[a] = b;
}

/* Joins records with equal hashes; one of each stays in the list. */
static size_t join_equal(Hashed *list, size_t count, uint32_t *root)
{
    size_t kept = 0;
    qsort(list, count, sizeof *list, by_hash);
    for (size_t i = 0; i < count; i++)
        if (kept > 0 && list[kept - 1].hash == list[i].hash)
            join(root, list[kept - 1].record, list[i].record);
        else
            list[kept++] = list[i];
    return kept;
}

static void join_neighbours(Hashed *list, size_t count, int distance, uint32_t *root)
{
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && list[end].piece == list[i].piece;) end++;
        for (size_t a = i; a < end; a++)
            for (size_t b = a + 1; b < end; b++)
                if (look_distance(list[a].hash, list[b].hash) <= distance)
                    join(root, list[a].record, list[b].record);
    }
}

Clusters near_find(const uint64_t *hash, const bool *left_out, size_t records, int distance,
                   Arena *arena)
{
    Hashed *list = arena_new(arena, Hashed, records + 1);
    uint32_t *root = arena_new(arena, uint32_t, records + 1);
    size_t count = 0;
    for (uint32_t r = 0; r < records; r++) {
        root[r] = r;
        if (!left_out[r]) list[count++] = (Hashed){.hash = hash[r], .record = r};
    }
    count = join_equal(list, count, root);
    int pieces = distance + 1;
    for (int p = 0; p < pieces; p++) {
        int begin = 64 * p / pieces, bits = 64 * (p + 1) / pieces - begin;
        uint64_t mask = bits == 64 ? UINT64_MAX : (((uint64_t)1 << bits) - 1) << begin;
        for (size_t i = 0; i < count; i++) list[i].piece = list[i].hash & mask;
        qsort(list, count, sizeof *list, by_piece);
        join_neighbours(list, count, distance, root);
    }
    uint64_t *key = arena_new(arena, uint64_t, records + 1);
    for (uint32_t r = 0; r < records; r++) key[r] = find_root(root, r);
    return clusters_of_equal(key, left_out, records, arena);
}
