/* A round of Philox 4x32 and how its key grows (Salmon et al., SC'11). Private to base. */
#pragma once

#include <stdint.h>

enum { PHILOX_ROUNDS = 10 };

/* The four words of a counter by themselves, so that a loop over many counters can be vectorised. */
static inline void philox_round(uint32_t *c0, uint32_t *c1, uint32_t *c2, uint32_t *c3,
                                const uint32_t key[2])
{
    uint64_t p0 = (uint64_t)0xD2511F53U * *c0, p1 = (uint64_t)0xCD9E8D57U * *c2;
    *c0 = (uint32_t)(p1 >> 32) ^ *c1 ^ key[0];
    *c1 = (uint32_t)p1;
    *c2 = (uint32_t)(p0 >> 32) ^ *c3 ^ key[1];
    *c3 = (uint32_t)p0;
}

static inline void philox_next_key(uint32_t key[2])
{
    key[0] += 0x9E3779B9U;
    key[1] += 0xBB67AE85U;
}
