/* One file of a pack: its tables in memory, its image bytes on disk. Private to data. */
#pragma once

#include "base/arena.h"
#include "data/pack.h"
#include "io/h5.h"

#include <pthread.h>

/* What is known of records without their bytes: of one file, or of several together. */
typedef struct PackTables {
    size_t records;
    const int32_t *size;            /* (records,2): width, height */
    const uint8_t *split;           /* (records) */
    const char *const *record_path; /* (records) */
    const char *const *keep;        /* (records): what stays together; NULL: is not told */
    LabelGroup *group;              /* (groups) */
    int groups;
} PackTables;

typedef struct PackFile {
    const char *path;
    const char *name; /* of the original, if this is a copy; else the path */
    PackTables tables;
    int fd;
    H5 *file;              /* kept open only where the image bytes have no address */
    pthread_mutex_t *lock; /* of `file`, which only one thread may use */
    uint64_t file_bytes;   /* of the whole file: no table can be larger */
    uint64_t base;         /* address of the image bytes in the file */
    Hash128 hash;
    int version;
    const char *creator;
    const uint64_t *offset, *checksum; /* (records + 1), (records) */
    size_t largest;                    /* bytes of an image */
} PackFile;

/* Checks the seal, reads the tables into `arena` and checks them. Whether it could or not, the file has to be
 * closed. `path` and `name` are kept. */
bool pack_file_open(PackFile *file, const char *path, const char *name, Arena *arena, Error *err);
void pack_file_close(PackFile *file);

size_t pack_file_image_bytes(const PackFile *file, size_t record);
/* As pack_read, of a record of this file. */
bool pack_file_read(const PackFile *file, size_t record, uint8_t *buffer, Error *err);
