/*
 * Hashes: XXH3 of 64 and 128 bits. The only file behind it that includes xxhash.h is hash.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct Hash128 {
    uint64_t high, low;
} Hash128;

typedef struct Hasher Hasher; /* a 128-bit hash in progress */

uint64_t hash64(const void *data, size_t bytes);
uint64_t hash_text(const char *text);

Hasher *hasher_create(void);
void hasher_add(Hasher *hasher, const void *data, size_t bytes);
/* Adds the text and its terminating zero, so that "ab","c" and "a","bc" differ. */
void hasher_add_text(Hasher *hasher, const char *text);
/* The hash of all that was added; destroys the hasher. */
Hash128 hasher_finish(Hasher *hasher);

enum { HASH_TEXT_BYTES = 33 };
/* 32 lower-case hexadecimal digits and a zero. */
void hash_print(Hash128 hash, char text[HASH_TEXT_BYTES]);
