/* Messages for people. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

static int own_rank;
static bool is_quiet, is_terse;

void log_set_rank(int rank)
{
    own_rank = rank;
}
int log_get_rank(void)
{
    return own_rank;
}

bool log_set_quiet(bool quiet)
{
    bool was = is_quiet;
    is_quiet = quiet;
    return was;
}

bool log_is_quiet(void)
{
    return is_quiet;
}

void log_set_terse(bool terse)
{
    is_terse = terse;
}

bool log_is_terse(void)
{
    return is_terse;
}

/* One write per line, so that lines of several threads and ranks do not mix. */
static void print_line(const char *prefix, const char *format, va_list list)
{
    char line[8192];
    int used = snprintf(line, sizeof line, "%s", prefix);
    vsnprintf(line + used, sizeof line - (size_t)used, format, list);
    fprintf(stderr, "%s\n", line);
}

void log_info(const char *format, ...)
{
    if (own_rank != 0 || is_quiet || is_terse) return;
    va_list list;
    va_start(list, format);
    print_line("", format, list);
    va_end(list);
}

void log_warning(const char *format, ...)
{
    if (own_rank != 0 || is_quiet) return;
    va_list list;
    va_start(list, format);
    print_line("umbel: warning: ", format, list);
    va_end(list);
}

void log_rank(const char *format, ...)
{
    char prefix[48];
    snprintf(prefix, sizeof prefix, "umbel: rank %d: ", own_rank);
    va_list list;
    va_start(list, format);
    print_line(prefix, format, list);
    va_end(list);
}
