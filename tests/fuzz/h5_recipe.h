/*
 * HDF5 files after a recipe: bytes become objects under the names that packs and checkpoints use, of any
 * type, shape and layout, so that a fuzzer gets past the checksums of HDF5 itself to the code that reads
 * the objects. recipes.py writes recipes of sound files.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Makes the file that `data` describes, sealed as `kind` (SealKind), and returns its name, which is good
 * until the next call. Bytes that are an HDF5 file already are only sealed. `file_bytes`: its size. */
const char *h5_recipe(const uint8_t *data, size_t bytes, int kind, size_t *file_bytes);
