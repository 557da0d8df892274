/* The spool, and the packs that are made of it: the tables, then the bytes behind them, then the seal. */
#include "pack_spool.h"

#include "base/version.h"
#include "io/file.h"
#include "io/h5.h"
#include "io/seal.h"
#include "pack_labels.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 1 << 22, FLUSH_BYTES = 1 << 24 };

/* --- filling it --- */

bool spool_open(Spool *spool, const char *out, size_t count, Arena *arena, Error *err)
{
    char temporary[sizeof spool->path - 16];
    file_temporary(out, temporary, sizeof temporary);
    *spool = (Spool){.out = out,
                     .count = count,
                     .offset = arena_new(arena, uint64_t, count + 1),
                     .checksum = arena_new(arena, uint64_t, count + 1),
                     .size = arena_new(arena, int32_t, 2 * count + 1)};
    snprintf(spool->path, sizeof spool->path, "%s.images", temporary);
    spool->fd = open(spool->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (spool->fd >= 0) return true;
    spool->path[0] = 0;
    return error_set(err, ERROR_SYSTEM, "cannot write %s: %s", out, strerror(errno));
}

void spool_close(Spool *spool)
{
    if (!*spool->path) return;
    close(spool->fd);
    unlink(spool->path);
}

void spool_put(Spool *spool, size_t place, Record *record, Error *err)
{
    assert(spool->offset); /* it is open */
    uint64_t at = spool->base + spool->offset[place];
    spool->offset[place + 1] = spool->offset[place] + (record->data ? record->bytes : 0);
    if (!record->data) return;
    spool->checksum[place] = record->checksum;
    spool->size[2 * place] = record->width;
    spool->size[2 * place + 1] = record->height;
    if (err->kind == ERROR_NONE && !file_pwrite(spool->fd, record->data, record->bytes, at)) {
        error_set(err, ERROR_SYSTEM, "cannot write %s: %s", spool->out, strerror(errno));
        spool->broken = true;
    }
    if (spool->base > 0 && at - spool->flushed >= FLUSH_BYTES) {
        file_start_sync(spool->fd, spool->flushed, at - spool->flushed);
        spool->flushed = at;
    }
    free(record->data);
    record->data = NULL;
}

void spool_drop(Spool *spool, const bool *drop)
{
    size_t kept = 0;
    for (size_t i = 0; i < spool->count; i++) {
        if (drop[i]) continue;
        spool->checksum[kept] = spool->checksum[i];
        spool->size[2 * kept] = spool->size[2 * i];
        spool->size[2 * kept + 1] = spool->size[2 * i + 1];
        spool->offset[++kept] = spool->offset[i + 1];
    }
    spool->count = kept;
}

/* --- a pack of it --- */

static bool write_labels(H5 *file, const Contents *contents, Piece piece, Arena *arena, Error *err)
{
    bool ok = true;
    for (int g = 0; g < contents->listing->groups && ok; g++) {
        LabelGroup group = labels_slice(&contents->group[g], piece.record, piece.count, arena);
        ok = labels_write(file, &group, piece.count, err);
    }
    return ok;
}

static bool write_texts(H5 *file, const char *name, char *const *texts, Piece piece, Error *err)
{
    return h5_write_texts(file, name, (const char *const *)texts + piece.record, piece.count, err);
}

static uint64_t *offsets_of(const Spool *spool, Piece piece, Arena *arena)
{
    uint64_t *offset = arena_new(arena, uint64_t, piece.count + 1);
    for (size_t i = 0; i <= piece.count; i++)
        offset[i] = spool->offset[piece.place + i] - spool->offset[piece.place];
    return offset;
}

static bool write_tables(H5 *file, const Spool *spool, const Contents *contents, Piece piece,
                         uint64_t *images_at, Arena *arena, Error *err)
{
    const Listing *listing = contents->listing;
    size_t n = piece.count;
    const uint64_t *offset = offsets_of(spool, piece, arena);
    char creator[64];
    snprintf(creator, sizeof creator, "umbel %s", version_text());
    return h5_write_attribute_text(file, "/", "format", "umbel pack", err) &&
           h5_write_attribute_int(file, "/", "version",
                                  labels_version(contents->group, listing->groups), err) &&
           h5_write_attribute_text(file, "/", "created_by", creator, err) &&
           write_labels(file, contents, piece, arena, err) &&
           h5_write(file, "/split", H5_U8, (H5Shape){1, {n}}, contents->split + piece.record,
                    err) &&
           h5_write(file, "/images/offset", H5_U64, (H5Shape){1, {n + 1}}, offset, err) &&
           h5_write(file, "/images/checksum", H5_U64, (H5Shape){1, {n}},
                    spool->checksum + piece.place, err) &&
           h5_write(file, "/images/size", H5_I32, (H5Shape){2, {n, 2}},
                    spool->size + 2 * piece.place, err) &&
           write_texts(file, "/images/path", listing->path, piece, err) &&
           (!listing->keep_together ||
            write_texts(file, "/images/group", listing->keep_together, piece, err)) &&
           h5_reserve(file, "/images/bytes", H5_U8, (H5Shape){1, {offset[n]}}, images_at, err);
}

static bool make_tables(const Spool *spool, const Contents *contents, Piece piece, const char *path,
                        uint64_t *images_at, Arena *arena, Error *err)
{
    H5 *file = h5_create(path, err);
    if (!file) return false;
    bool ok = write_tables(file, spool, contents, piece, images_at, arena, err);
    return h5_close(file, ok ? err : &(Error){0}) && ok;
}

void spool_aim(Spool *spool, const Contents *contents, Piece piece, Arena *arena)
{
    /* HDF5 gives an array of a block or more the same place, however large it is. */
    enum { SOME_BYTES = 1 << 16 };
    char path[sizeof spool->path + 16];
    uint64_t images_at = 0;
    snprintf(path, sizeof path, "%s.aim", spool->path);
    spool->offset[spool->count] = SOME_BYTES;
    if (make_tables(spool, contents, piece, path, &images_at, arena, &(Error){0}))
        spool->base = spool->flushed = images_at;
    spool->offset[spool->count] = 0;
    unlink(path);
}

static bool copy_bytes(int to, uint64_t to_at, int from, uint64_t from_at, uint64_t bytes)
{
    uint8_t *buffer = malloc(COPY_BYTES);
    bool ok = buffer != NULL;
    for (uint64_t done = 0; ok && done < bytes;) {
        size_t piece = bytes - done < COPY_BYTES ? (size_t)(bytes - done) : COPY_BYTES;
        ok = file_pread(from, buffer, piece, from_at + done) &&
             file_pwrite(to, buffer, piece, to_at + done);
        done += piece;
    }
    free(buffer);
    return ok;
}

/* The images of a piece: where in the spool, where in the pack. */
typedef struct Images {
    uint64_t from, to, bytes;
} Images;

/* Into the file of the tables. */
static bool copy_images(const Spool *spool, const Images *images, const char *path)
{
    int to = open(path, O_WRONLY | O_CLOEXEC);
    if (to < 0) return false;
    bool ok = copy_bytes(to, images->to, spool->fd, images->from, images->bytes);
    return close(to) == 0 && ok;
}

/* The spool takes the tables, before and behind its images, and the place of their file. */
static bool copy_tables(const Spool *spool, const Images *images, const char *path)
{
    struct stat info;
    uint64_t end = images->to + images->bytes;
    int from = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = from >= 0 && fstat(from, &info) == 0 &&
              copy_bytes(spool->fd, 0, from, 0, images->to) &&
              copy_bytes(spool->fd, end, from, end, (uint64_t)info.st_size - end) &&
              rename(spool->path, path) == 0;
    int reason = errno;
    if (from >= 0) close(from);
    errno = reason;
    return ok;
}

static bool join_images(const Spool *spool, Piece piece, const Images *images, const char *path,
                        Error *err)
{
    bool fits = images->from == images->to && piece.count == spool->count;
    return (fits ? copy_tables(spool, images, path) : copy_images(spool, images, path)) ||
           error_set(err, ERROR_SYSTEM, "cannot copy the images: %s", strerror(errno));
}

static bool write_file(const Spool *spool, const Contents *contents, Piece piece, const char *path,
                       Arena *arena, Error *err)
{
    assert(contents->group && spool->offset);
    uint64_t begin = spool->offset[piece.place];
    Images images = {.from = spool->base + begin,
                     .bytes = spool->offset[piece.place + piece.count] - begin};
    if (!make_tables(spool, contents, piece, path, &images.to, arena, err)) return false;
    Seal seal = {.kind = SEAL_PACK,
                 .version = (uint32_t)labels_version(contents->group, contents->listing->groups),
                 .hole_begin = images.to,
                 .hole_end = images.to + images.bytes};
    return join_images(spool, piece, &images, path, err) && seal_write(path, &seal, err);
}

bool spool_write_pack(const Spool *spool, const Contents *contents, Piece piece, const char *path,
                      Arena *arena, Error *err)
{
    if (write_file(spool, contents, piece, path, arena, err)) return true;
    unlink(path);
    return error_context(err, "cannot write %s", spool->out);
}
