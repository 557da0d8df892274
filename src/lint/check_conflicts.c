/* The same picture with different labels: at most one of them can be right. */
#include "checks.h"
#include "duplicates.h"

#include <string.h>

static bool labels_agree(const LabelGroup *group, size_t a, size_t b)
{
    if (!label_is_known(group, a) || !label_is_known(group, b)) return true;
    if (group->kind == LABEL_VALUE) return group->value[a] == group->value[b];
    int classes_a, classes_b;
    const int32_t *class_a = label_classes(group, a, &classes_a);
    const int32_t *class_b = label_classes(group, b, &classes_b);
    return classes_a == classes_b &&
           (classes_a == 0 || memcmp(class_a, class_b, sizeof *class_a * (size_t)classes_a) == 0);
}

/* "bolt", "{bent;rusty}", "12.5" */
static const char *label_text(const LabelGroup *group, size_t record, Arena *arena)
{
    if (group->kind == LABEL_VALUE) return arena_printf(arena, "%g", group->value[record]);
    int classes;
    const char *text = "";
    const int32_t *class = label_classes(group, record, &classes);
    if (group->kind == LABEL_CLASS) return group->class_name[*class];
    for (int k = 0; k < classes; k++)
        text = arena_printf(arena, "%s%s%s", text, k ? ";" : "", group->class_name[class[k]]);
    return arena_printf(arena, "{%s}", text);
}

/* Two records of the cluster whose labels differ. */
static bool find_conflict(const LabelGroup *group, const Clusters *clusters, size_t cluster,
                          size_t pair[2])
{
    bool found = false;
    for (size_t i = clusters->begin[cluster]; i < clusters->begin[cluster + 1]; i++) {
        size_t record = clusters->record[i];
        if (!label_is_known(group, record)) continue;
        if (!found) pair[0] = record;
        found = true;
        pair[1] = record;
        if (!labels_agree(group, pair[0], record)) return true;
    }
    return false;
}

static void check_group(const LabelGroup *group, const Clusters *clusters,
                        const Inspection *inspection, LintFindings *findings)
{
    size_t count = 0, pair[2];
    for (size_t c = 0; c < clusters->count; c++) count += find_conflict(group, clusters, c, pair);
    if (count == 0) return;
    LintFinding *finding = lint_add(
        findings, LINT_PROBLEM, count, "%s: %zu %s with different labels; correct or drop them",
        group->name, count, count == 1 ? "picture stands" : "pictures stand");
    for (size_t c = 0; c < clusters->count && lint_wants_example(findings, finding); c++)
        if (find_conflict(group, clusters, c, pair))
            lint_example(
                findings, finding, "%s is %s, %s is %s", inspection_name(inspection, pair[0]),
                label_text(group, pair[0], inspection->arena), inspection_name(inspection, pair[1]),
                label_text(group, pair[1], inspection->arena));
}

void check_conflicts(const Inspection *inspection, LintFindings *findings)
{
    Clusters clusters = duplicates_find(inspection);
    for (int g = 0; g < pack_groups(inspection->pack); g++)
        check_group(pack_group(inspection->pack, g), &clusters, inspection, findings);
}
