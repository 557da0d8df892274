/* Groups that were to stay in one split (`umbel pack --group`) and do not. */
#include "base/hash.h"
#include "checks.h"
#include "clusters.h"

void check_leaks(const Inspection *inspection, LintFindings *findings)
{
    const Pack *pack = inspection->pack;
    size_t records = pack_records(pack), count = 0;
    if (!pack_record_group(pack, 0)) {
        lint_add(findings, LINT_NOTE, 0,
                 "not checked: the pack does not tell which images belong together; umbel pack "
                 "--group does");
        return;
    }
    uint64_t *key = arena_new(inspection->arena, uint64_t, records);
    bool *left_out = arena_new(inspection->arena, bool, records);
    for (size_t r = 0; r < records; r++) {
        key[r] = hash_text(pack_record_group(pack, r));
        left_out[r] = !*pack_record_group(pack, r);
    }
    Clusters clusters = clusters_of_equal(key, left_out, records, inspection->arena);
    for (size_t c = 0; c < clusters.count; c++) count += cluster_spans_splits(&clusters, c, pack);
    if (count == 0) return;
    LintFinding *finding =
        lint_add(findings, LINT_PROBLEM, count,
                 "%zu %s in more than one split; split anew with --split and --group", count,
                 count == 1 ? "group lies" : "groups lie");
    for (size_t c = 0; c < clusters.count && lint_wants_example(findings, finding); c++)
        if (cluster_spans_splits(&clusters, c, pack))
            lint_example(findings, finding, "%s: %s",
                         pack_record_group(pack, clusters.record[clusters.begin[c]]),
                         cluster_name(&clusters, c, inspection));
}
