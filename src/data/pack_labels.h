/* Label groups as a pack holds them, by kind. Private to data. */
#pragma once

#include "base/arena.h"
#include "data/pack.h"
#include "io/h5.h"

/* The oldest version of the format that can hold these groups: packs of classes alone are the same bytes
 * as before there were other kinds, and older programs can read them. */
int labels_version(const LabelGroup *group, int groups);

/* The group of `count` records from `first` on, with all its classes; new arrays come from `arena`. */
LabelGroup labels_slice(const LabelGroup *group, size_t first, size_t count, Arena *arena);

bool labels_write(H5 *file, const LabelGroup *group, size_t records, Error *err);

typedef struct LabelSource {
    const char *path; /* of the pack, for messages */
    H5 *file;
    size_t records;
    uint64_t file_bytes; /* no table can be larger */
    Arena *arena;        /* what is read lives here */
} LabelSource;

/* Reads the group `name`, which is kept, and checks that it makes sense. */
bool labels_read(LabelGroup *group, const char *name, const LabelSource *source, Error *err);
