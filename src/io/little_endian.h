/* Numbers in files; private to io. */
#pragma once

#include <stdint.h>

/* The low `bytes` of a number, lowest first. */
static inline void put_number(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) at[i] = (uint8_t)(value >> (8 * i));
}
