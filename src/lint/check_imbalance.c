/* Classes that are very much rarer than others in training. */
#include "checks.h"
#include "split_counts.h"

/* `limit`: training images from which on a class is not rare; absent ones are another check's. */
static bool is_rare(const size_t count[SPLIT_COUNT], double limit)
{
    return count[SPLIT_TRAIN] > 0 && (double)count[SPLIT_TRAIN] <= limit;
}

static void check_group(const LabelGroup *group, const Inspection *inspection,
                        LintFindings *findings)
{
    const size_t *count = split_counts(group, inspection);
    int most = 0;
    size_t rare = 0;
    for (int k = 1; k < group->classes; k++)
        if (count[SPLIT_COUNT * k] > count[SPLIT_COUNT * most]) most = k;
    double limit = (double)count[SPLIT_COUNT * most] / inspection->options->imbalance;
    for (int k = 0; k < group->classes; k++) rare += is_rare(count + SPLIT_COUNT * k, limit);
    if (rare == 0) return;
    LintFinding *finding = lint_add(
        findings, LINT_NOTE, rare,
        "%s: %zu %s at least %d times as few training images as %s with %zu; sampling.balance "
        "evens that out",
        group->name, rare, rare == 1 ? "class has" : "classes have", inspection->options->imbalance,
        group->class_name[most], count[SPLIT_COUNT * most]);
    for (int k = 0; k < group->classes; k++)
        if (is_rare(count + SPLIT_COUNT * k, limit))
            lint_example(findings, finding, "%s (%zu)", group->class_name[k],
                         count[SPLIT_COUNT * k]);
}

void check_imbalance(const Inspection *inspection, LintFindings *findings)
{
    for (int g = 0; g < pack_groups(inspection->pack); g++)
        if (pack_group(inspection->pack, g)->kind != LABEL_VALUE)
            check_group(pack_group(inspection->pack, g), inspection, findings);
}
