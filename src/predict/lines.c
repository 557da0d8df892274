/* Lines of standard input. Not by stdio, whose reads go on after a signal: a stop must not wait for the next line. */
#include "lines.h"

#include "base/error.h"
#include "base/stop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* False: there is nothing more. */
static bool fill(Lines *lines)
{
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    while (!lines->ended && !stop_requested()) {
        enum {
            PATIENCE = 500
        }; /* milliseconds, if a signal comes between the question and the wait */
        if (poll(&input, 1, PATIENCE) <= 0) continue;
        ssize_t got = read(STDIN_FILENO, lines->buffer, sizeof lines->buffer);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        lines->ended = got <= 0;
        lines->begin = 0;
        lines->end = got > 0 ? (size_t)got : 0;
        if (got > 0) return true;
    }
    return false;
}

static void append(Lines *lines, const char *from, size_t bytes)
{
    if (lines->length + bytes + 1 > lines->capacity) {
        lines->capacity = 2 * (lines->length + bytes + 1);
        lines->line = realloc(lines->line, lines->capacity);
        if (!lines->line) die("standard input: no memory for a line of %zu bytes", lines->capacity);
    }
    memcpy(lines->line + lines->length, from, bytes);
    lines->length += bytes;
    lines->line[lines->length] = 0;
}

/* Appends up to the end of the line; false: it goes on beyond the buffer. */
static bool take(Lines *lines)
{
    const char *from = lines->buffer + lines->begin;
    size_t left = lines->end - lines->begin;
    const char *stop = memchr(from, '\n', left);
    size_t bytes = stop ? (size_t)(stop - from) : left;
    append(lines, from, bytes);
    lines->begin += bytes + (stop != NULL);
    return stop != NULL;
}

const char *lines_next(Lines *lines)
{
    do {
        lines->length = 0;
        append(lines, "", 0);
        while (lines->begin < lines->end || fill(lines))
            if (take(lines)) break;
        if (stop_requested()) return NULL;
        size_t length = strlen(lines->line);
        if (length > 0 && lines->line[length - 1] == '\r') lines->line[length - 1] = 0;
    } while (!*lines->line && (lines->begin < lines->end || !lines->ended));
    return *lines->line ? lines->line : NULL;
}
