/* What the tests of kernels share: the instruction sets, random input, comparing. */
#pragma once

#include "check.h"

#include "base/random.h"
#include "kernels/kernels.h"

#include <math.h>
#include <stdlib.h>

static const char *const isas[] = {"v2", "v3", "v4", "generic"};
enum { ISAS = 4 };
static const int widths[] = {1, 3, 8, 16, 17, 40, 96, 100, 768};
enum { WIDTHS = sizeof widths / sizeof *widths };

/* A buffer of normal numbers, different for each `name`; from malloc. */
static inline float *random_floats(size_t n, uint64_t name, double scale)
{
    float *x = malloc(sizeof(float) * (n + 1));
    assert_non_null(x);
    Random random = random_at(3, RANDOM_MIX, name, 0, 0);
    for (size_t i = 0; i < n; i++) x[i] = (float)(scale * random_normal(&random));
    return x;
}

static inline void near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance * fmax(1, fabs(expected))))
        fail_msg("%.9g is not %.9g within %g", value, expected, tolerance);
}

/* Runs `check` for every instruction set of this machine. */
static inline void for_each_isa(void (*check)(const Kernels *kernel))
{
    for (int i = 0; i < ISAS; i++) {
        const Kernels *kernel = kernels_named(isas[i]);
        if (!kernel) continue;
        print_message("instruction set %s\n", kernel->isa);
        check(kernel);
    }
}

/* A digest of arrays by their bits. */
static inline uint64_t add_bits(uint64_t digest, const float *x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t word;
        memcpy(&word, &x[i], 4);
        digest = digest * 31 + word;
    }
    return digest;
}

/* v3 and v4 add in the same order and have true fused multiply-adds: `bits` of C channels must agree. */
static inline void check_same_bits(uint64_t (*bits)(const Kernels *kernel, int C))
{
    const Kernels *v3 = kernels_named("v3"), *v4 = kernels_named("v4");
    if (!v3 || !v4) skip();
    for (int c = 0; c < WIDTHS; c++)
        if (bits(v3, widths[c]) != bits(v4, widths[c]))
            fail_msg("v3 and v4 differ at %d channels", widths[c]);
}
