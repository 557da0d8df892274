/*
 * Features as NPY, format 1.0: 6 bytes "\x93NUMPY", 2 of the version, 2 of the length of the text that follows, which
 * tells type and shape and is padded with spaces to a multiple of 64 bytes in all. The number of rows is known at
 * the end, so the text is written twice.
 */
#include "feature_kinds.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_BYTES = 128, FIXED_BYTES = 10 };

typedef struct Npy {
    FILE *out;
    int length;
    uint64_t rows;
} Npy;

static bool fail(Error *err)
{
    return error_set(err, ERROR_SYSTEM, "%s", strerror(errno));
}

static bool write_header(const Npy *npy)
{
    char header[HEADER_BYTES + 1] = "\x93NUMPY\x01";
    header[FIXED_BYTES - 2] = HEADER_BYTES - FIXED_BYTES;
    int used = snprintf(header + FIXED_BYTES, HEADER_BYTES - FIXED_BYTES,
                        "{'descr': '<f4', 'fortran_order': False, 'shape': (%llu, %d), }",
                        (unsigned long long)npy->rows, npy->length);
    memset(header + FIXED_BYTES + used, ' ', (size_t)(HEADER_BYTES - FIXED_BYTES - used));
    header[HEADER_BYTES - 1] = '\n';
    return fwrite(header, 1, HEADER_BYTES, npy->out) == HEADER_BYTES;
}

static void *create(const char *path, int length, Error *err)
{
    Npy *npy = calloc(1, sizeof *npy);
    if (!npy) die("features: out of memory");
    npy->length = length;
    npy->out = fopen(path, "we");
    if (npy->out && write_header(npy)) return npy;
    fail(err);
    if (npy->out) fclose(npy->out);
    free(npy);
    return NULL;
}

static bool append(void *file, const char *const *names, const float *rows, int count, Error *err)
{
    (void)names;
    Npy *npy = file;
    size_t floats = (size_t)count * (size_t)npy->length;
    npy->rows += (uint64_t)count;
    return fwrite(rows, sizeof(float), floats, npy->out) == floats || fail(err);
}

static bool close_file(void *file, bool keep, Error *err)
{
    Npy *npy = file;
    bool ok = !keep || (fseek(npy->out, 0, SEEK_SET) == 0 && write_header(npy)) || fail(err);
    if (fclose(npy->out) != 0 && ok && keep) ok = fail(err);
    free(npy);
    return ok;
}

const FeatureKind feature_kind_npy = {".npy", create, append, close_file};
