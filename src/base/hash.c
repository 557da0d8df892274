/* XXH3 through libxxhash; the only file that includes xxhash.h. */
#include "base/hash.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

uint64_t hash64(const void *data, size_t bytes)
{
    return XXH3_64bits(data, bytes);
}

uint64_t hash_text(const char *text)
{
    return XXH3_64bits(text, strlen(text));
}

/* A Hasher is the library's state itself. */
Hasher *hasher_create(void)
{
    XXH3_state_t *state = XXH3_createState();
    if (!state || XXH3_128bits_reset(state) != XXH_OK) die("hash: out of memory");
    return (Hasher *)state;
}

void hasher_add(Hasher *hasher, const void *data, size_t bytes)
{
    XXH3_128bits_update((XXH3_state_t *)hasher, data, bytes);
}

void hasher_add_text(Hasher *hasher, const char *text)
{
    hasher_add(hasher, text, strlen(text) + 1);
}

Hash128 hasher_finish(Hasher *hasher)
{
    XXH3_state_t *state = (XXH3_state_t *)hasher;
    XXH128_hash_t hash = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    return (Hash128){.high = hash.high64, .low = hash.low64};
}

void hash_print(Hash128 hash, char text[HASH_TEXT_BYTES])
{
    snprintf(text, HASH_TEXT_BYTES, "%016llx%016llx", (unsigned long long)hash.high,
             (unsigned long long)hash.low);
}
