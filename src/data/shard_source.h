/* Images out of tar files; private to data. */
#pragma once

#include "base/arena.h"
#include "record.h"

/* Where an image stands. */
typedef struct ShardPlace {
    int shard;
    uint64_t entry; /* of the regular files of the shard, from 0 */
} ShardPlace;

/* Reads them in rising order, each tar file from front to back. `shard`: paths; name and place (records), of
 * which names are for people. All are kept; the source lives in the arena. */
RecordSource *shard_source(char *const *shard, const char *const *name, const ShardPlace *place,
                           Arena *arena);
