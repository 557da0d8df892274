/* A block of records, read, checked and, if asked to, re-encoded on all cores of a rank. Private to data. */
#pragma once

#include "base/pool.h"
#include "record.h"

#include <pthread.h>
#include <stdatomic.h>

enum { BLOCK_RECORDS = 64 };

typedef struct Block {
    const Listing *listing;
    const PackOptions *options;
    size_t begin, count;          /* records of the listing */
    Record record[BLOCK_RECORDS]; /* (count); without data where it failed */
    /* the rest is its own */
    FileSource files;
    RecordSource *source;
    Pool *pool;
    Image *image; /* (workers) */
    atomic_size_t next;
    pthread_mutex_t turn; /* to read, of a source that is read in order */
} Block;

/* For one block after the other. Both are kept. */
Block *block_create(const Listing *listing, const PackOptions *options);
void block_destroy(Block *block);

/* The records from `begin` up to `end`, at most BLOCK_RECORDS. What the block held before must have been taken
 * over or freed. */
void block_set(Block *block, size_t begin, size_t end);
/* Fills the records of the block. */
void block_load(Block *block);
/* Frees the bytes of its records. */
void block_drop(Block *block);
