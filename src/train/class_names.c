/* Class names from a file, and numbers in their place. */
#include "train/class_names.h"

#include "data/names.h"
#include "io/file.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES_MAX = 65536, NAME_BYTES = 512 };

typedef struct NamedClass {
    const char *name;
    int class;
} NamedClass;

static int by_name(const void *a, const void *b)
{
    const NamedClass *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : x->class - y->class;
}

/* Numbers what stands there more than once: "crane", "crane #2". */
static void number_doubles(const char **names, int count, Arena *arena)
{
    NamedClass *sorted = arena_new(arena, NamedClass, count);
    for (int k = 0; k < count; k++) sorted[k] = (NamedClass){names[k], k};
    qsort(sorted, (size_t)count, sizeof *sorted, by_name);
    for (int i = 1, before = 0; i < count; i++) {
        before = strcmp(sorted[i].name, sorted[i - 1].name) == 0 ? before + 1 : 0;
        if (before)
            names[sorted[i].class] = arena_printf(arena, "%s #%d", sorted[i].name, before + 1);
    }
}

static bool check_line(const char *path, int line, const char *name, Error *err)
{
    if (*name && is_utf8(name) && strlen(name) < NAME_BYTES) return true;
    return error_set(err, ERROR_DATA,
                     "%s:%d: is no class name: it is empty, not UTF-8 or longer than %d bytes",
                     path, line, NAME_BYTES - 1);
}

/* Cuts the text into lines; what stands behind the last newline is one if it is not empty. */
static bool split_lines(const char *path, char *text, const char **names, int *count, Arena *arena,
                        Error *err)
{
    for (char *at = text; *at;) {
        char *end = strchrnul(at, '\n'), *next = *end ? end + 1 : end;
        if (*count == CLASSES_MAX)
            return error_set(err, ERROR_DATA, "%s: has more than %d classes", path, CLASSES_MAX);
        if (end > at && end[-1] == '\r') end--;
        *end = 0;
        if (!check_line(path, *count + 1, at, err)) return false;
        names[(*count)++] = arena_strdup(arena, at);
        at = next;
    }
    number_doubles(names, *count, arena);
    return *count > 0 || error_set(err, ERROR_DATA, "%s: has no class names", path);
}

bool class_names_read(const char *path, const char *const **names, int *count, Arena *arena,
                      Error *err)
{
    uint8_t *text;
    size_t bytes;
    if (!file_read(path, &text, &bytes, err)) return false;
    const char **list = arena_new(arena, const char *, CLASSES_MAX);
    *count = 0;
    *names = list;
    bool ok = split_lines(path, (char *)text, list, count, arena, err);
    free(text);
    return ok;
}

const char *const *class_names_numbers(int count, Arena *arena)
{
    const char **names = arena_new(arena, const char *, count + 1);
    for (int k = 0; k < count; k++) names[k] = arena_printf(arena, "%d", k);
    return names;
}

bool class_names_are_numbers(const char *const *names, int count)
{
    char number[16];
    for (int k = 0; k < count; k++) {
        snprintf(number, sizeof number, "%d", k);
        if (strcmp(names[k], number) != 0) return false;
    }
    return true;
}
