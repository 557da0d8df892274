/* Option tables: defaults, parsing, printing, nearest key. */
#include "base/option.h"

#include "base/number.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- numbers --- */

/* Integers in full, other numbers briefly. */
static void print_range(char *text, size_t bytes, double low, double high)
{
    char from[40], to[40];
    snprintf(from, sizeof from, low == rint(low) && fabs(low) < 1e15 ? "%.0f" : "%g", low);
    snprintf(to, sizeof to, high == rint(high) && fabs(high) < 1e15 ? "%.0f" : "%g", high);
    snprintf(text, bytes, "from %s to %s", from, to);
}

static bool read_integer(const char *text, long *value)
{
    char *end;
    errno = 0;
    *value = strtol(text, &end, 10);
    return end != text && *end == 0 && errno == 0 && text[0] != ' ';
}

static bool read_number(const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && *end == 0 && isfinite(*value) && text[0] != ' ';
}

static bool in_range(const Option *option, double value)
{
    return value >= option->low && value <= option->high;
}

static bool wrong_number(const Option *option, const char *what, const char *text, Error *err)
{
    char range[96];
    print_range(range, sizeof range, option->low, option->high);
    return error_set(err, ERROR_USAGE, "must be %s %s, not \"%s\"", what, range, text);
}

/* --- lists --- */

/* Cuts the next element of "[a, b]" out of *text into `word`; false at the end of the list. One that
 * does not fit is no number: it becomes "?". */
static bool next_element(const char **text, char *word, size_t bytes)
{
    *text += strspn(*text, " ,");
    if (**text == ']' || **text == 0) return false;
    size_t length = strcspn(*text, " ,]");
    bool fits = length < bytes;
    snprintf(word, bytes, "%.*s", fits ? (int)length : 1, fits ? *text : "?");
    *text += length;
    return true;
}

static bool parse_list(const Option *option, const char *text, void *value, Error *err)
{
    bool integers = option->type == OPTION_INTS;
    const char *what = integers ? "a list of integers" : "a list of numbers";
    OptionInts ints = {0};
    OptionFloats floats = {0};
    const char *at = text;
    char word[64];
    int count = 0;
    if (*at++ != '[' || text[strlen(text) - 1] != ']') return wrong_number(option, what, text, err);
    while (next_element(&at, word, sizeof word)) {
        long integer = 0;
        double number = 0;
        bool ok = integers ? read_integer(word, &integer) : read_number(word, &number);
        if (integers) number = (double)integer;
        if (!ok || !in_range(option, number)) return wrong_number(option, what, text, err);
        if (count == OPTION_LIST_MAX)
            return error_set(err, ERROR_USAGE, "must have at most %d elements", OPTION_LIST_MAX);
        ints.value[count] = (int)integer;
        floats.value[count++] = number;
    }
    if (strcmp(at, "]") != 0) return wrong_number(option, what, text, err);
    if (option->elements && count != option->elements)
        return error_set(err, ERROR_USAGE, "must have exactly %d elements, not %d",
                         option->elements, count);
    ints.count = floats.count = count;
    if (integers)
        memcpy(value, &ints, sizeof ints);
    else
        memcpy(value, &floats, sizeof floats);
    return true;
}

static void print_list(const Option *option, const void *value, char *text, size_t bytes)
{
    const OptionInts *ints = value;
    const OptionFloats *floats = value;
    int count = option->type == OPTION_INTS ? ints->count : floats->count;
    size_t used = (size_t)snprintf(text, bytes, "[");
    for (int i = 0; i < count && used < bytes; i++) {
        char number[40];
        number_print(number, sizeof number,
                     option->type == OPTION_INTS ? (double)ints->value[i] : floats->value[i]);
        used += (size_t)snprintf(text + used, bytes - used, i ? ", %s" : "%s", number);
    }
    if (used < bytes) snprintf(text + used, bytes - used, "]");
}

/* --- choices --- */

static bool parse_choice(const Option *option, const char *text, int *value, Error *err)
{
    char all[512] = "";
    int count = 0;
    for (; option->choices[count]; count++) {
        if (strcmp(option->choices[count], text) == 0) {
            *value = count;
            return true;
        }
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, count ? ", %s" : "%s", option->choices[count]);
    }
    const char *near = option_nearest(text, option->choices, count);
    return error_set(err, ERROR_USAGE, "must be one of %s, not \"%s\"%s%s%s", all, text,
                     near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static bool parse_bool(const char *text, bool *value, Error *err)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        *value = text[0] == 't';
        return true;
    }
    return error_set(err, ERROR_USAGE, "must be true or false, not \"%s\"", text);
}

