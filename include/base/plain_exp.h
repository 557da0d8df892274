/* Exponential in plain double arithmetic, so that its bits do not depend on the C library. */
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Relative error below 1e-15. 0 below -700, infinity above 709; NaN goes through. exp(x) = 2^k exp(r) with |r| <=
 * ln(2) / 2, by the series of exp(r). ln(2) in two parts, of which the first times k is exact. */
static inline double plain_exp(double x)
{
    if (x != x || x > 709) return x != x ? x : (double)INFINITY;
    if (x < -700) return 0;
    double k = nearbyint(x * 1.4426950408889634);
    double r = (x - k * 0x1.62e42fefp-1) - k * 0x1.473de6af278edp-34, sum = 1;
    for (int i = 14; i >= 1; i--) sum = 1 + sum * r / i;
    uint64_t bits = (uint64_t)(1023 + (int)k) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return sum * power;
}
