/* Errors and die(). */
#include "base/error.h"

#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void (*die_hook)(const char *text);

bool error_set(Error *err, ErrorKind kind, const char *format, ...)
{
    size_t used = strlen(err->text);
    if (err->count++ == 0) err->kind = kind;
    if (used > 0 && used + 2 < sizeof err->text) memcpy(err->text + used++, "\n", 2);
    va_list list;
    va_start(list, format);
    vsnprintf(err->text + used, sizeof err->text - used, format, list);
    va_end(list);
    return false;
}

bool error_context(Error *err, const char *format, ...)
{
    char context[1024], old[ERROR_TEXT_BYTES];
    va_list list;
    va_start(list, format);
    vsnprintf(context, sizeof context, format, list);
    va_end(list);
    memcpy(old, err->text, sizeof old);
    size_t used = 0;
    err->text[0] = 0;
    for (const char *line = old; *line && used + 1 < sizeof err->text;) {
        size_t length = strcspn(line, "\n");
        int written = snprintf(err->text + used, sizeof err->text - used, "%s%s: %.*s",
                               used ? "\n" : "", context, (int)length, line);
        used += (size_t)written;
        line += length + (line[length] == '\n');
    }
    return false;
}

void die_set_hook(void (*hook)(const char *text))
{
    die_hook = hook;
}

_Noreturn void die_at(const char *file, int line, const char *format, ...)
{
    char text[ERROR_TEXT_BYTES];
    int used = snprintf(text, sizeof text, "%s:%d: ", file, line);
    va_list list;
    va_start(list, format);
    vsnprintf(text + used, sizeof text - (size_t)used, format, list);
    va_end(list);
    void (*hook)(const char *) = die_hook;
    die_hook = NULL; /* a hook that fails must not call itself */
    if (hook) hook(text);
    fprintf(stderr, "umbel: rank %d: %s\n", log_get_rank(), text);
    _Exit(EXIT_FAILURE);
}
