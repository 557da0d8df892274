/* Images that cannot be read: training masks them, at the price of their place in the batch. */
#include "checks.h"

void check_damage(const Inspection *inspection, LintFindings *findings)
{
    size_t records = pack_records(inspection->pack), damaged = records - inspection->sound;
    if (damaged == 0) return;
    LintFinding *finding =
        lint_add(findings, LINT_PROBLEM, damaged,
                 "%zu %s cannot be read; pack anew from good files", damaged, lint_images(damaged));
    for (size_t r = 0; r < records && lint_wants_example(findings, finding); r++) {
        Error why = {0};
        if (!inspection->picture[r].damaged) continue;
        inspection_explain(inspection, r, &why);
        lint_example(findings, finding, "%s: %s", inspection_name(inspection, r), why.text);
    }
}
