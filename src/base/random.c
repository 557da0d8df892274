/*
 * Philox 4x32-10 and what is drawn from it. The address of a draw:
 *   key      64-bit mix of seed and name
 *   counter  {block, purpose << 24 | bits 32-55 of a, bits 0-31 of a, bits 0-31 of b}
 */
#include "base/random.h"

#include "philox.h"

#include <string.h>

void random_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c[4] = {counter[0], counter[1], counter[2], counter[3]}, k[2] = {key[0], key[1]};
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        philox_round(&c[0], &c[1], &c[2], &c[3], k);
        philox_next_key(k);
    }
    memcpy(out, c, sizeof c);
}

/* The finaliser of splitmix64. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
}

Random random_at(uint64_t seed, RandomPurpose purpose, uint64_t name, uint64_t a, uint64_t b)
{
    uint64_t key = mix(seed + name * 0x9E3779B97F4A7C15ULL);
    return (Random){.key = {(uint32_t)key, (uint32_t)(key >> 32)},
                    .counter = {0, (uint32_t)purpose << 24 | ((uint32_t)(a >> 32) & 0xFFFFFFU),
                                (uint32_t)a, (uint32_t)b},
                    .used = 4};
}

uint32_t random_u32(Random *random)
{
    if (random->used == 4) {
        random_philox(random->counter, random->key, random->word);
        random->counter[0]++;
        random->used = 0;
    }
    return random->word[random->used++];
}

uint32_t random_below(Random *random, uint32_t below)
{
    /* Words above the largest multiple of `below` would favour small numbers: draw again. */
    uint32_t excess = (uint32_t)(0x100000000ULL % below), word;
    do word = random_u32(random);
    while (word >= (uint32_t)(0U - excess) && excess != 0);
    return word % below;
}

double random_uniform(Random *random)
{
    uint64_t high = random_u32(random), low = random_u32(random);
    return (double)((high << 32 | low) >> 11) * 0x1p-53;
}
