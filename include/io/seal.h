/*
 * Seals: a trailer behind the HDF5 data that proves a file whole before libhdf5, which is not safe
 * on hostile metadata, opens it. HDF5 ignores bytes behind its end of file, so h5py and h5dump
 * still read it. Layout (64 bytes, little-endian) in docs/formats.md.
 *
 * The hash covers every byte before the trailer but one hole: the image bytes of a pack, whose
 * records have checksums of their own.
 */
#pragma once

#include "base/error.h"
#include "base/hash.h"

#include <stdint.h>

typedef enum SealKind { SEAL_PACK = 1, SEAL_CHECKPOINT = 2 } SealKind;

typedef struct Seal {
    SealKind kind;
    uint32_t version;              /* of the sealed format */
    uint64_t hole_begin, hole_end; /* bytes not hashed; equal: none */
    Hash128 hash;
} Seal;

/* Appends a trailer to the closed file at `path`: fills in `seal->hash`. */
bool seal_write(const char *path, Seal *seal, Error *err);

/* Checks that the file is of `kind`, no newer than `version`, whole and undamaged; fills `seal`.
 * The error (ERROR_DATA) tells foreign, newer, truncated and damaged files apart. */
bool seal_check(const char *path, SealKind kind, uint32_t version, Seal *seal, Error *err);

/* What kind of file the seal says it is, without checking the hash; a file without a seal is an
 * error. */
bool seal_kind(const char *path, SealKind *kind, Error *err);
