/* Files: whole reads, positioned reads, atomic replacement. */
#include "io/file.h"

#include "base/pulse.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

static bool fail(Error *err, const char *what, const char *path)
{
    return error_set(err, ERROR_SYSTEM, "cannot %s %s: %s", what, path, strerror(errno));
}

static bool read_open_file(int fd, const char *path, uint8_t **data, size_t *bytes, Error *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0) return fail(err, "examine", path);
    if (S_ISDIR(info.st_mode))
        return error_set(err, ERROR_SYSTEM, "cannot read %s: it is a folder", path);
    size_t size = (size_t)info.st_size;
    uint8_t *buffer = malloc(size + 1);
    if (!buffer)
        return error_set(err, ERROR_SYSTEM, "cannot read %s: no memory for %zu bytes", path, size);
    errno = EIO;
    if (!file_pread(fd, buffer, size, 0)) {
        free(buffer);
        return fail(err, "read", path);
    }
    buffer[size] = 0;
    *data = buffer;
    *bytes = size;
    return true;
}

void file_allow_many(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

double file_seconds(uint64_t bytes)
{
    return (double)bytes / 10e6;
}

bool file_read_input(uint8_t **data, size_t *bytes, Error *err)
{
    size_t capacity = 0, used = 0;
    uint8_t *buffer = NULL;
    for (ssize_t got = 1; got > 0;) {
        if (used + 1 >= capacity) {
            capacity = capacity ? 2 * capacity : 1 << 16;
            uint8_t *larger = realloc(buffer, capacity);
            if (!larger) die("no memory for %zu bytes of standard input", capacity);
            buffer = larger;
        }
        do got = read(STDIN_FILENO, buffer + used, capacity - used - 1);
        while (got < 0 && errno == EINTR);
        if (got < 0) {
            free(buffer);
            return fail(err, "read", "standard input");
        }
        used += (size_t)got;
    }
    buffer[used] = 0;
    *data = buffer;
    *bytes = used;
    return true;
}

bool file_read(const char *path, uint8_t **data, size_t *bytes, Error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail(err, "open", path);
    bool ok = read_open_file(fd, path, data, bytes, err);
    close(fd);
    return ok;
}

bool file_pread(int fd, void *buffer, size_t bytes, uint64_t offset)
{
    uint8_t *at = buffer;
    while (bytes > 0) {
        pulse_file_begin("reading a file", file_seconds(bytes));
        ssize_t got = pread(fd, at, bytes, (off_t)offset);
        pulse_file_end();
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += got;
        bytes -= (size_t)got;
        offset += (uint64_t)got;
    }
    return true;
}

bool file_pwrite(int fd, const void *buffer, size_t bytes, uint64_t offset)
{
    const uint8_t *at = buffer;
    while (bytes > 0) {
        pulse_file_begin("writing a file", file_seconds(bytes));
        ssize_t put = pwrite(fd, at, bytes, (off_t)offset);
        pulse_file_end();
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        at += put;
        bytes -= (size_t)put;
        offset += (uint64_t)put;
    }
    return true;
}

void file_start_sync(int fd, uint64_t offset, uint64_t bytes)
{
    pulse_file_begin("writing a file", file_seconds(bytes));
    sync_file_range(fd, (off_t)offset, (off_t)bytes, SYNC_FILE_RANGE_WRITE);
    pulse_file_end();
}

void file_folder(const char *path, char *folder, size_t bytes)
{
    char copy[PATH_BYTES];
    snprintf(copy, sizeof copy, "%s", path);
    snprintf(folder, bytes, "%s", dirname(copy));
}

void file_join(char *out, size_t bytes, const char *folder, const char *name)
{
    size_t length = strlen(folder);
    bool bare = name[0] == '/' || length == 0;
    bool slash = length > 0 && folder[length - 1] == '/';
    snprintf(out, bytes, "%s%s%s", bare ? "" : folder, bare || slash ? "" : "/", name);
}

bool file_make_folders(const char *path, Error *err)
{
    char partial[PATH_BYTES];
    snprintf(partial, sizeof partial, "%s", path);
    for (char *at = partial + 1;; at++) {
        char kept = *at;
        if (kept != '/' && kept != 0) continue;
        *at = 0;
        if (mkdir(partial, 0777) != 0 && errno != EEXIST) return fail(err, "make folder", partial);
        *at = kept;
        if (kept == 0) break;
    }
    struct stat info;
    if (stat(path, &info) != 0) return fail(err, "examine folder", path);
    if (!S_ISDIR(info.st_mode))
        return error_set(err, ERROR_SYSTEM, "cannot make folder %s: a file has that name", path);
    return true;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool file_make_temporary_folder(char *folder, size_t bytes, const char *name, Error *err)
{
    const char *temporary = getenv("TMPDIR");
    snprintf(folder, bytes, "%s/umbel-%s-XXXXXX", temporary && *temporary ? temporary : "/tmp",
             name);
    return mkdtemp(folder) || fail(err, "make the temporary folder", folder);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info, (void)type, (void)place;
    return remove(path);
}

void file_remove_folder(const char *folder)
{
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void file_temporary(const char *path, char *temporary, size_t bytes)
{
    snprintf(temporary, bytes, "%s.tmp-%ld", path, (long)getpid());
}

static bool sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0) return false;
    struct stat info = {0};
    fstat(fd, &info);
    pulse_file_begin("syncing a file to disk", file_seconds((uint64_t)info.st_size));
    bool ok = fsync(fd) == 0;
    int reason = errno;
    pulse_file_end();
    close(fd);
    errno = reason;
    return ok;
}

static bool sync_folder_of(const char *path, Error *err)
{
    char folder[PATH_BYTES];
    file_folder(path, folder, sizeof folder);
    return sync_path(folder, O_RDONLY | O_DIRECTORY) || fail(err, "sync folder", folder);
}

bool file_commit(const char *temporary, const char *path, Error *err)
{
    if (!sync_path(temporary, O_RDONLY) || rename(temporary, path) != 0) {
        fail(err, "write", path);
        unlink(temporary);
        return false;
    }
    return sync_folder_of(path, err);
}

static bool write_all(const char *path, const void *data, size_t bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return false;
    bool ok = file_pwrite(fd, data, bytes, 0);
    return close(fd) == 0 && ok;
}

bool file_write(const char *path, const void *data, size_t bytes, Error *err)
{
    char temporary[PATH_BYTES];
    file_temporary(path, temporary, sizeof temporary);
    if (write_all(temporary, data, bytes)) return file_commit(temporary, path, err);
    fail(err, "write", temporary);
    unlink(temporary);
    return false;
}

bool file_append(const char *path, const void *data, size_t bytes, Error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) {
        fail(err, "append to", path);
        if (fd >= 0) close(fd);
        return false;
    }
    if (file_pwrite(fd, data, bytes, (uint64_t)info.st_size))
        return close(fd) == 0 || fail(err, "append to", path);
    fail(err, "append to", path);
    if (ftruncate(fd, info.st_size) != 0) error_context(err, "left a torn line");
    close(fd);
    if (info.st_size == 0) unlink(path);
    return false;
}

bool file_truncate(const char *path, uint64_t bytes, Error *err)
{
    if (truncate(path, (off_t)bytes) == 0 && sync_path(path, O_RDONLY)) return true;
    return fail(err, "shorten", path);
}

bool file_link(const char *target, const char *link, Error *err)
{
    char temporary[PATH_BYTES];
    file_temporary(link, temporary, sizeof temporary);
    unlink(temporary);
    if (symlink(target, temporary) != 0) return fail(err, "make link", temporary);
    if (rename(temporary, link) != 0) {
        fail(err, "make link", link);
        unlink(temporary);
        return false;
    }
    return sync_folder_of(link, err);
}
