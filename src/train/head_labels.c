/* From labels of a pack to targets of a head. */
#include "train/head_labels.h"

#include "train/class_names.h"

#include <stdlib.h>
#include <string.h>

static int find_class(const char *const *names, int count, const char *name)
{
    for (int k = 0; k < count; k++)
        if (strcmp(names[k], name) == 0) return k;
    return -1;
}

/* How many records have each class of the group. */
static int64_t *count_uses(const Pack *pack, const LabelGroup *group, Arena *run)
{
    int64_t *used = arena_new(run, int64_t, group->classes + 1);
    for (size_t r = 0; r < pack_records(pack); r++) {
        int classes;
        const int32_t *class = label_classes(group, r, &classes);
        for (int j = 0; j < classes; j++) used[class[j]]++;
    }
    return used;
}

/* The pack's classes as the head's, by name; -1: the head has not learnt it. Returns how many of those
 * that records carry are lacking. */
static int match_classes(const LabelGroup *group, const int64_t *used, const HeadSpec *head,
                         int *class_of)
{
    int lacking = 0;
    for (int k = 0; k < group->classes; k++) {
        class_of[k] = find_class(head->class_name, head->classes, group->class_name[k]);
        lacking += class_of[k] < 0 && used[k] > 0;
    }
    return lacking;
}

static bool report_lacking(const Pack *pack, const LabelGroup *group, const int64_t *used,
                           const HeadSpec *head, const int *class_of, Error *err)
{
    for (int k = 0; k < group->classes; k++)
        if (class_of[k] < 0 && used[k] > 0)
            error_set(
                err, ERROR_DATA,
                "%s: label group %s: class \"%s\" (%lld images) is not among the %d classes of the "
                "checkpoint's head; evaluate on a pack with the classes it was trained on",
                pack_path(pack), group->name, group->class_name[k], (long long)used[k],
                head->classes);
    return false;
}

/* Whether the classes are the pack's own, in its order. */
static bool same_classes(const LabelGroup *group, const HeadSpec *head)
{
    if (head->class_name == group->class_name || !head->class_name) return true;
    if (head->classes != group->classes) return false;
    for (int k = 0; k < head->classes; k++)
        if (strcmp(head->class_name[k], group->class_name[k]) != 0) return false;
    return true;
}

static const int32_t *map_labels(const LabelGroup *group, const int *class_of, size_t records,
                                 Arena *run)
{
    int32_t *label = arena_new(run, int32_t, records + 1);
    for (size_t r = 0; r < records; r++)
        label[r] = group->label[r] < 0 ? LABEL_MISSING : class_of[group->label[r]];
    return label;
}

static int by_number(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* In rising order again. */
static const int32_t *map_members(const LabelGroup *group, const int *class_of, size_t records,
                                  Arena *run)
{
    int32_t *member = arena_new(run, int32_t, group->begin[records] + 1);
    for (size_t r = 0; r < records; r++) {
        for (uint64_t m = group->begin[r]; m < group->begin[r + 1]; m++)
            member[m] = class_of[group->member[m]];
        qsort(member + group->begin[r], group->begin[r + 1] - group->begin[r], sizeof *member,
              by_number);
    }
    return member;
}

static bool map_classes(LabelGroup *group, const Pack *pack, const HeadSpec *head, Arena *run,
                        Error *err)
{
    int *class_of = arena_new(run, int, group->classes + 1);
    int64_t *used = count_uses(pack, group, run);
    if (match_classes(group, used, head, class_of) > 0) {
        if (group->classes != head->classes ||
            !class_names_are_numbers(head->class_name, head->classes))
            return report_lacking(pack, group, used, head, class_of, err);
        for (int k = 0; k < group->classes; k++) class_of[k] = k;
    }
    if (group->kind == LABEL_CLASS)
        group->label = map_labels(group, class_of, pack_records(pack), run);
    else
        group->member = map_members(group, class_of, pack_records(pack), run);
    group->classes = head->classes;
    group->class_name = head->class_name;
    return true;
}

bool head_labels_match(LabelGroup *labels, const Pack *pack, const HeadSpec *head, Arena *run,
                       Error *err)
{
    LabelKind kind = head->type ? head->type->label : LABEL_CLASS;
    int g = pack_find_group(pack, head->name);
    if (g < 0)
        return error_set(err, ERROR_DATA, "%s: has no label group \"%s\", which a head needs",
                         pack_path(pack), head->name);
    *labels = *pack_group(pack, g);
    if (labels->kind != kind)
        return error_set(
            err, ERROR_DATA,
            "%s: label group \"%s\" holds labels of the kind %s, but the head has learnt "
            "the kind %s; pack anew with --labels",
            pack_path(pack), head->name, label_kind_name(labels->kind), label_kind_name(kind));
    return kind == LABEL_VALUE || same_classes(labels, head) ||
           map_classes(labels, pack, head, run, err);
}

Target head_target(const LabelGroup *group, const HeadFacts *facts, uint32_t record)
{
    Target target = {0};
    if (!label_is_known(group, record)) return target;
    target.weight = 1;
    switch (group->kind) {
    case LABEL_CLASS:
        target.label = group->label[record];
        if (facts->class_weight) target.weight = (float)facts->class_weight[target.label];
        break;
    case LABEL_MULTI: /* weights of classes are those of positives, which the loss knows */
        target.member = label_classes(group, record, &target.members);
        break;
    default:
        target.value = group->value[record];
    }
    return target;
}
