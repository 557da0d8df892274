/* Cells of the three kinds of labels. */
#include "cell.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char SPACES[] = " \t";

const char *cell_next_name(const char **at, size_t *length)
{
    while (**at) {
        const char *begin = *at + strspn(*at, SPACES);
        size_t bytes = strcspn(begin, ";");
        *at = begin + bytes + (begin[bytes] == ';');
        while (bytes > 0 && strchr(SPACES, begin[bytes - 1])) bytes--;
        *length = bytes;
        if (bytes > 0) return begin;
    }
    return NULL;
}

/* ";" between spaces: known to have no class. */
static bool is_empty_set(const char *text)
{
    text += strspn(text, SPACES);
    return *text == ';' && text[1 + strspn(text + 1, SPACES)] == 0;
}

/* An empty name is more likely a mistake than meant. */
static bool has_empty_name(const char *text)
{
    while (*text) {
        text += strspn(text, SPACES);
        if (*text == ';' || *text == 0) return true;
        text += strcspn(text, ";");
        if (*text == ';' && text[1] == 0) return true;
        text += *text == ';';
    }
    return false;
}

typedef struct Name {
    const char *text;
    size_t length;
} Name;

static int by_name(const void *a, const void *b)
{
    const Name *x = a, *y = b;
    int order = memcmp(x->text, y->text, x->length < y->length ? x->length : y->length);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

/* A name that comes twice, or NULL. Sorted, since a cell may be as long as its file. */
static const Name *find_double(Name *list, size_t count)
{
    qsort(list, count, sizeof *list, by_name);
    for (size_t i = 1; i < count; i++)
        if (by_name(&list[i - 1], &list[i]) == 0) return &list[i];
    return NULL;
}

static bool check_doubles(const char *text, Error *err)
{
    const char *at = text;
    size_t count = 0;
    Name *list = malloc(sizeof *list * (strlen(text) / 2 + 2));
    if (!list) die("no memory for the names of a cell");
    while ((list[count].text = cell_next_name(&at, &list[count].length))) count++;
    const Name *twice = find_double(list, count);
    if (twice)
        error_set(err, ERROR_DATA, "\"%s\" names \"%.*s\" twice", text, (int)twice->length,
                  twice->text);
    free(list);
    return !twice;
}

static bool check_names(const char *text, Error *err)
{
    if (is_empty_set(text)) return true;
    if (has_empty_name(text))
        return error_set(
            err, ERROR_DATA,
            "\"%s\" has an empty name between its semicolons; write a;b;c, or a single ; "
            "for none",
            text);
    return check_doubles(text, err);
}

/* strtod alone would take hexadecimal numbers, infinities and nan. */
static bool check_value(const char *text, Error *err)
{
    char *end;
    double value = strtod(text, &end);
    bool plain = strspn(text, "0123456789+-.eE \t") == strlen(text);
    if (plain && end != text && end[strspn(end, SPACES)] == 0 && isfinite(value)) return true;
    return error_set(err, ERROR_DATA, "\"%s\" is no number; a value looks like 12.5 or -3e-4",
                     text);
}

bool cell_check(LabelKind kind, const char *text, Error *err)
{
    switch (kind) {
    case LABEL_MULTI:
        return check_names(text, err);
    case LABEL_VALUE:
        return check_value(text, err);
    default:
        return true;
    }
}

double cell_value(const char *text)
{
    return strtod(text, NULL);
}
