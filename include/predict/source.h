/*
 * Where the images of a prediction come from: files, folders, patterns and lists of names, or a split of a pack. A
 * source tells names one after the other, so that it takes no more memory for more images; folders are the exception,
 * whose names must be sorted.
 */
#pragma once

#include "base/error.h"
#include "data/pack.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Source {
    void *state;
    /* The next image's name, which stays until the next call; NULL: there is none, or a stop was requested. */
    const char *(*next)(void *state);
    /* Reads image number `index`, counted from 0, whose name `next` has told to this or another rank, into memory from
     * malloc. The error says what is the matter with the image ("is a folder"). Thread-safe. */
    bool (*read)(const void *state, size_t index, const char *name, uint8_t **data, size_t *bytes,
                 Error *err);
    void (*close)(void *state);
} Source;

/* Images named one by one, folders with all images below them in byte order, patterns such as "*.png" where no file has
 * that name, and "-" for names from standard input, one per line. The names are kept, not copied. What is not there is
 * a name, too, that cannot be read. */
Source source_files(const char *const *names, size_t count);

/* The images of a split in pack order. The pack is kept. */
Source source_pack(const Pack *pack, Split split);
