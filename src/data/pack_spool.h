/* The spool: image bytes in a file of their own until it is known what becomes of them, with their tables; and the
 * packs that are made of it. Private to data. */
#pragma once

#include "pack_contents.h"
#include "record.h"

typedef struct Spool {
    char path[4096];
    const char *out; /* what is being written, for messages */
    int fd;
    bool broken;                 /* cannot be written */
    uint64_t base;               /* where the bytes begin in the file; 0: a copy is made of them */
    uint64_t flushed;            /* up to where the system has been asked to write them to disk */
    size_t count;                /* places for records */
    uint64_t *offset, *checksum; /* (count + 1), (count) */
    int32_t *size;               /* (count,2) */
} Spool;

/* A spool beside the pack `out`, with `count` places; of ranks that share a folder each must have an `out` of its
 * own. Whether it could be opened or not, it can be closed. */
bool spool_open(Spool *spool, const char *out, size_t count, Arena *arena, Error *err);
/* Removes the file. A spool that is all zero holds none. */
void spool_close(Spool *spool);

/* Part of a listing whose bytes lie in a spool. */
typedef struct Piece {
    size_t record; /* the first of the listing */
    size_t place;  /* of its bytes */
    size_t count;
} Piece;

/* Lays the bytes where the pack of the piece, which is all of the spool, is going to have them: then the file becomes
 * that pack, unless records are left out. For a spool that is still empty; `arena` is for scratch memory. */
void spool_aim(Spool *spool, const Contents *contents, Piece piece, Arena *arena);

/* Takes over the record's bytes as those of `place`; places are filled in their order, and a record without data
 * takes no bytes. Once `err` holds a problem nothing more is written. */
void spool_put(Spool *spool, size_t place, Record *record, Error *err);

/* Closes the gaps of places (count) that are to be left out, which have no bytes. */
void spool_drop(Spool *spool, const bool *drop);

/* Writes the piece as a pack to `path`, which is to be committed; on failure it is removed. `arena` is for scratch
 * memory. */
bool spool_write_pack(const Spool *spool, const Contents *contents, Piece piece, const char *path,
                      Arena *arena, Error *err);
