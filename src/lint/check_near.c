/* Nearly the same picture more than once: scaled, recompressed, brightened, or one frame after the other. */
#include "checks.h"
#include "near.h"

/* A picture without shapes has a hash of noise. */
static const double LEAST_DEVIATION = 2;

/* Exact duplicates are told of by check_duplicates. */
static bool differs_within(const Clusters *clusters, size_t cluster, const Picture *picture)
{
    const uint32_t *record = clusters->record;
    size_t first = clusters->begin[cluster];
    for (size_t i = first + 1; i < clusters->begin[cluster + 1]; i++)
        if (picture[record[i]].look.pixels != picture[record[first]].look.pixels) return true;
    return false;
}

static bool is_wanted(const Clusters *clusters, size_t cluster, bool spanning,
                      const Inspection *inspection)
{
    return cluster_spans_splits(clusters, cluster, inspection->pack) == spanning &&
           differs_within(clusters, cluster, inspection->picture);
}

static void report(const Clusters *clusters, bool spanning, const Inspection *inspection,
                   LintFindings *findings)
{
    size_t count = 0;
    for (size_t c = 0; c < clusters->count; c++)
        count += is_wanted(clusters, c, spanning, inspection);
    if (count == 0) return;
    LintFinding *finding =
        lint_add(findings, spanning ? LINT_PROBLEM : LINT_NOTE, count,
                 spanning ? "%zu %s nearly the same in more than one split; keep them in one"
                          : "%zu %s nearly the same several times in one split",
                 count, count == 1 ? "picture stands" : "pictures stand");
    for (size_t c = 0; c < clusters->count && lint_wants_example(findings, finding); c++)
        if (is_wanted(clusters, c, spanning, inspection))
            lint_example(findings, finding, "%s", cluster_name(clusters, c, inspection));
}

void check_near(const Inspection *inspection, LintFindings *findings)
{
    size_t records = pack_records(inspection->pack);
    uint64_t *hash = arena_new(inspection->arena, uint64_t, records);
    bool *left_out = arena_new(inspection->arena, bool, records);
    for (size_t r = 0; r < records; r++) {
        const Picture *picture = &inspection->picture[r];
        hash[r] = picture->look.perceptual;
        left_out[r] = picture->damaged || picture->look.deviation < LEAST_DEVIATION;
    }
    Clusters clusters =
        near_find(hash, left_out, records, inspection->options->distance, inspection->arena);
    report(&clusters, true, inspection, findings);
    report(&clusters, false, inspection, findings);
}
