/*
 * What the fuzz targets share. The Makefile links it with --wrap for the functions that get memory:
 * calls from our objects, not those inside shared libraries, are counted here.
 */
#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);

/* --- findings --- */

void fuzz_fail(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    abort();
}

/* What a file holds must never be a reason for die(). */
static void on_die(const char *text)
{
    fuzz_fail("died: %s", text);
}

__attribute__((constructor)) static void start(void)
{
    die_set_hook(on_die);
}

int fuzz_refusals;

void fuzz_check_error(bool ok, const Error *err)
{
    fuzz_refusals += !ok;
    if (!ok && getenv("FUZZ_SHOW")) fprintf(stderr, "refused: %s\n", err->text);
    FUZZ_REQUIRE(ok == (err->kind == ERROR_NONE));
    FUZZ_REQUIRE(ok || *err->text);
    FUZZ_REQUIRE(memchr(err->text, 0, sizeof err->text) != NULL);
}

/* --- memory --- */

static size_t asked, allowed = SIZE_MAX;

void fuzz_allow(size_t bytes, size_t factor)
{
    asked = 0;
    allowed = bytes * factor + FUZZ_FLOOR;
}

static void ask(size_t bytes)
{
    if (__builtin_add_overflow(asked, bytes, &asked) || asked > allowed)
        fuzz_fail("asks for %zu bytes, %zu altogether; %zu are allowed", bytes, asked, allowed);
}

void *__wrap_malloc(size_t bytes)
{
    ask(bytes);
    return __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    size_t total;
    ask(__builtin_mul_overflow(count, bytes, &total) ? SIZE_MAX : total);
    return __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes)
{
    ask(bytes);
    return __real_realloc(old, bytes);
}

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    ask(length);
    return __real_mmap(address, length, protection, flags, fd, offset);
}

/* --- files --- */

enum { PATH_BYTES = 256 };

static struct {
    int fd;
    char path[PATH_BYTES];
} input = {.fd = -1};

static void remove_input(void)
{
    unlink(input.path);
}

/* HDF5 looks up the name of what it opens: a file without one will not do. */
static void create_input(void)
{
    const char *folder = getenv("TMPDIR");
    snprintf(input.path, sizeof input.path, "%s/umbel-fuzz-XXXXXX", folder ? folder : "/tmp");
    input.fd = mkstemp(input.path);
    if (input.fd < 0) fuzz_fail("cannot write %s", input.path);
    atexit(remove_input);
}

const char *fuzz_file(const uint8_t *data, size_t bytes)
{
    allowed = SIZE_MAX;
    if (input.fd < 0) create_input();
    FUZZ_REQUIRE(ftruncate(input.fd, 0) == 0);
    FUZZ_REQUIRE(pwrite(input.fd, data, bytes, 0) == (ssize_t)bytes);
    return input.path;
}
