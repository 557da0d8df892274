/* Integer powers in plain double arithmetic, the same bits everywhere. */
#pragma once

#include <stdint.h>

static inline double power(double base, uint64_t exponent)
{
    double result = 1;
    while (exponent) {
        if (exponent & 1) result *= base;
        base *= base;
        exponent >>= 1;
    }
    return result;
}
