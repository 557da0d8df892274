/* The run folder. */
#include "train/run_folder.h"

#include "base/log.h"
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHECKPOINTS_MAX = 4096 };

static void checkpoint_folder(const RunFolder *folder, char *path, size_t bytes)
{
    file_join(path, bytes, folder->path, "checkpoint");
}

void run_folder_checkpoint(const RunFolder *folder, uint64_t step, char *path, size_t bytes)
{
    snprintf(path, bytes, "%s/checkpoint/step-%" PRIu64 ".h5", folder->path, step);
}

/* Parses exactly "step-N.h5". */
static bool parse_step(const char *name, uint64_t *step)
{
    if (strncmp(name, "step-", 5) != 0 || name[5] < '0' || name[5] > '9') return false;
    char *end;
    *step = strtoull(name + 5, &end, 10);
    return strcmp(end, ".h5") == 0;
}

static int newest_first(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* Steps of all checkpoints, newest first; returns their number. */
static int list_steps(const RunFolder *folder, uint64_t *steps)
{
    char path[RUN_PATH_BYTES];
    checkpoint_folder(folder, path, sizeof path);
    DIR *dir = opendir(path);
    if (!dir) return 0;
    int count = 0;
    for (struct dirent *entry; (entry = readdir(dir)) && count < CHECKPOINTS_MAX;)
        count += parse_step(entry->d_name, &steps[count]);
    closedir(dir);
    qsort(steps, (size_t)count, sizeof *steps, newest_first);
    return count;
}

bool run_folder_newest(const RunFolder *folder, uint64_t limit, uint64_t *step)
{
    uint64_t steps[CHECKPOINTS_MAX];
    int count = list_steps(folder, steps);
    for (int i = 0; i < count; i++)
        if (steps[i] < limit) {
            *step = steps[i];
            return true;
        }
    return false;
}

bool run_folder_make(const RunFolder *folder, Error *err)
{
    char path[RUN_PATH_BYTES];
    checkpoint_folder(folder, path, sizeof path);
    return file_make_folders(path, err);
}

/* Temporary names are those of file_temporary. */
static void remove_unfinished(const RunFolder *folder)
{
    char path[RUN_PATH_BYTES];
    checkpoint_folder(folder, path, sizeof path);
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char file[RUN_PATH_BYTES + 300];
        if (!strstr(entry->d_name, ".tmp-")) continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        unlink(file);
    }
    if (dir) closedir(dir);
}

bool run_folder_open(const RunFolder *folder, bool resume, Error *err)
{
    uint64_t step;
    if (!resume && run_folder_newest(folder, UINT64_MAX, &step))
        return error_set(err, ERROR_USAGE,
                         "%s: holds the checkpoints of another run (newest: step %" PRIu64
                         "); go on with --resume, or choose another folder with --set run=FOLDER",
                         folder->path, step);
    if (!run_folder_make(folder, err)) return false;
    remove_unfinished(folder);
    return true;
}

bool run_folder_write_config(const RunFolder *folder, const char *text, Error *err)
{
    char path[RUN_PATH_BYTES];
    file_join(path, sizeof path, folder->path, "config.yaml");
    return file_write(path, text, strlen(text), err);
}

bool run_folder_link(const RunFolder *folder, const char *name, uint64_t step, Error *err)
{
    char target[64], link[RUN_PATH_BYTES + 64];
    snprintf(target, sizeof target, "step-%" PRIu64 ".h5", step);
    snprintf(link, sizeof link, "%s/checkpoint/%s", folder->path, name);
    return file_link(target, link, err);
}

/* Whether the link points at the checkpoint of `step`. */
static bool points_at(const char *link, uint64_t step)
{
    char target[64];
    uint64_t linked;
    ssize_t length = readlink(link, target, sizeof target - 1);
    if (length < 0) return false;
    target[length] = 0;
    return parse_step(target, &linked) && linked == step;
}

static bool has_checkpoint(const RunFolder *folder, uint64_t step)
{
    char path[RUN_PATH_BYTES];
    run_folder_checkpoint(folder, step, path, sizeof path);
    return file_exists(path);
}

static bool is_among(uint64_t step, const uint64_t *steps, size_t count)
{
    bool found = false;
    for (size_t i = 0; i < count; i++) found |= steps[i] == step;
    return found;
}

/* Parses exactly "pareto-N". */
static bool parse_front(const char *name, uint64_t *step)
{
    char *end;
    if (strncmp(name, "pareto-", 7) != 0 || name[7] < '0' || name[7] > '9') return false;
    *step = strtoull(name + 7, &end, 10);
    return !*end;
}

/* Removes the links of the front to others than these, or to nothing. */
static void unlink_others(const RunFolder *folder, const uint64_t *steps, size_t count)
{
    char path[RUN_PATH_BYTES];
    checkpoint_folder(folder, path, sizeof path);
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char link[RUN_PATH_BYTES + 300];
        uint64_t step;
        if (!parse_front(entry->d_name, &step) ||
            (is_among(step, steps, count) && has_checkpoint(folder, step)))
            continue;
        snprintf(link, sizeof link, "%s/%s", path, entry->d_name);
        if (remove(link) != 0) log_warning("cannot remove %s: %s", link, strerror(errno));
    }
    if (dir) closedir(dir);
}

