/* Memory of the ranks against the machine's. */
#include "checks.h"

/* What fast networks pin for their buffers. */
static const uint64_t LOCKED_BYTES = (uint64_t)64 << 20;

static void check_host_memory(const Survey *survey, int host, Findings *findings)
{
    bool *chosen = arena_new(findings->arena, bool, survey->ranks);
    uint64_t needed = 0, available = UINT64_MAX;
    for (int r = 0; r < survey->ranks; r++) {
        chosen[r] = survey->host[r] == host;
        if (!chosen[r]) continue;
        needed += survey->rank[r].memory_needed;
        if (survey->rank[r].memory_host < available) available = survey->rank[r].memory_host;
    }
    char need[AMOUNT_BYTES], have[AMOUNT_BYTES];
    if (needed > available)
        finding_add(
            findings, PROBLEM,
            "%s: about %s of memory are needed together, but %s are available; start fewer ranks "
            "on a host, set fewer workers or a smaller lane, or ask for more (sbatch --mem)",
            survey_name_ranks(survey, chosen, findings->arena), print_bytes(needed, need),
            print_bytes(available, have));
}

static void check_process_memory(const Survey *survey, Findings *findings)
{
    bool *chosen = arena_new(findings->arena, bool, survey->ranks);
    const RankFacts *example = NULL;
    for (int r = 0; r < survey->ranks; r++) {
        const RankFacts *rank = &survey->rank[r];
        chosen[r] = rank->memory_needed > rank->memory_process;
        if (chosen[r] && !example) example = rank;
    }
    char need[AMOUNT_BYTES], have[AMOUNT_BYTES];
    if (example)
        finding_add(findings, PROBLEM,
                    "%s: a rank needs about %s of memory, but ulimit -v leaves it %s; raise the "
                    "limit with ulimit -v unlimited",
                    survey_name_ranks(survey, chosen, findings->arena),
                    print_bytes(example->memory_needed, need),
                    print_bytes(example->memory_process, have));
}

void check_memory(const Survey *survey, Findings *findings)
{
    for (int h = 0; h < survey->hosts; h++) check_host_memory(survey, h, findings);
    check_process_memory(survey, findings);
}

void check_locked_memory(const Survey *survey, Findings *findings)
{
    bool *chosen = arena_new(findings->arena, bool, survey->ranks);
    const RankFacts *example = NULL;
    for (int r = 0; r < survey->ranks && survey->hosts > 1; r++) {
        const RankFacts *rank = &survey->rank[r];
        chosen[r] = rank->has_fast_network && rank->locked_limit < LOCKED_BYTES;
        if (chosen[r] && !example) example = rank;
    }
    char limit[AMOUNT_BYTES];
    if (example)
        finding_add(
            findings, ADVICE,
            "%s: only %s of memory may be locked (ulimit -l), and fast networks need more; ask "
            "the administrator for memlock unlimited",
            survey_name_ranks(survey, chosen, findings->arena),
            print_bytes(example->locked_limit, limit));
}
