/* Choosing the instruction set, once. */
#include "kernels/kernels.h"

#include "base/error.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
extern const Kernels kernel_table_v2, kernel_table_v3, kernel_table_v4;

static bool has_v2(void)
{
    return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
}

static bool has_v3(void)
{
    return has_v2() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi2");
}

static bool has_v4(void)
{
    return has_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
#define NAMES "v2, v3, v4"
#else
extern const Kernels kernel_table_generic;

static bool has_generic(void)
{
    return true;
}
#define NAMES "generic"
#endif

typedef struct InstructionSet {
    const Kernels *kernels;
    bool (*is_supported)(void);
} InstructionSet;

/* Best first. */
static const InstructionSet sets[] = {
#if defined(__x86_64__)
    {&kernel_table_v4, has_v4},
    {&kernel_table_v3, has_v3},
    {&kernel_table_v2, has_v2},
#else
    {&kernel_table_generic, has_generic},
#endif
};

enum { SETS = sizeof sets / sizeof *sets };

const Kernels *kernels_named(const char *isa)
{
    for (int i = 0; i < SETS; i++)
        if (strcmp(sets[i].kernels->isa, isa) == 0)
            return sets[i].is_supported() ? sets[i].kernels : NULL;
    return NULL;
}

const char *kernels_arithmetic(const char *isa)
{
    return strcmp(isa, "v2") == 0 ? "products rounded before they are added"
                                  : "fused multiply-adds";
}

/* NULL with an error if there is none to choose. */
static const Kernels *choose(Error *err)
{
    const char *forced = getenv("UMBEL_ISA");
    if (forced && *forced) {
        const Kernels *kernels = kernels_named(forced);
        if (!kernels)
            error_set(err, ERROR_USAGE, "UMBEL_ISA=%s: not one of " NAMES ", or this CPU lacks it",
                      forced);
        return kernels;
    }
    for (int i = 0; i < SETS; i++)
        if (sets[i].is_supported()) return sets[i].kernels;
    error_set(err, ERROR_SYSTEM, "this CPU is older than the oldest that is supported: " NAMES);
    return NULL;
}

static _Atomic(const Kernels *) chosen;

/* Threads that come here at the same time choose the same table. */
static const Kernels *choose_once(Error *err)
{
    const Kernels *known = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (known) return known;
    known = choose(err);
    atomic_store_explicit(&chosen, known, memory_order_relaxed);
    return known;
}

bool kernels_check(Error *err)
{
    return choose_once(err) != NULL;
}

const Kernels *kernels(void)
{
    const Kernels *known = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (known) return known; /* often called: before the error is cleared */
    Error err = {0};
    known = choose_once(&err);
    if (!known) die("%s", err.text);
    return known;
}
