/*
 * Arenas: memory by lifetime. Everything allocated for a run, a plan or a lane lives in one arena
 * and goes with it; there is no free of a single piece. Memory is zeroed when handed out.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct Arena Arena;

/* An empty arena; `name` (kept, not copied) appears in messages. */
Arena *arena_create(const char *name);
void arena_destroy(Arena *arena); /* NULL is allowed */

/* `bytes` zeroed bytes, aligned to 64; valid until the arena is reset or destroyed. Dies, naming
 * the arena, when the system has no memory. Not thread-safe. */
void *arena_alloc(Arena *arena, size_t bytes);

/* Makes room for a piece of `bytes` that the next arena_alloc will find. False if the system refuses
 * the memory: for sizes that a file or a caller chose, so that too large ones can be an Error. */
bool arena_reserve(Arena *arena, size_t bytes);

/* The string `text` copied into the arena. */
char *arena_strdup(Arena *arena, const char *text);
/* `count` texts and the list of them, which ends with NULL, in one piece. */
const char **arena_copy_texts(Arena *arena, char *const *texts, size_t count);
char *arena_printf(Arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull));
char *arena_vprintf(Arena *arena, const char *format, va_list list)
    __attribute__((format(printf, 2, 0), nonnull(1, 2)));

/* Forgets every piece and keeps the memory for the next ones. */
void arena_reset(Arena *arena);

/* Bytes handed out since creation or the last reset. */
size_t arena_bytes(const Arena *arena);

/* `count` elements of `type`. */
#define arena_new(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (size_t)(count)))

/* `list`, a pointer to elements, of which there are `count`, with room for one more: itself, or a copy of twice the length where
 * `count` is a power of two; the outgrown one stays behind in the arena. NULL of 0: a new list. Only a list that was made so. */
#define arena_extend(arena, list, count)                                                           \
    arena_extend_rows((arena), (list), (size_t)(count), sizeof *(list))

/* The same of elements, or rows of them, of `bytes` each. */
void *arena_extend_rows(Arena *arena, void *list, size_t count, size_t bytes);
