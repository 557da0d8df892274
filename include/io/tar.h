/*
 * Tar files, also compressed ones, read from front to back. tar.c is the only file that includes archive.h.
 * Errors name the file.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct Tar Tar;

/* A regular file in it. */
typedef struct TarEntry {
    const char *name; /* until the next call */
    uint64_t bytes;
} TarEntry;

Tar *tar_open(const char *path, Error *err);
void tar_close(Tar *tar); /* NULL is allowed */

/* The next regular file. False at the end, or with an error. */
bool tar_next(Tar *tar, TarEntry *entry, Error *err);
/* All bytes of the entry that tar_next has found, into memory from malloc; a zero byte follows that is not
 * counted. At most once for each. More than `most` bytes are an error. */
bool tar_read(Tar *tar, uint64_t most, uint8_t **data, size_t *bytes, Error *err);
