/*
 * Errors, of three kinds:
 *   a bug                         assert
 *   nothing can be done           die(): this process and, through the hook that dist installs,
 * every rank a mistake of the user, bad    the function returns false and fills its last argument,
 * an Error; data, a full disk             only cli/ prints it and chooses the exit code
 *
 * A text says what was tried, on which thing, why it failed and, where it helps, what to do. One
 * line per problem; an Error collects several where a check can find them all at once.
 */
#pragma once

#include <stdbool.h>

/* What kind of thing was wrong; cli/ maps each to an exit code (docs/errors.md). */
typedef enum ErrorKind {
    ERROR_NONE,
    ERROR_USAGE,   /* command line or configuration */
    ERROR_DATA,    /* pack, checkpoint, image, manifest */
    ERROR_SYSTEM,  /* file system, memory, permissions */
    ERROR_STOPPED, /* nothing was: somebody asked for a stop (base/stop.h) */
} ErrorKind;

enum { ERROR_TEXT_BYTES = 4096 };

/* Zero-initialise: `Error err = {0};`. Plain data, so it can be sent to other ranks. */
typedef struct Error {
    ErrorKind kind;
    int count; /* problems reported, also those that no longer fitted in the text */
    char text[ERROR_TEXT_BYTES]; /* lines separated by '\n', no final newline */
} Error;

/* Adds one line to `err`; keeps the kind of the first. Always returns false, so that a function can
 * `return error_set(err, ERROR_DATA, "%s: …", path);`. */
bool error_set(Error *err, ErrorKind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "context: " before each line that `err` holds. Always returns false. */
bool error_context(Error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reports a state in which nothing can be done and ends the process, through the hook if there is
 * one. */
#define die(...) die_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void die_at(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* `hook` must not return; it is called once with the finished text (no newline at its end). */
void die_set_hook(void (*hook)(const char *text));
