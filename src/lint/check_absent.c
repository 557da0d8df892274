/* Classes that are asked for in validation or test and could not be learnt. */
#include "checks.h"
#include "split_counts.h"

static bool is_absent(const size_t count[SPLIT_COUNT])
{
    return count[SPLIT_TRAIN] == 0 && count[SPLIT_VAL] + count[SPLIT_TEST] > 0;
}

static void check_group(const LabelGroup *group, const Inspection *inspection,
                        LintFindings *findings)
{
    const size_t *count = split_counts(group, inspection);
    size_t absent = 0;
    for (int k = 0; k < group->classes; k++) absent += is_absent(count + SPLIT_COUNT * k);
    if (absent == 0) return;
    LintFinding *finding =
        lint_add(findings, LINT_PROBLEM, absent, "%s: %zu %s no training image; split anew",
                 group->name, absent, absent == 1 ? "class has" : "classes have");
    for (int k = 0; k < group->classes; k++) {
        const size_t *of_class = count + SPLIT_COUNT * k;
        if (is_absent(of_class))
            lint_example(findings, finding, "%s (%zu val, %zu test)", group->class_name[k],
                         of_class[SPLIT_VAL], of_class[SPLIT_TEST]);
    }
}

void check_absent(const Inspection *inspection, LintFindings *findings)
{
    size_t train;
    pack_split(inspection->pack, SPLIT_TRAIN, &train);
    if (train == 0) return; /* a pack for evaluation */
    for (int g = 0; g < pack_groups(inspection->pack); g++)
        check_group(pack_group(inspection->pack, g), inspection, findings);
}
