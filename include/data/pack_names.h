/*
 * How a pack is named: a file, a pattern such as "parts-*.h5", or a list "[a.h5, b.h5]" of both. Several files
 * are read as one pack: the records of the first, then those of the next.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"

enum { PACK_NAME_BYTES = 4096, SHARDS_MAX = 99999 };

typedef struct PackNames {
    const char **file; /* (files), in the order of their records */
    int files;
} PackNames;

/* The files that `name` stands for; memory comes from `arena`. A name of an existing file is that file,
 * whatever characters it has. Else "[a, b]" is a list, and a name with *, ? or [ a pattern: the files that
 * match, in byte order. Of shards that match, none may be missing, and they must be of one number. A list
 * or a pattern without files, or with one file twice, is an error; whether files exist is not asked. */
bool pack_names_expand(PackNames *names, const char *name, Arena *arena, Error *err);

/* Whether the name is that of a file, which need not exist: no list or pattern. */
bool pack_name_is_file(const char *name);

/* Puts `more` behind `name` (of `bytes`): "a.h5" and "b.h5" make "[a.h5, b.h5]". False: there is no room. */
bool pack_names_add(char *name, size_t bytes, const char *more);

/* "parts-00002-of-00004.h5": of shard 1, counted from 0, of the 4 of `pack` "parts.h5". */
const char *pack_shard_path(const char *pack, int shard, int shards, Arena *arena);
/* What all of them are called together: "parts-*-of-00004.h5". */
const char *pack_shard_pattern(const char *pack, int shards, Arena *arena);
