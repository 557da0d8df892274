/* Staging a pack on node-local storage. */
#include "data/stage.h"

#include "base/log.h"
#include "base/progress.h"
#include "io/file.h"
#include "io/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const size_t BLOCK_BYTES = (size_t)4 << 20;
enum { PATH_BYTES = 4096 };

/* Which copies there are to be, by the identities of the files. */
static bool name_copies(Staged *staged, const char *name, const char *folder, Arena *arena,
                        Error *err)
{
    Seal seal;
    char hash[HASH_TEXT_BYTES], path[PATH_BYTES];
    if (!pack_names_expand(&staged->names, name, arena, err)) return false;
    staged->copy = arena_new(arena, const char *, staged->names.files);
    for (int f = 0; f < staged->names.files; f++) {
        if (!seal_check(staged->names.file[f], SEAL_PACK, PACK_VERSION, &seal, err)) return false;
        hash_print(seal.hash, hash);
        file_join(path, sizeof path, folder, arena_printf(arena, "umbel-%s.h5", hash));
        staged->copy[f] = arena_strdup(arena, path);
    }
    return true;
}

static bool has_room(const char *folder, uint64_t bytes, Error *err)
{
    struct statvfs info;
    if (statvfs(folder, &info) != 0)
        return error_set(err, ERROR_SYSTEM, "cannot examine %s: %s", folder, strerror(errno));
    uint64_t free_bytes = (uint64_t)info.f_bavail * info.f_frsize;
    return free_bytes > bytes ||
           error_set(
               err, ERROR_SYSTEM,
               "cannot stage the pack in %s: it needs %.0f MB, %.0f MB are free; choose another "
               "folder, or leave `stage` out",
               folder, ceil((double)bytes / 1e6), floor((double)free_bytes / 1e6));
}

static bool copy_blocks(int from, int to, uint64_t bytes)
{
    uint8_t *block = malloc(BLOCK_BYTES);
    if (!block) die("staging: out of memory");
    Progress progress;
    progress_start(&progress, "staging", "MB", (size_t)(bytes >> 20), 0);
    bool ok = true;
    for (uint64_t at = 0; ok && at < bytes; at += BLOCK_BYTES) {
        size_t count = bytes - at < BLOCK_BYTES ? (size_t)(bytes - at) : BLOCK_BYTES;
        ok = file_pread(from, block, count, at) && file_pwrite(to, block, count, at);
        progress_set(&progress, (size_t)((at + count) >> 20));
    }
    progress_hide(&progress);
    free(block);
    return ok;
}

static bool copy_file(const char *path, const char *folder, const char *copy, Error *err)
{
    struct stat info;
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0 || fstat(from, &info) != 0) {
        error_set(err, ERROR_SYSTEM, "cannot open %s: %s", path, strerror(errno));
        if (from >= 0) close(from);
        return false;
    }
    bool ok = has_room(folder, (uint64_t)info.st_size, err);
    if (ok) {
        int to = open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        ok = to >= 0 && copy_blocks(from, to, (uint64_t)info.st_size);
        int reason = errno;
        if (to >= 0 && close(to) != 0) ok = false;
        if (!ok)
            error_set(err, ERROR_SYSTEM, "cannot copy %s to %s: %s", path, copy, strerror(reason));
    }
    close(from);
    return ok;
}

static bool check_images(const char *copy, Error *err)
{
    Pack *pack = pack_open(copy, err);
    if (!pack) return false;
    uint8_t *buffer = malloc(pack_largest_image_bytes(pack) + 1);
    if (!buffer) die("staging: out of memory");
    size_t bad = 0;
    for (size_t i = 0; i < pack_records(pack); i++) {
        Error why = {0};
        bad += !pack_read(pack, i, buffer, &why);
    }
    if (bad > 0)
        log_rank("%s: %zu images do not match their checksums; they may be damaged in the original "
                 "too, and will be masked",
                 copy, bad);
    free(buffer);
    pack_close(pack);
    return true;
}

static bool make_copy(const char *path, const char *folder, const char *staged, Error *err)
{
    char temporary[PATH_BYTES];
    if (file_exists(staged)) return true;
    if (!file_make_folders(folder, err)) return false;
    file_temporary(staged, temporary, sizeof temporary);
    if (copy_file(path, folder, temporary, err) && check_images(temporary, err))
        return file_commit(temporary, staged, err);
    unlink(temporary);
    return false;
}

bool stage_pack(Staged *staged, const char *name, const char *folder, Arena *arena, Comm *comm,
                Error *err)
{
    Comm *node = comm_split_node(comm);
    *staged = (Staged){0};
    bool named = name_copies(staged, name, folder, arena, err);
    for (int f = 0; named && comm_rank(node) == 0 && f < staged->names.files; f++)
        named = make_copy(staged->names.file[f], folder, staged->copy[f], err);
    comm_free(node);
    bool ok = comm_agree(comm, err);
    if (!ok) *staged = (Staged){0};
    return ok;
}

/* Of the files that have no copy yet. */
static bool count_missing(const Staged *staged, uint64_t *bytes, Error *err)
{
    *bytes = 0;
    for (int f = 0; f < staged->names.files; f++) {
        struct stat info;
        if (file_exists(staged->copy[f])) continue;
        if (stat(staged->names.file[f], &info) != 0)
            return error_set(err, ERROR_SYSTEM, "cannot examine %s: %s", staged->names.file[f],
                             strerror(errno));
        *bytes += (uint64_t)info.st_size;
    }
    return true;
}

static bool could_copy(const char *name, const char *folder, uint64_t bytes, Error *err)
{
    if (access(folder, W_OK | X_OK) != 0)
        return error_set(err, ERROR_SYSTEM, "cannot stage %s in %s: %s; choose another folder",
                         name, folder, strerror(errno));
    return has_room(folder, bytes, err);
}

bool stage_possible(const char *name, const char *folder, Error *err)
{
    Arena *arena = arena_create("staging");
    Staged staged = {0};
    uint64_t bytes = 0;
    bool ok = name_copies(&staged, name, folder, arena, err) && count_missing(&staged, &bytes, err);
    if (ok && bytes > 0) {
        bool is_new = !file_exists(folder);
        ok = file_make_folders(folder, err) && could_copy(name, folder, bytes, err);
        if (is_new) rmdir(folder);
    }
    arena_destroy(arena);
    return ok;
}

void stage_remove(const Staged *staged, Comm *comm)
{
    Comm *node = comm_split_node(comm); /* collective: all have closed it */
    for (int f = 0; comm_rank(node) == 0 && f < staged->names.files; f++)
        if (unlink(staged->copy[f]) != 0)
            log_rank("cannot remove %s: %s", staged->copy[f], strerror(errno));
    comm_free(node);
}
