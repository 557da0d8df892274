/* The same picture more than once: in two splits it makes scores too good, in one it counts twice. */
#include "checks.h"
#include "duplicates.h"

static void report(const Clusters *clusters, bool spanning, const Inspection *inspection,
                   LintFindings *findings)
{
    size_t count = 0;
    for (size_t c = 0; c < clusters->count; c++)
        count += cluster_spans_splits(clusters, c, inspection->pack) == spanning;
    if (count == 0) return;
    LintFinding *finding =
        lint_add(findings, spanning ? LINT_PROBLEM : LINT_NOTE, count,
                 spanning ? "%zu %s in more than one split, pixel for pixel; keep one of each"
                          : "%zu %s several times in one split, pixel for pixel",
                 count, count == 1 ? "picture stands" : "pictures stand");
    for (size_t c = 0; c < clusters->count && lint_wants_example(findings, finding); c++)
        if (cluster_spans_splits(clusters, c, inspection->pack) == spanning)
            lint_example(findings, finding, "%s", cluster_name(clusters, c, inspection));
}

void check_duplicates(const Inspection *inspection, LintFindings *findings)
{
    Clusters clusters = duplicates_find(inspection);
    report(&clusters, true, inspection, findings);
    report(&clusters, false, inspection, findings);
}
