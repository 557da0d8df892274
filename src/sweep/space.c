/* The space that a sweep searches: reading what was given. */
#include "sweep/space.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an option's value may be, wherever it lives otherwise. */
typedef union AnyValue {
    int integer;
    long wide;
    double real;
    bool truth;
    char text[OPTION_TEXT_BYTES];
    OptionInts integers;
    OptionFloats reals;
} AnyValue;

static bool parse_alone(const Option *option, const char *text, AnyValue *value, Error *err)
{
    Option alone = *option;
    alone.offset = 0;
    return option_parse(&alone, text, value, err);
}

static bool is_integer(const Option *option)
{
    return option && (option->type == OPTION_INT || option->type == OPTION_LONG);
}

static bool is_number(const Option *option)
{
    return is_integer(option) || (option && option->type == OPTION_FLOAT);
}

/* --- ranges --- */

static bool parse_end(const Option *option, const char *text, double *end, Error *err)
{
    AnyValue value;
    if (!parse_alone(option, text, &value, err)) return false;
    *end = option->type == OPTION_INT    ? value.integer
           : option->type == OPTION_LONG ? (double)value.wide
                                         : value.real;
    return true;
}

/* `dots` are within `text`. */
static bool parse_range(Axis *axis, const Option *option, const char *text, const char *dots,
                        Arena *arena, Error *err)
{
    const char *colon = strchr(dots, ':');
    const char *end = colon ? colon : text + strlen(text);
    axis->kind = is_integer(option) ? AXIS_INTEGER : AXIS_REAL;
    axis->log = colon && strcmp(colon, ":log") == 0;
    if (colon && !axis->log)
        return error_set(err, ERROR_USAGE, "a range may end in :log, not in %s", colon);
    axis->low_text = arena_printf(arena, "%.*s", (int)(dots - text), text);
    axis->high_text = arena_printf(arena, "%.*s", (int)(end - dots) - 2, dots + 2);
    if (!parse_end(option, axis->low_text, &axis->low, err) ||
        !parse_end(option, axis->high_text, &axis->high, err))
        return false;
    if (axis->low >= axis->high)
        return error_set(err, ERROR_USAGE, "%s is not below %s; give the lower end first",
                         axis->low_text, axis->high_text);
    if (axis->log && axis->low <= 0)
        return error_set(err, ERROR_USAGE,
                         "a logarithmic range must begin above 0, such as at 1e-6, not at %s",
                         axis->low_text);
    return true;
}

/* --- lists --- */

/* Bytes up to a comma that is in no brackets and no quotes, or to the end. */
static size_t piece_length(const char *text)
{
    int depth = 0;
    char quote = 0;
    size_t i = 0;
    for (; text[i] && (text[i] != ',' || depth > 0 || quote); i++) {
        if (quote)
            quote = text[i] == quote ? 0 : quote;
        else if (text[i] == '"' || text[i] == '\'')
            quote = text[i];
        else
            depth += (strchr("[{", text[i]) != NULL) - (strchr("]}", text[i]) != NULL);
    }
    return i;
}

static int count_pieces(const char *text)
{
    int count = 1;
    for (const char *at = text + piece_length(text); *at; at += 1 + piece_length(at + 1)) count++;
    return count;
}

static bool add_value(Axis *axis, const Option *option, const char *value, Error *err)
{
    AnyValue any;
    if (!*value) return error_set(err, ERROR_USAGE, "has an empty value; leave out the comma");
    for (int i = 0; i < axis->count; i++)
        if (strcmp(axis->value[i], value) == 0)
            return error_set(err, ERROR_USAGE, "%s stands there twice", value);
    if (option && option->type != OPTION_TEXT && !parse_alone(option, value, &any, err))
        return false;
    axis->value[axis->count++] = value;
    return true;
}

static bool parse_list(Axis *axis, const Option *option, const char *text, Arena *arena, Error *err)
{
    axis->kind = AXIS_LIST;
    axis->value = arena_new(arena, const char *, count_pieces(text));
    for (const char *at = text;; at++) {
        at += strspn(at, " ");
        size_t length = piece_length(at);
        if (!add_value(axis, option, arena_printf(arena, "%.*s", (int)length, at), err))
            return false;
        at += length;
        if (!*at) return true;
    }
}

/* --- both --- */

/* What the sweep itself decides. */
static bool may_vary(const Space *space, const char *key, Error *err)
{
    static const struct {
        const char *key, *why;
    } fixed[] = {
        {"run", "each trial has a folder of its own; choose that of all by --run"},
        {"epochs", "trials are compared after equal epochs"},
        {"pack", "trials are compared on the same images"},
    };
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (strcmp(fixed[i].key, key) == 0)
            return error_set(err, ERROR_USAGE, "cannot be varied: %s", fixed[i].why);
    for (int a = 0; a < space->axes; a++)
        if (strcmp(space->axis[a].key, key) == 0)
            return error_set(err, ERROR_USAGE, "%s is varied already", key);
    return space->axes < SPACE_AXES_MAX ||
           error_set(err, ERROR_USAGE, "at most %d keys can be varied", SPACE_AXES_MAX);
}

bool space_add(Space *space, const char *text, const Config *config, Arena *arena, Error *err)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text || !equals[1])
        return error_set(err, ERROR_USAGE,
                         "--over %s: must be KEY=LOW..HIGH, KEY=LOW..HIGH:log or KEY=A,B,C", text);
    Axis axis = {.text = text, .key = arena_printf(arena, "%.*s", (int)(equals - text), text)};
    const Option *option = config_find_option(config, axis.key);
    const char *values = equals + 1, *dots = is_number(option) ? strstr(values, "..") : NULL;
    bool ok = may_vary(space, axis.key, err) &&
              (dots ? parse_range(&axis, option, values, dots, arena, err)
                    : parse_list(&axis, option, values, arena, err));
    if (!ok) return error_context(err, "--over %s", text);
    space->axis[space->axes++] = axis;
    return true;
}
