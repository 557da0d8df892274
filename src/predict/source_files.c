/*
 * Files. A walk is a stack of lists of names: at its bottom what was given, above it the matches of a pattern, or the
 * sorted entries of a folder. A list is one block of texts, so that a folder of a million images takes little more
 * than their names.
 */
#include "lines.h"
#include "predict/source.h"

#include "base/stop.h"
#include "data/image.h"
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 40 }; /* a link to a folder above it would make a path without an end */

typedef struct List {
    char *folder; /* that the names are in; NULL: they stand alone, and each is wanted */
    char *text;   /* names, each with its zero byte */
    size_t *name; /* (count): where it begins */
    size_t bytes, bytes_room, count, room, next;
} List;

typedef struct Files {
    List list[DEPTH_MAX];
    int depth;
    Lines lines;
    bool reading; /* from `lines` */
    char path[2 * PATH_MAX];
} Files;

/* --- lists --- */

static void *grow(void *memory, size_t bytes)
{
    void *larger = realloc(memory, bytes);
    if (!larger) die("list of images: no memory for %zu bytes", bytes);
    return larger;
}

static void add_name(List *list, const char *name)
{
    size_t length = strlen(name) + 1;
    if (list->bytes + length > list->bytes_room) {
        list->bytes_room = 2 * list->bytes_room + length;
        list->text = grow(list->text, list->bytes_room);
    }
    if (list->count == list->room) {
        list->room = 2 * list->room + 16;
        list->name = grow(list->name, sizeof *list->name * list->room);
    }
    list->name[list->count++] = list->bytes;
    memcpy(list->text + list->bytes, name, length);
    list->bytes += length;
}

/* A new list at the top; NULL: the walk is as deep as it may be. */
static List *push(Files *files, const char *folder)
{
    if (files->depth == DEPTH_MAX) return NULL;
    List *list = &files->list[files->depth++];
    *list = (List){0};
    if (folder && !(list->folder = strdup(folder))) die("list of images: out of memory");
    return list;
}

static void pop(Files *files)
{
    List *list = &files->list[--files->depth];
    free(list->folder);
    free(list->text);
    free(list->name);
}

static int by_text(const void *a, const void *b, void *text)
{
    return strcmp((char *)text + *(const size_t *)a, (char *)text + *(const size_t *)b);
}

/* False: it cannot be read, and is to be named in the place of its images. */
static bool push_folder(Files *files, const char *path)
{
    DIR *dir = opendir(path);
    List *list = dir ? push(files, path) : NULL;
    if (!list) {
        if (dir) closedir(dir);
        return false;
    }
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.') add_name(list, entry->d_name);
    closedir(dir);
    if (list->count) qsort_r(list->name, list->count, sizeof *list->name, by_text, list->text);
    return true;
}

/* False: nothing matches. */
static bool push_matches(Files *files, const char *pattern)
{
    glob_t found;
    if (!strpbrk(pattern, "*?[") || glob(pattern, 0, NULL, &found) != 0) return false;
    List *list = push(files, NULL);
    for (size_t i = 0; list && i < found.gl_pathc; i++) add_name(list, found.gl_pathv[i]);
    globfree(&found);
    return list != NULL;
}

/* --- the walk --- */

/* Whether files->path, from a list of what is wanted or from a folder, is an image's name; a folder or pattern is
 * pushed instead. */
static bool is_image(Files *files, bool wanted)
{
    struct stat info;
    if (stat(files->path, &info) != 0) return wanted && !push_matches(files, files->path);
    if (S_ISDIR(info.st_mode)) return !push_folder(files, files->path);
    return wanted || image_has_extension(files->path);
}

static const char *next_name(void *state)
{
    Files *files = state;
    while (!stop_requested()) {
        const char *line = files->reading ? lines_next(&files->lines) : NULL;
        if (line) return line;
        files->reading = false;
        if (files->depth == 0) return NULL;
        List *list = &files->list[files->depth - 1];
        if (list->next == list->count) {
            pop(files);
            continue;
        }
        const char *name = list->text + list->name[list->next++];
        bool wanted = list->folder == NULL;
        if (wanted && strcmp(name, "-") == 0)
            files->reading = true;
        else {
            file_join(files->path, sizeof files->path, list->folder ? list->folder : "", name);
            if (is_image(files, wanted)) return files->path;
        }
    }
    return NULL;
}

/* --- reading --- */

static bool read_regular(int fd, uint8_t **data, size_t *bytes, Error *err)
{
    enum { MOST = 1 << 30 }; /* no picture that can be decoded is larger */
    struct stat info;
    if (fstat(fd, &info) != 0) return error_set(err, ERROR_SYSTEM, "%s", strerror(errno));
    if (S_ISDIR(info.st_mode))
        return error_set(err, ERROR_DATA, "is a folder, nested too deep or not to be listed");
    if (!S_ISREG(info.st_mode)) return error_set(err, ERROR_DATA, "is no regular file");
    if (info.st_size > MOST) return error_set(err, ERROR_DATA, "is larger than 1 GiB");
    *bytes = (size_t)info.st_size;
    *data = malloc(*bytes + 1);
    if (!*data) return error_set(err, ERROR_SYSTEM, "no memory for %zu bytes", *bytes);
    errno = EIO;
    if (file_pread(fd, *data, *bytes, 0)) return true;
    free(*data);
    return error_set(err, ERROR_SYSTEM, "cannot be read: %s", strerror(errno));
}

static bool read_image(const void *state, size_t index, const char *name, uint8_t **data,
                       size_t *bytes, Error *err)
{
    (void)state, (void)index;
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait for its writer */
    if (fd < 0) return error_set(err, ERROR_SYSTEM, "cannot be opened: %s", strerror(errno));
    bool ok = read_regular(fd, data, bytes, err);
    close(fd);
    return ok;
}

/* --- opening and closing --- */

static void close_files(void *state)
{
    Files *files = state;
    while (files->depth > 0) pop(files);
    free(files->lines.line);
    free(files);
}

Source source_files(const char *const *names, size_t count)
{
    Files *files = calloc(1, sizeof *files);
    if (!files) die("list of images: out of memory");
    List *list = push(files, NULL);
    for (size_t i = 0; i < count; i++) add_name(list, names[i]);
    return (Source){files, next_name, read_image, close_files};
}
