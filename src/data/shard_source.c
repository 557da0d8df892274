/* A tar file can only be read from front to back, and so are its images. */
#include "shard_source.h"

#include "io/tar.h"

#include <assert.h>
#include <stdio.h>

enum { IMAGE_BYTES_MAX = 1 << 30 };

typedef struct ShardSource {
    RecordSource source;
    char *const *shard;      /* paths */
    const char *const *name; /* (records) "train-000.tar: 0001.jpg" */
    const ShardPlace *place; /* (records) */
    Tar *tar;                /* that is being read; NULL: none yet */
    int open;                /* its number */
    uint64_t next;           /* entry that tar_next will find */
} ShardSource;

static bool open_shard(ShardSource *shards, int number, Error *err)
{
    if (shards->tar && shards->open == number) return true;
    tar_close(shards->tar);
    shards->tar = tar_open(shards->shard[number], err);
    shards->open = number;
    shards->next = 0;
    return shards->tar != NULL;
}

static bool read_image(RecordSource *source, size_t record, uint8_t **data, size_t *bytes,
                       Error *err)
{
    ShardSource *shards = (ShardSource *)source;
    ShardPlace place = shards->place[record];
    TarEntry entry;
    if (!open_shard(shards, place.shard, err)) return false;
    assert(shards->next <= place.entry);
    while (shards->next <= place.entry) {
        if (!tar_next(shards->tar, &entry, err))
            return err->kind != ERROR_NONE
                       ? false
                       : error_set(err, ERROR_DATA, "has gone; the tar file has changed");
        shards->next++;
    }
    return tar_read(shards->tar, IMAGE_BYTES_MAX, data, bytes, err);
}

static void name_image(const RecordSource *source, size_t record, char *text, size_t bytes)
{
    snprintf(text, bytes, "%s", ((const ShardSource *)source)->name[record]);
}

static void close_shards(RecordSource *source)
{
    tar_close(((ShardSource *)source)->tar);
}

RecordSource *shard_source(char *const *shard, const char *const *name, const ShardPlace *place,
                           Arena *arena)
{
    ShardSource *source = arena_new(arena, ShardSource, 1);
    *source = (ShardSource){
        .source = {.read = read_image, .name = name_image, .close = close_shards, .in_order = true},
        .shard = shard,
        .name = name,
        .place = place};
    return &source->source;
}
