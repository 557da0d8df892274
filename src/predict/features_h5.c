/*
 * Features as HDF5. How many there will be is known at the end; until then rows and names go to a file without a name,
 * and from there to arrays of the right size. Arrays that grow would need no such file, but HDF5 cannot close one after
 * the disk was full.
 */
#include "feature_kinds.h"

#include "io/file.h"
#include "io/h5.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Spool {
    char path[PATH_MAX]; /* of the HDF5 file */
    FILE *rows;          /* row after row: the numbers, then the name with its zero byte */
    size_t length, count, longest; /* numbers of a row, rows, bytes of a name */
} Spool;

static bool fail(Error *err)
{
    return error_set(err, ERROR_SYSTEM, "%s", strerror(errno));
}

static void *create(const char *path, int length, Error *err)
{
    Spool *spool = calloc(1, sizeof *spool);
    if (!spool) die("features: out of memory");
    snprintf(spool->path, sizeof spool->path, "%s", path);
    spool->length = (size_t)length;
    spool->longest = 1;
    spool->rows = fopen(path, "w+e");
    if (spool->rows) {
        remove(path);
        return spool;
    }
    fail(err);
    free(spool);
    return NULL;
}

static bool append(void *file, const char *const *names, const float *rows, int count, Error *err)
{
    Spool *spool = file;
    for (int i = 0; i < count; i++, rows += spool->length) {
        size_t bytes = strlen(names[i]);
        if (bytes > spool->longest) spool->longest = bytes;
        if (fwrite(rows, sizeof(float), spool->length, spool->rows) != spool->length ||
            fwrite(names[i], 1, bytes + 1, spool->rows) != bytes + 1)
            return fail(err);
        spool->count++;
    }
    return true;
}

/* --- from the spool to the arrays --- */

/* Where the arrays lie in the file. */
typedef struct Places {
    uint64_t features, paths;
} Places;

static bool make_arrays(const Spool *spool, Places *places, Error *err)
{
    H5 *file = h5_create(spool->path, err);
    if (!file) return false;
    bool ok = h5_write_attribute_text(file, "/", "format", "umbel features", err) &&
              h5_reserve(file, "/features", H5_F32, (H5Shape){2, {spool->count, spool->length}},
                         &places->features, err) &&
              h5_reserve_texts(file, "/paths", spool->longest, spool->count, &places->paths, err);
    return h5_close(file, ok ? err : &(Error){0}) && ok;
}

/* The next name, without its zero byte, padded with zeros to the longest. */
static bool read_name(const Spool *spool, char *name)
{
    int c;
    memset(name, 0, spool->longest);
    while ((c = getc(spool->rows)) > 0) *name++ = (char)c;
    return c == 0;
}

static bool copy_rows(const Spool *spool, const Places *places, int fd, float *row, char *name)
{
    size_t row_bytes = sizeof(float) * spool->length;
    for (size_t done = 0; done < spool->count;) {
        size_t count = spool->count - done < FEATURE_ROWS ? spool->count - done : FEATURE_ROWS;
        for (size_t i = 0; i < count; i++)
            if (fread(row + i * spool->length, row_bytes, 1, spool->rows) != 1 ||
                !read_name(spool, name + i * spool->longest))
                return false;
        if (!file_pwrite(fd, row, count * row_bytes, places->features + done * row_bytes) ||
            !file_pwrite(fd, name, count * spool->longest, places->paths + done * spool->longest))
            return false;
        done += count;
    }
    return true;
}

static bool fill_arrays(const Spool *spool, const Places *places, Error *err)
{
    int fd = open(spool->path, O_WRONLY | O_CLOEXEC);
    float *row = malloc(sizeof(float) * spool->length * FEATURE_ROWS);
    char *name = malloc(spool->longest * FEATURE_ROWS);
    if (!row || !name) die("features: out of memory");
    errno = EIO; /* of a spool that is short */
    bool ok = fd >= 0 && copy_rows(spool, places, fd, row, name);
    if (!ok) fail(err);
    free(row);
    free(name);
    return (fd < 0 || close(fd) == 0 || fail(err)) && ok;
}

static bool finish(Spool *spool, Error *err)
{
    Places places;
    if (fflush(spool->rows) != 0 || fseek(spool->rows, 0, SEEK_SET) != 0) return fail(err);
    return make_arrays(spool, &places, err) && fill_arrays(spool, &places, err);
}

static bool close_file(void *file, bool keep, Error *err)
{
    Spool *spool = file;
    bool ok = !keep || finish(spool, err);
    fclose(spool->rows);
    free(spool);
    return ok;
}

const FeatureKind feature_kind_h5 = {".h5", create, append, close_file};