/* New links come before old ones go, so that a checkpoint of the front is never without one. */
bool run_folder_link_front(const RunFolder *folder, const uint64_t *step, size_t count, Error *err)
{
    for (size_t i = 0; i < count; i++) {
        char name[64], link[RUN_PATH_BYTES + 64];
        snprintf(name, sizeof name, "pareto-%" PRIu64, step[i]);
        snprintf(link, sizeof link, "%s/checkpoint/%s", folder->path, name);
        if (has_checkpoint(folder, step[i]) && !points_at(link, step[i]) &&
            !run_folder_link(folder, name, step[i], err))
            return false;
    }
    unlink_others(folder, step, count);
    return true;
}

/* Whether a link of the folder points at the checkpoint of `step`. */
static bool is_linked(const RunFolder *folder, uint64_t step)
{
    char path[RUN_PATH_BYTES];
    checkpoint_folder(folder, path, sizeof path);
    DIR *dir = opendir(path);
    bool linked = false;
    for (struct dirent *entry; dir && !linked && (entry = readdir(dir));) {
        char link[RUN_PATH_BYTES + 300];
        snprintf(link, sizeof link, "%s/%s", path, entry->d_name);
        linked = points_at(link, step);
    }
    if (dir) closedir(dir);
    return linked;
}

void run_folder_prune(const RunFolder *folder)
{
    uint64_t steps[CHECKPOINTS_MAX];
    int count = list_steps(folder, steps);
    for (int i = folder->keep; i < count; i++) {
        char path[RUN_PATH_BYTES];
        if (is_linked(folder, steps[i])) continue;
        run_folder_checkpoint(folder, steps[i], path, sizeof path);
        if (remove(path) != 0) log_warning("cannot remove %s: %s", path, strerror(errno));
    }
}

uint64_t run_folder_bytes(const RunFolder *folder)
{
    uint64_t steps[CHECKPOINTS_MAX], bytes = 0;
    int count = list_steps(folder, steps);
    for (int i = 0; i < count; i++) {
        char path[RUN_PATH_BYTES];
        struct stat info;
        run_folder_checkpoint(folder, steps[i], path, sizeof path);
        if (stat(path, &info) == 0) bytes += (uint64_t)info.st_size;
    }
    return bytes;
}

static void metrics_path(const RunFolder *folder, char *path, size_t bytes)
{
    file_join(path, bytes, folder->path, "metrics.jsonl");
}

bool run_folder_append(const RunFolder *folder, const char *line, Error *err)
{
    char path[RUN_PATH_BYTES], *whole;
    metrics_path(folder, path, sizeof path);
    int length = asprintf(&whole, "%s\n", line);
    if (length < 0) die("metrics: out of memory");
    bool ok = file_append(path, whole, (size_t)length, err);
    free(whole);
    return ok;
}

/* The step of a record, or 0: records are written by this program, "step" first among numbers. */
static uint64_t record_step(const char *line, size_t length)
{
    static const char key[] = "\"step\":";
    const char *at = memmem(line, length, key, sizeof key - 1);
    return at ? strtoull(at + sizeof key - 1, NULL, 10) : 0;
}

static bool is_validation(const char *line, size_t length)
{
    static const char kind[] = "\"kind\":\"val\"";
    return memmem(line, length, kind, sizeof kind - 1) != NULL;
}

/* Whether a record stays when a run goes on after `step`. */
static bool stays(const char *line, size_t length, uint64_t step, bool validated)
{
    uint64_t at = record_step(line, length);
    return at < step || (at == step && (validated || !is_validation(line, length)));
}

/* Moves the whole lines that stay to the front; returns their bytes. *prefix: bytes of those that did not move. */
static size_t keep_lines(uint8_t *data, size_t bytes, uint64_t step, bool validated, size_t *prefix)
{
    size_t kept = 0;
    *prefix = 0;
    for (size_t begin = 0; begin < bytes;) {
        const uint8_t *newline = memchr(data + begin, '\n', bytes - begin);
        if (!newline) break; /* a torn last line is dropped */
        size_t length = (size_t)(newline - (data + begin)) + 1;
        if (stays((const char *)data + begin, length, step, validated)) {
            memmove(data + kept, data + begin, length);
            if (kept == begin) *prefix = kept + length;
            kept += length;
        }
        begin += length;
    }
    return kept;
}

bool run_folder_rewind(const RunFolder *folder, uint64_t step, bool validated, Error *err)
{
    char path[RUN_PATH_BYTES];
    metrics_path(folder, path, sizeof path);
    if (!file_exists(path)) return true;
    uint8_t *data;
    size_t bytes, prefix;
    if (!file_read(path, &data, &bytes, err)) return false;
    size_t kept = keep_lines(data, bytes, step, validated, &prefix);
    bool ok = kept == bytes ||
              (kept == prefix ? file_truncate(path, kept, err) : file_write(path, data, kept, err));
    free(data);
    return ok;
}
