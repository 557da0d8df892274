/*
 * safetensors: files of named arrays behind a JSON header, in which most networks are published.
 * Nothing of a file is believed: the header must describe every byte once, or it is refused.
 * Errors name the file; they are ERROR_DATA unless the system fails.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { SAFETENSORS_RANK_MAX = 8 };

typedef struct Safetensors Safetensors; /* an open file */

typedef struct SafetensorsArray {
    const char *name;
    const char *dtype; /* "F32", … */
    int rank;          /* 0: a single number */
    uint64_t dim[SAFETENSORS_RANK_MAX];
    uint64_t count; /* elements */
    uint64_t begin; /* first byte in the file */
} SafetensorsArray;

/* Reads and checks the header. Memory is a small multiple of the header's size, which is at most 100
 * MB and lies within the file. NULL on failure. */
Safetensors *safetensors_open(const char *path, Error *err);
void safetensors_close(Safetensors *file); /* NULL is allowed */

/* Arrays in order of their names; valid until the file is closed. */
int safetensors_count(const Safetensors *file);
const SafetensorsArray *safetensors_at(const Safetensors *file, int index);
const SafetensorsArray *safetensors_find(const Safetensors *file, const char *name); /* or NULL */

/* Reads (count) numbers of type F32, F16 or BF16 as float; another type is an error that names it. */
bool safetensors_read(const Safetensors *file, const SafetensorsArray *array, float *out,
                      Error *err);

/* An array to be written, as F32. */
typedef struct SafetensorsItem {
    const char *name;
    int rank;
    uint64_t dim[SAFETENSORS_RANK_MAX];
    const float *data; /* row-major */
} SafetensorsItem;

/* Writes the file atomically: arrays in order of their names, `metadata` (NULL, or pairs of key and
 * value with a NULL at the end) as it is. The same input gives the same bytes. Sorts `item`. */
bool safetensors_write(const char *path, SafetensorsItem *item, int items,
                       const char *const *metadata, Error *err);
