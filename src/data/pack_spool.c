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
#include <unistd.h>

enum { COPY_BYTES = 1 << 22 };

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
    spool->offset[place + 1] = spool->offset[place] + (record->data ? record->bytes : 0);
    if (!record->data) return;
    spool->checksum[place] = record->checksum;
    spool->size[2 * place] = record->width;
    spool->size[2 * place + 1] = record->height;
    if (err->kind == ERROR_NONE &&
        !file_pwrite(spool->fd, record->data, record->bytes, spool->offset[place])) {
        error_set(err, ERROR_SYSTEM, "cannot write %s: %s", spool->out, strerror(errno));
        spool->broken = true;
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

static bool copy_images(const Spool *spool, uint64_t begin, uint64_t bytes, const char *path,
                        uint64_t at, Error *err)
{
    uint8_t *buffer = malloc(COPY_BYTES);
    int to = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = buffer && to >= 0;
    for (uint64_t done = 0; ok && done < bytes;) {
        size_t piece = bytes - done < COPY_BYTES ? (size_t)(bytes - done) : COPY_BYTES;
        ok = file_pread(spool->fd, buffer, piece, begin + done) &&
             file_pwrite(to, buffer, piece, at + done);
        done += piece;
    }
    int reason = errno;
    if (to >= 0 && close(to) != 0) ok = false;
    free(buffer);
    return ok || error_set(err, ERROR_SYSTEM, "cannot copy the images: %s", strerror(reason));
}

static bool write_file(const Spool *spool, const Contents *contents, Piece piece, const char *path,
                       Arena *arena, Error *err)
{
    assert(contents->group && spool->offset);
    uint64_t images_at = 0, begin = spool->offset[piece.place];
    uint64_t bytes = spool->offset[piece.place + piece.count] - begin;
    H5 *file = h5_create(path, err);
    if (!file) return false;
    bool ok = write_tables(file, spool, contents, piece, &images_at, arena, err);
    ok = h5_close(file, ok ? err : &(Error){0}) && ok;
    Seal seal = {.kind = SEAL_PACK,
                 .version = (uint32_t)labels_version(contents->group, contents->listing->groups),
                 .hole_begin = images_at,
                 .hole_end = images_at + bytes};
    return ok && copy_images(spool, begin, bytes, path, images_at, err) &&
           seal_write(path, &seal, err);
}

bool spool_write_pack(const Spool *spool, const Contents *contents, Piece piece, const char *path,
                      Arena *arena, Error *err)
{
    if (write_file(spool, contents, piece, path, arena, err)) return true;
    unlink(path);
    return error_context(err, "cannot write %s", spool->out);
}