static bool parse_text(const char *text, char *value, int bytes, Error *err)
{
    if (strlen(text) >= (size_t)bytes)
        return error_set(err, ERROR_USAGE, "is longer than %d bytes", bytes - 1);
    memcpy(value, text, strlen(text) + 1);
    return true;
}

/* --- all types --- */

bool option_parse(const Option *option, const char *text, void *values, Error *err)
{
    void *value = (char *)values + option->offset;
    long integer = 0;
    double number = 0;
    switch (option->type) {
    case OPTION_INT:
    case OPTION_LONG:
        if (!read_integer(text, &integer) || !in_range(option, (double)integer))
            return wrong_number(option, "an integer", text, err);
        if (option->type == OPTION_INT)
            *(int *)value = (int)integer;
        else
            *(long *)value = integer;
        return true;
    case OPTION_FLOAT:
        if (!read_number(text, &number) || !in_range(option, number))
            return wrong_number(option, "a number", text, err);
        *(double *)value = number;
        return true;
    case OPTION_BOOL:
        return parse_bool(text, value, err);
    case OPTION_TEXT:
        return parse_text(text, value, OPTION_TEXT_BYTES, err);
    case OPTION_NAMES:
        return parse_text(text, value, OPTION_NAMES_BYTES, err);
    case OPTION_CHOICE:
        return parse_choice(option, text, value, err);
    case OPTION_INTS:
    case OPTION_FLOATS:
        return parse_list(option, text, value, err);
    }
    die("option %s: unknown type %d", option->key, (int)option->type);
}

void option_print(const Option *option, const void *values, char *text, size_t bytes)
{
    const void *value = (const char *)values + option->offset;
    switch (option->type) {
    case OPTION_INT:
        snprintf(text, bytes, "%d", *(const int *)value);
        return;
    case OPTION_LONG:
        snprintf(text, bytes, "%ld", *(const long *)value);
        return;
    case OPTION_FLOAT:
        number_print(text, bytes, *(const double *)value);
        return;
    case OPTION_BOOL:
        snprintf(text, bytes, "%s", *(const bool *)value ? "true" : "false");
        return;
    case OPTION_TEXT:
    case OPTION_NAMES:
        snprintf(text, bytes, "%s", (const char *)value);
        return;
    case OPTION_CHOICE:
        snprintf(text, bytes, "%s", option->choices[*(const int *)value]);
        return;
    case OPTION_INTS:
    case OPTION_FLOATS:
        print_list(option, value, text, bytes);
        return;
    }
}

void option_defaults(const Option *table, void *values)
{
    for (const Option *option = table; option->key; option++) {
        Error err = {0};
        if (option->fallback && !option_parse(option, option->fallback, values, &err))
            die("option %s: its own default is wrong: %s", option->key, err.text);
    }
}

const Option *option_find(const Option *table, const char *key)
{
    for (const Option *option = table; option->key; option++)
        if (strcmp(option->key, key) == 0) return option;
    return NULL;
}

/* --- nearest word --- */

enum { WORD_MAX = 64 };

static int least(int a, int b, int c)
{
    int ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Optimal string alignment distance: insertions, deletions, replacements, swaps of neighbours. */
static int distance(const char *a, const char *b)
{
    int rows = (int)strlen(a), columns = (int)strlen(b), d[WORD_MAX + 1][WORD_MAX + 1];
    if (rows > WORD_MAX || columns > WORD_MAX) return INT_MAX;
    for (int i = 0; i <= rows; i++)
        for (int j = 0; j <= columns; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            int replace = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            d[i][j] = least(d[i - 1][j] + 1, d[i][j - 1] + 1, replace);
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && d[i - 2][j - 2] + 1 < d[i][j]) d[i][j] = d[i - 2][j - 2] + 1;
        }
    return d[rows][columns];
}

const char *option_nearest(const char *word, const char *const *names, int count)
{
    const char *nearest = NULL;
    int best = 2 + (int)strlen(word) / 3; /* one more than is still called near */
    for (int i = 0; i < count; i++) {
        int d = distance(word, names[i]);
        if (d < best) {
            best = d;
            nearest = names[i];
        }
    }
    return nearest;
}
