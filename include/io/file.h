/*
 * Files: whole reads, positioned reads, and atomic replacement (temporary name beside the target,
 * fsync, rename, fsync of the folder). All errors are ERROR_SYSTEM unless said otherwise.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* How long a slow but healthy file system may take for so many bytes: 10 MB/s. For the pulse. */
double file_seconds(uint64_t bytes);

/* Reads the whole file into memory from malloc; a zero byte follows the data and is not counted. */
bool file_read(const char *path, uint8_t **data, size_t *bytes, Error *err);

/* Likewise all of standard input. */
bool file_read_input(uint8_t **data, size_t *bytes, Error *err);

/* Reads exactly `bytes` at `offset`, whatever signals and short reads come between. False at the
 * end of the file or on an error (errno tells). Thread-safe. */
bool file_pread(int fd, void *buffer, size_t bytes, uint64_t offset);

/* Writes exactly `bytes` at `offset`. False on an error (errno tells). Thread-safe. */
bool file_pwrite(int fd, const void *buffer, size_t bytes, uint64_t offset);

/* Asks the system to begin writing these bytes of the file to disk, so that a later sync finds less to do; waits
 * at most for room in the disk's queue, and tells no errors: the sync does. */
void file_start_sync(int fd, uint64_t offset, uint64_t bytes);

/* Raises the soft limit on files that this process may have open at a time to the hard one. */
void file_allow_many(void);

/* Folder of a path ("." if it has none), into `folder`. */
void file_folder(const char *path, char *folder, size_t bytes);
/* Joins with one slash; an absolute `name` stands alone. */
void file_join(char *out, size_t bytes, const char *folder, const char *name);

/* Makes the folder and those above it. */
bool file_make_folders(const char *path, Error *err);
bool file_exists(const char *path);
/* Makes a folder of its own, umbel-NAME-…, in $TMPDIR or /tmp; its path into `folder` (bytes). */
bool file_make_temporary_folder(char *folder, size_t bytes, const char *name, Error *err);
/* Removes a folder with all that is in it, as far as it can. */
void file_remove_folder(const char *folder);

/* The temporary name that stands for `path` until file_commit. */
void file_temporary(const char *path, char *temporary, size_t bytes);
/* Syncs the temporary file, renames it to `path`, syncs the folder. On failure removes it. */
bool file_commit(const char *temporary, const char *path, Error *err);
/* Writes a small file atomically. */
bool file_write(const char *path, const void *data, size_t bytes, Error *err);
/* Appends `bytes` to a file, which is made if it is missing: all of them or, as far as the file system
 * allows, none, so that a full disk leaves no torn line. Not synced. */
bool file_append(const char *path, const void *data, size_t bytes, Error *err);
/* Drops all but the first `bytes` of a file, in place: it needs no room, so it also works on a full
 * disk. Synced. */
bool file_truncate(const char *path, uint64_t bytes, Error *err);
/* Makes `link` a symbolic link to `target`, atomically replacing what was there. */
bool file_link(const char *target, const char *link, Error *err);
