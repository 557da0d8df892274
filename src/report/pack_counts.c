/* Counting labels. */
#include "pack_counts.h"

#include <stdlib.h>

static int most_frequent_first(const void *a, const void *b)
{
    const ClassCounts *x = a, *y = b;
    if (x->all != y->all) return x->all > y->all ? -1 : 1;
    return x->class - y->class;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

PackCounts pack_counts_of(const Pack *pack, const LabelGroup *group, Arena *arena)
{
    size_t records = pack_records(pack);
    PackCounts counts = {.group = group,
                         .class = arena_new(arena, ClassCounts, group->classes + 1),
                         .value = arena_new(arena, double, group->value ? records : 1)};
    for (int k = 0; k < group->classes; k++) counts.class[k].class = k;
    for (size_t r = 0; r < records; r++) {
        if (!label_is_known(group, r)) continue;
        if (group->kind == LABEL_VALUE) counts.value[counts.labelled] = group->value[r];
        counts.labelled++;
        int classes;
        const int32_t *class = label_classes(group, r, &classes);
        for (int k = 0; k < classes; k++) {
            counts.class[class[k]].split[pack_split_of(pack, r)]++;
            counts.class[class[k]].all++;
        }
    }
    qsort(counts.class, (size_t)group->classes, sizeof *counts.class, most_frequent_first);
    if (group->value) qsort(counts.value, counts.labelled, sizeof(double), by_size);
    return counts;
}

/* Place of each class among the first `shown` of `counts`; -1: it is not among them. */
static int *places(const PackCounts *counts, int shown, Arena *arena)
{
    int *place = arena_new(arena, int, counts->group->classes);
    for (int k = 0; k < counts->group->classes; k++)
        place[counts->class[k].class] = k < shown ? k : -1;
    return place;
}

double *pack_counts_together(const PackCounts *a, int rows, const PackCounts *b, int columns,
                             size_t records, Arena *arena)
{
    const int *row = places(a, rows, arena), *column = places(b, columns, arena);
    double *count = arena_new(arena, double, (size_t)rows *(size_t)columns);
    for (size_t r = 0; r < records; r++) {
        int of_a, of_b;
        const int32_t *class_a = label_classes(a->group, r, &of_a),
                      *class_b = label_classes(b->group, r, &of_b);
        for (int i = 0; i < of_a; i++)
            for (int j = 0; j < of_b; j++)
                if (row[class_a[i]] >= 0 && column[class_b[j]] >= 0)
                    count[(size_t)row[class_a[i]] * (size_t)columns + (size_t)column[class_b[j]]]++;
    }
    return count;
}

static bool has_class(const LabelGroup *group, size_t record, int class)
{
    int classes;
    const int32_t *of = label_classes(group, record, &classes);
    for (int k = 0; k < classes; k++)
        if (of[k] == class) return true;
    return false;
}

int pack_counts_sample(const LabelGroup *group, int class, size_t records, uint32_t *record,
                       int most)
{
    size_t all = 0, seen = 0;
    int count = 0;
    for (size_t r = 0; r < records; r++) all += has_class(group, r, class);
    size_t wanted = all < (size_t)most ? all : (size_t)most;
    for (size_t r = 0; r < records && (size_t)count < wanted; r++) {
        if (!has_class(group, r, class)) continue;
        if (seen++ == (size_t)count * all / wanted) record[count++] = (uint32_t)r;
    }
    return count;
}
