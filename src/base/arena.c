/*
 * Arenas: a list of chunks from the system, handed out in order. A piece larger than what is left
 * of the current chunk starts a new one.
 */
#include "base/arena.h"

#include "base/error.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64 };

/* AddressSanitizer sees a chunk as one piece: it must be told where pieces end, and keep the bytes
 * between them untouched. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1 /* clang's way to say what gcc does */
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
enum { GUARD = ALIGNMENT };
#else
#define ASAN_POISON_MEMORY_REGION(begin, bytes) ((void)(begin), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(begin, bytes) ((void)(begin), (void)(bytes))
enum { GUARD = 0 };
#endif
static const size_t CHUNK_BYTES = (size_t)1 << 20;
static const size_t HUGE_PAGE = (size_t)1
                                << 21; /* chunks this large may use transparent huge pages */

typedef struct Chunk {
    struct Chunk *next;
    uint8_t *base;
    size_t size, used;
} Chunk;

struct Arena {
    const char *name;
    Chunk *first, *current;
    size_t bytes;
};

Arena *arena_create(const char *name)
{
    Arena *arena = calloc(1, sizeof *arena);
    if (!arena) die("arena %s: out of memory", name);
    arena->name = name;
    return arena;
}

void arena_destroy(Arena *arena)
{
    if (!arena) return;
    for (Chunk *chunk = arena->first; chunk;) {
        Chunk *next = chunk->next;
        ASAN_UNPOISON_MEMORY_REGION(chunk->base, chunk->size);
        munmap(chunk->base, chunk->size);
        free(chunk);
        chunk = next;
    }
    free(arena);
}

static size_t round_up(size_t bytes)
{
    return (bytes + GUARD + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Inserts a chunk of at least `bytes` behind the current one. NULL: the system has no memory. */
static Chunk *add_chunk(Arena *arena, size_t bytes)
{
    size_t unit = bytes >= HUGE_PAGE ? HUGE_PAGE : CHUNK_BYTES;
    if (bytes > SIZE_MAX - unit) return NULL;
    size_t size = bytes > unit ? (bytes + unit - 1) / unit * unit : unit;
    Chunk *chunk = calloc(1, sizeof *chunk);
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!chunk || base == MAP_FAILED) {
        if (base != MAP_FAILED) munmap(base, size);
        free(chunk);
        return NULL;
    }
    if (size >= HUGE_PAGE) madvise(base, size, MADV_HUGEPAGE);
    *chunk = (Chunk){.base = base, .size = size};
    if (arena->current) {
        chunk->next = arena->current->next;
        arena->current->next = chunk;
    } else {
        arena->first = chunk;
    }
    return chunk;
}

/* Makes a chunk with room for `rounded` bytes the current one; NULL: there is no memory. */
static Chunk *find_room(Arena *arena, size_t rounded)
{
    Chunk *chunk = arena->current;
    while (!chunk || chunk->size - chunk->used < rounded) {
        Chunk *next = chunk ? chunk->next : arena->first;
        chunk = next && next->size - next->used >= rounded ? next : add_chunk(arena, rounded);
        if (!chunk) return NULL;
        arena->current = chunk;
    }
    return chunk;
}

bool arena_reserve(Arena *arena, size_t bytes)
{
    return bytes <= SIZE_MAX - GUARD - ALIGNMENT && find_room(arena, round_up(bytes)) != NULL;
}

void *arena_alloc(Arena *arena, size_t bytes)
{
    size_t rounded = round_up(bytes);
    Chunk *chunk = find_room(arena, rounded);
    if (!chunk)
        die("arena %s: out of memory: %zu bytes more than the %zu it has", arena->name, bytes,
            arena->bytes);
    uint8_t *piece = chunk->base + chunk->used;
    ASAN_POISON_MEMORY_REGION(piece + bytes, rounded - bytes);
    chunk->used += rounded;
    arena->bytes += rounded;
    return piece;
}

char *arena_strdup(Arena *arena, const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(arena_alloc(arena, bytes), text, bytes);
}

const char **arena_copy_texts(Arena *arena, char *const *texts, size_t count)
{
    size_t list = (count + 1) * sizeof *texts, bytes = list;
    for (size_t i = 0; i < count; i++) bytes += strlen(texts[i]) + 1;
    const char **copy = arena_alloc(arena, bytes);
    char *at = (char *)copy + list;
    for (size_t i = 0; i < count; i++) {
        copy[i] = at;
        at = stpcpy(at, texts[i]) + 1;
    }
    return copy;
}

char *arena_vprintf(Arena *arena, const char *format, va_list list)
{
    va_list again;
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, list);
    return text;
}

char *arena_printf(Arena *arena, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *text = arena_vprintf(arena, format, list);
    va_end(list);
    return text;
}

void *arena_extend_rows(Arena *arena, void *list, size_t count, size_t bytes)
{
    if (count & (count - 1)) return list;
    void *larger = arena_alloc(arena, bytes * (count ? 2 * count : 1));
    if (count) memcpy(larger, list, bytes * count);
    return larger;
}

void arena_reset(Arena *arena)
{
    for (Chunk *chunk = arena->first; chunk; chunk = chunk->next) {
        ASAN_UNPOISON_MEMORY_REGION(chunk->base, chunk->used);
        memset(chunk->base, 0, chunk->used); /* pieces are handed out zeroed */
        chunk->used = 0;
    }
    arena->current = arena->first;
    arena->bytes = 0;
}

size_t arena_bytes(const Arena *arena)
{
    return arena->bytes;
}
