/*
 * Seals. The trailer's 64 bytes, little-endian:
 *    0  magic "UMBELSEA"          8  u32 kind        12  u32 version
 *   16  u64 hole begin           24  u64 hole end    32  u64 bytes of the file with the trailer
 *   40  u64 hash, high half      48  u64 hash, low half   56  zero
 * The hash is XXH3-128 of all bytes before the trailer but the hole, then the trailer's first 40
 * bytes.
 */
#include "io/seal.h"

#include "io/file.h"
#include "little_endian.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRAILER_BYTES = 64, HASHED_BYTES = 40, MAGIC_BYTES = 8, BLOCK_BYTES = 1 << 20 };

static const char magic[MAGIC_BYTES + 1] = "UMBELSEA";
static const uint8_t hdf5_signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1A, '\n'};

static const char *kind_name(uint32_t kind)
{
    return kind == SEAL_PACK         ? "pack"
           : kind == SEAL_CHECKPOINT ? "checkpoint"
                                     : "file of unknown kind";
}

static uint64_t get(const uint8_t *at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static bool hash_range(Hasher *hasher, int fd, uint64_t begin, uint64_t end, uint8_t *block)
{
    while (begin < end) {
        size_t count = end - begin < BLOCK_BYTES ? (size_t)(end - begin) : BLOCK_BYTES;
        if (!file_pread(fd, block, count, begin)) return false;
        hasher_add(hasher, block, count);
        begin += count;
    }
    return true;
}

/* Hash of the data of `size` bytes without the hole, then of the trailer's head. */
static bool hash_file(int fd, const Seal *seal, uint64_t size, const uint8_t *trailer,
                      Hash128 *hash)
{
    uint8_t *block = malloc(BLOCK_BYTES);
    if (!block) die("seal: out of memory");
    Hasher *hasher = hasher_create();
    bool ok = hash_range(hasher, fd, 0, seal->hole_begin, block) &&
              hash_range(hasher, fd, seal->hole_end, size, block);
    hasher_add(hasher, trailer, HASHED_BYTES);
    *hash = hasher_finish(hasher);
    free(block);
    return ok;
}

static bool append_trailer(int fd, Seal *seal)
{
    struct stat info;
    if (fstat(fd, &info) != 0) return false;
    uint64_t size = (uint64_t)info.st_size;
    uint8_t trailer[TRAILER_BYTES] = {0};
    memcpy(trailer, magic, MAGIC_BYTES);
    put_number(trailer + 8, seal->kind, 4);
    put_number(trailer + 12, seal->version, 4);
    put_number(trailer + 16, seal->hole_begin, 8);
    put_number(trailer + 24, seal->hole_end, 8);
    put_number(trailer + 32, size + TRAILER_BYTES, 8);
    if (!hash_file(fd, seal, size, trailer, &seal->hash)) return false;
    put_number(trailer + 40, seal->hash.high, 8);
    put_number(trailer + 48, seal->hash.low, 8);
    return file_pwrite(fd, trailer, sizeof trailer, size);
}

bool seal_write(const char *path, Seal *seal, Error *err)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool ok = fd >= 0 && append_trailer(fd, seal);
    int reason = errno;
    if (fd >= 0 && close(fd) != 0) ok = false;
    return ok || error_set(err, ERROR_SYSTEM, "cannot seal %s: %s", path, strerror(reason));
}

/* --- checking --- */

/* Reads the trailer. Without one, says what the file seems to be instead. */
static bool read_trailer(int fd, const char *path, uint8_t trailer[TRAILER_BYTES], uint64_t *size,
                         Error *err)
{
    struct stat info;
    uint8_t head[sizeof hdf5_signature];
    if (fstat(fd, &info) != 0)
        return error_set(err, ERROR_SYSTEM, "cannot examine %s: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return error_set(err, ERROR_DATA, "%s: is a folder, not a file", path);
    *size = (uint64_t)info.st_size;
    if (*size == 0) return error_set(err, ERROR_DATA, "%s: is empty", path);
    bool is_hdf5 = *size >= sizeof head && file_pread(fd, head, sizeof head, 0) &&
                   memcmp(head, hdf5_signature, sizeof head) == 0;
    if (!is_hdf5)
        return error_set(err, ERROR_DATA, "%s: is neither a pack nor a checkpoint: no HDF5 file",
                         path);
    if (*size < TRAILER_BYTES || !file_pread(fd, trailer, TRAILER_BYTES, *size - TRAILER_BYTES) ||
        memcmp(trailer, magic, MAGIC_BYTES) != 0)
        return error_set(
            err, ERROR_DATA,
            "%s: an HDF5 file without umbel's seal at its end: it was truncated, changed by "
            "another program, or is of another origin; copy it anew or make it again",
            path);
    return true;
}

static bool check_trailer(int fd, const char *path, SealKind kind, uint32_t version, Seal *seal,
                          Error *err)
{
    uint8_t trailer[TRAILER_BYTES] = {0};
    uint64_t size = 0;
    if (!read_trailer(fd, path, trailer, &size, err)) return false;
    *seal = (Seal){.kind = (SealKind)get(trailer + 8, 4),
                   .version = (uint32_t)get(trailer + 12, 4),
                   .hole_begin = get(trailer + 16, 8),
                   .hole_end = get(trailer + 24, 8),
                   .hash = {get(trailer + 40, 8), get(trailer + 48, 8)}};
    if (seal->kind != kind)
        return error_set(err, ERROR_DATA, "%s: is a %s, not a %s", path, kind_name(seal->kind),
                         kind_name(kind));
    if (seal->version > version)
        return error_set(
            err, ERROR_DATA,
            "%s: is a %s of version %u, this program reads up to version %u; use a newer umbel",
            path, kind_name(kind), seal->version, version);
    uint64_t data = size - TRAILER_BYTES;
    if (get(trailer + 32, 8) != size || seal->hole_begin > seal->hole_end || seal->hole_end > data)
        return error_set(err, ERROR_DATA, "%s: is damaged: its seal is for %llu bytes, it has %llu",
                         path, (unsigned long long)get(trailer + 32, 8), (unsigned long long)size);
    Hash128 hash;
    if (!hash_file(fd, seal, data, trailer, &hash))
        return error_set(err, ERROR_SYSTEM, "cannot read %s: %s", path, strerror(errno));
    if (hash.high != seal->hash.high || hash.low != seal->hash.low)
        return error_set(
            err, ERROR_DATA,
            "%s: is damaged: its checksum does not match its contents; copy it anew or "
            "make it again",
            path);
    return true;
}

static bool cannot_open(const char *path, Error *err)
{
    const char *cure = errno == EMFILE ? "; raise the limit with ulimit -n" : "";
    return error_set(err, ERROR_SYSTEM, "cannot open %s: %s%s", path, strerror(errno), cure);
}

bool seal_check(const char *path, SealKind kind, uint32_t version, Seal *seal, Error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return cannot_open(path, err);
    bool ok = check_trailer(fd, path, kind, version, seal, err);
    close(fd);
    return ok;
}

bool seal_kind(const char *path, SealKind *kind, Error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return cannot_open(path, err);
    uint8_t trailer[TRAILER_BYTES] = {0};
    uint64_t size = 0;
    bool ok = read_trailer(fd, path, trailer, &size, err);
    if (ok) *kind = (SealKind)get(trailer + 8, 4);
    close(fd);
    return ok;
}
