/* Natural logarithm in plain double arithmetic, so that its bits do not depend on the C library. */
#pragma once

#include <float.h>
#include <stdint.h>
#include <string.h>

/* Relative error below 1e-15; x > 0 and normal. Exponent, and the series of 2 artanh((m - 1) / (m +
 * 1)) for the mantissa m in [sqrt(1/2), sqrt(2)). */
static inline double plain_log(double x)
{
    if (!(x <= DBL_MAX)) return x; /* infinity and NaN go through */
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    bits = (bits & 0xFFFFFFFFFFFFFULL) | 0x3FF0000000000000ULL;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m > 1.4142135623730951) {
        m /= 2;
        exponent++;
    }
    double s = (m - 1) / (m + 1), s2 = s * s, sum = 0;
    for (int k = 23; k >= 1; k -= 2) sum = sum * s2 + 1.0 / k;
    return exponent * 0.69314718055994531 + 2 * s * sum;
}
