/* Lines of standard input, whoever writes them and however slowly; private to predict. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { LINES_BUFFER = 65536 };

/* Zero-initialise; free(line). */
typedef struct Lines {
    char buffer[LINES_BUFFER];
    size_t begin, end; /* of what is not yet taken */
    bool ended;
    char *line;
    size_t length, capacity;
} Lines;

/* The next line without its end, empty ones left out; it stays until the next call. NULL: there is none, or a stop was
 * requested. */
const char *lines_next(Lines *lines);
