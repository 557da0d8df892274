/* Configuration, pack and run folder: readable, the same everywhere, with room for checkpoints. */
#include "checks.h"

#include <string.h>

/* Training does not wait for every file, but a checkpoint syncs a few times. */
static const double SLOW_SYNC_SECONDS = 1;

/* Adds one line for each different reason among the ranks. `offset` is that of the text in
 * RankFacts. */
static void report_reasons(const Survey *survey, size_t offset, Findings *findings)
{
    bool *told = arena_new(findings->arena, bool, survey->ranks);
    for (int r = 0; r < survey->ranks; r++) {
        const char *reason = (const char *)&survey->rank[r] + offset;
        if (told[r] || !reason[0]) continue;
        bool *same = arena_new(findings->arena, bool, survey->ranks);
        for (int s = r; s < survey->ranks; s++) {
            same[s] = strcmp((const char *)&survey->rank[s] + offset, reason) == 0;
            told[s] |= same[s];
        }
        finding_add(findings, PROBLEM, "%s: %s", survey_name_ranks(survey, same, findings->arena),
                    reason);
    }
}

void check_configuration(const Survey *survey, Findings *findings)
{
    bool *chosen = arena_new(findings->arena, bool, survey->ranks);
    bool any_has = false, any_lacks = false, differs = false;
    for (int r = 0; r < survey->ranks; r++) {
        any_has |= survey->rank[r].has_config;
        any_lacks |= !survey->rank[r].has_config;
        chosen[r] = survey->rank[r].has_config != survey->rank[0].has_config ||
                    survey->rank[r].config_hash != survey->rank[0].config_hash;
        differs |= chosen[r];
    }
    if (any_has && any_lacks)
        finding_add(findings, PROBLEM,
                    "some ranks were given a configuration and others none; give all the same");
    else if (differs)
        finding_add(findings, PROBLEM,
                    "%s: the configuration differs from rank 0's in what shapes the numbers; give "
                    "every rank the same file and the same --set",
                    survey_name_ranks(survey, chosen, findings->arena));
    report_reasons(survey, offsetof(RankFacts, config_problem), findings);
    if (survey->train_images > 0 && survey_steps(survey) == 0)
        finding_add(
            findings, PROBLEM,
            "batch: %d is larger than the %llu training images of %s; choose a smaller batch",
            survey->batch, (unsigned long long)survey->train_images, survey->pack);
}

void check_pack(const Survey *survey, Findings *findings)
{
    report_reasons(survey, offsetof(RankFacts, pack_problem), findings);
    bool *chosen = arena_new(findings->arena, bool, survey->ranks);
    bool differs = false;
    const RankFacts *first = &survey->rank[0];
    if (!survey->has_config || first->pack_problem[0]) return;
    for (int r = 1; r < survey->ranks; r++) {
        const RankFacts *rank = &survey->rank[r];
        chosen[r] = !rank->pack_problem[0] && (rank->pack_hash.high != first->pack_hash.high ||
                                               rank->pack_hash.low != first->pack_hash.low);
        differs |= chosen[r];
    }
    if (differs)
        finding_add(findings, PROBLEM,
                    "%s: the pack is not the one that rank 0 reads at %s (their content hashes "
                    "differ); copy one file to every host",
                    survey_name_ranks(survey, chosen, findings->arena), survey->pack);
}

/* Bytes that checkpoints will still need; 0 if not known. */
static uint64_t bytes_wanted(const Survey *survey)
{
    uint64_t all = survey->checkpoint_bytes * (uint64_t)survey->checkpoints;
    return all > survey->held_bytes ? all - survey->held_bytes : 0;
}

static bool lacks_space(const Survey *survey)
{
    return survey->has_config && survey->free_bytes < bytes_wanted(survey);
}

void check_run_folder(const Survey *survey, Findings *findings)
{
    if (!survey->has_config) return;
    if (survey->run_problem[0]) {
        if (!lacks_space(survey)) finding_add(findings, PROBLEM, "rank 0: %s", survey->run_problem);
        return;
    }
    bool *chosen = arena_new(findings->arena, bool, survey->ranks), any = false;
    for (int r = 0; r < survey->ranks; r++)
        any |= chosen[r] = survey->rank[r].has_config && !survey->rank[r].sees_run_folder;
    if (any)
        finding_add(
            findings, PROBLEM,
            "%s: run: %s does not show what rank 0 writes there, so a resume would fail; choose a "
            "folder on a file system that all hosts share",
            survey_name_ranks(survey, chosen, findings->arena), survey->run);
}

void check_space(const Survey *survey, Findings *findings)
{
    char one[AMOUNT_BYTES], all[AMOUNT_BYTES], left[AMOUNT_BYTES], limit[AMOUNT_BYTES];
    if (!survey->has_config || survey->checkpoint_bytes == 0) return;
    if (lacks_space(survey))
        finding_add(findings, PROBLEM,
                    "%s: %s are free, but %d checkpoints of %s need %s; free some space, lower "
                    "checkpoint_keep, or choose another folder with run:",
                    survey->run, print_bytes(survey->free_bytes, left), survey->checkpoints,
                    print_bytes(survey->checkpoint_bytes, one),
                    print_bytes(bytes_wanted(survey), all));
    if (survey->rank[0].file_limit < survey->checkpoint_bytes)
        finding_add(
            findings, PROBLEM,
            "rank 0: a file may have at most %s (ulimit -f), but a checkpoint has %s; raise "
            "the limit with ulimit -f unlimited",
            print_bytes(survey->rank[0].file_limit, limit),
            print_bytes(survey->checkpoint_bytes, one));
}

void check_sync(const Survey *survey, Findings *findings)
{
    char taken[AMOUNT_BYTES];
    if (survey->sync_seconds < SLOW_SYNC_SECONDS) return;
    finding_add(findings, ADVICE,
                "%s: writing and syncing a small file takes %s, so every checkpoint holds training "
                "up; choose a faster file system, or a larger checkpoint_every",
                survey->run, print_seconds(survey->sync_seconds, taken));
}
