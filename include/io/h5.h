/*
 * HDF5 files of named arrays, texts and attributes: the calls this project needs, with
 * byte-identical output for identical input (no time stamps). Calls from several threads are not
 * allowed. Errors name the file and the object; HDF5 prints nothing itself.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct H5 H5; /* an open file */

typedef enum H5Type { H5_U8, H5_I32, H5_I64, H5_U64, H5_F32, H5_F64 } H5Type;

enum { H5_RANK_MAX = 4 };

typedef struct H5Shape {
    int rank;
    uint64_t dim[H5_RANK_MAX];
} H5Shape;

H5 *h5_create(const char *path, Error *err); /* replaces what is there */
H5 *h5_open(const char *path, Error *err);   /* read-only, without file locks */
/* Closes; for a created file false means that data did not reach the file (disk full). */
bool h5_close(H5 *file, Error *err);

/* Writers. Groups on the way ("/a/b/c") are made. `data` holds the whole array, row-major.
 * Contiguous layout. */
bool h5_write(H5 *file, const char *name, H5Type type, H5Shape shape, const void *data, Error *err);
bool h5_write_texts(H5 *file, const char *name, const char *const *texts, size_t count, Error *err);
/* Attributes of the object `name` ("/" for the file itself). */
bool h5_write_attribute_text(H5 *file, const char *name, const char *key, const char *text,
                             Error *err);
bool h5_write_attribute_int(H5 *file, const char *name, const char *key, int64_t value, Error *err);

/* A contiguous array made without data, allocated early; *offset is its address in the file, so
 * that the bytes can be written by pwrite after h5_close. */
bool h5_reserve(H5 *file, const char *name, H5Type type, H5Shape shape, uint64_t *offset,
                Error *err);
/* Likewise of `count` texts that take `bytes` each, padded with zeros. */
bool h5_reserve_texts(H5 *file, const char *name, size_t bytes, uint64_t count, uint64_t *offset,
                      Error *err);

/* Readers. */
bool h5_has(H5 *file, const char *name);
/* Type and shape of an array. False if it is absent or of a type not listed above. */
bool h5_info(H5 *file, const char *name, H5Type *type, H5Shape *shape, Error *err);
/* Reads the whole array into `data`, which holds exactly `shape` elements of `type`; another type
 * or shape in the file is an error that names both. */
bool h5_read(H5 *file, const char *name, H5Type type, H5Shape shape, void *data, Error *err);
/* Reads `count` elements of a rank-1 array from `begin`. */
bool h5_read_slice(H5 *file, const char *name, H5Type type, uint64_t begin, uint64_t count,
                   void *data, Error *err);
/* All texts of a rank-1 text array; `*texts` and each text come from one malloc: free(*texts). */
bool h5_read_texts(H5 *file, const char *name, char ***texts, size_t *count, Error *err);
/* A text attribute, from malloc. */
bool h5_read_attribute_text(H5 *file, const char *name, const char *key, char **text, Error *err);
bool h5_read_attribute_int(H5 *file, const char *name, const char *key, int64_t *value, Error *err);
/* Address of a contiguous array's first byte in the file; false (no error) if it has none. */
bool h5_offset(H5 *file, const char *name, uint64_t *offset);
/* Names of the members of a group in order of creation; from one malloc: free(*names). */
bool h5_list(H5 *file, const char *group, char ***names, size_t *count, Error *err);

/* "1.10.8" */
const char *h5_version(void);
