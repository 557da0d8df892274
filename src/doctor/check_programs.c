/* What the bits depend on must be equal on all ranks; BLAS must not start threads of its own. */
#include "checks.h"

#include <string.h>

/* --- threads of BLAS --- */

void check_blas_threads(const Survey *survey, Findings *findings)
{
    bool *chosen = arena_new(findings->arena, bool, survey->ranks);
    const RankFacts *example = NULL;
    bool openmp = false;
    for (int r = 0; r < survey->ranks; r++) {
        const RankFacts *rank = &survey->rank[r];
        chosen[r] = rank->blas_threads > 1;
        if (chosen[r] && !example) example = rank;
        openmp |= rank->blas_openmp && rank->blas_threads != 1;
    }
    if (example)
        finding_add(findings, ADVICE,
                    "%s: %s=%d asks BLAS for threads of its own; umbel computes with one BLAS "
                    "thread per worker and leaves the others unused; unset it or export %s=1",
                    survey_name_ranks(survey, chosen, findings->arena), example->blas_variable,
                    example->blas_threads, example->blas_variable);
    else if (openmp)
        finding_add(findings, ADVICE,
                    "this OpenBLAS is the OpenMP build, which keeps a team of threads for every "
                    "worker; export OMP_NUM_THREADS=1, or install the pthread build "
                    "(libopenblas0-pthread)");
}

/* --- equal programs --- */

static const char *const INSTALL = "install the same version on every host, or use one container";

/* What to do if a part differs; kernels and cores get a line of their own. */
static const char *const part_cure[PARTS] = {
    [PART_PROGRAM] = "give every host the same program",
    [PART_CORE] = "export OPENBLAS_CORETYPE=Haswell to all ranks (or the name of the oldest CPU)",
};

/* The least instruction set that any rank has: names sort by age (v2, v3, v4). */
static const char *least_kernels(const Survey *survey)
{
    const char *least = survey->rank[0].part[PART_KERNELS];
    for (int r = 1; r < survey->ranks; r++)
        if (strcmp(survey->rank[r].part[PART_KERNELS], least) < 0)
            least = survey->rank[r].part[PART_KERNELS];
    return least;
}

static const char *cure_of(const Survey *survey, Part part, Arena *arena)
{
    if (part == PART_KERNELS)
        return arena_printf(arena, "export UMBEL_ISA=%s to all ranks", least_kernels(survey));
    return part_cure[part] ? part_cure[part] : INSTALL;
}

/* Whether the bits are the same: different instruction sets may have the same arithmetic. */
static bool same_bits(Part part, const char *a, const char *b)
{
    static const char *const fused[] = {"v3", "v4", "generic"};
    if (part != PART_KERNELS || strcmp(a, b) == 0) return strcmp(a, b) == 0;
    int found = 0;
    for (size_t i = 0; i < sizeof fused / sizeof *fused; i++)
        found += strcmp(a, fused[i]) == 0 || strcmp(b, fused[i]) == 0;
    return found == 2;
}

static void compare_part(const Survey *survey, Part part, Findings *findings)
{
    bool *same = arena_new(findings->arena, bool, survey->ranks);
    bool *other = arena_new(findings->arena, bool, survey->ranks);
    const char *first = survey->rank[0].part[part], *second = NULL;
    for (int r = 0; r < survey->ranks; r++) {
        const char *value = survey->rank[r].part[part];
        same[r] = same_bits(part, value, first);
        if (!same[r] && !second) second = value;
        other[r] = second && !same[r] && same_bits(part, value, second);
    }
    if (!second) return;
    finding_add(findings, PROBLEM,
                "%s: %s on %s, but %s on %s, so that bits would differ and training refuses; %s",
                part_name[part], first, survey_name_ranks(survey, same, findings->arena), second,
                survey_name_ranks(survey, other, findings->arena),
                cure_of(survey, part, findings->arena));
}

void check_programs(const Survey *survey, Findings *findings)
{
    for (int part = 0; part < PARTS; part++) compare_part(survey, part, findings);
}
