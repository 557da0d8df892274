/* Duplicates by the hash of their pixels. */
#include "duplicates.h"

Clusters duplicates_find(const Inspection *inspection)
{
    size_t records = pack_records(inspection->pack);
    uint64_t *key = arena_new(inspection->arena, uint64_t, records);
    bool *left_out = arena_new(inspection->arena, bool, records);
    for (size_t r = 0; r < records; r++) {
        key[r] = inspection->picture[r].look.pixels;
        left_out[r] = inspection->picture[r].damaged;
    }
    return clusters_of_equal(key, left_out, records, inspection->arena);
}
