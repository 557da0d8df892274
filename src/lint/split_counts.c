/* Counting labels by class and split. */
#include "split_counts.h"

size_t *split_counts(const LabelGroup *group, const Inspection *inspection)
{
    const Pack *pack = inspection->pack;
    size_t *count =
        arena_new(inspection->arena, size_t, SPLIT_COUNT * ((size_t)group->classes + 1));
    for (size_t r = 0; r < pack_records(pack); r++) {
        int classes;
        const int32_t *class = label_classes(group, r, &classes);
        for (int k = 0; k < classes; k++)
            count[SPLIT_COUNT * (size_t) class[k] + pack_split_of(pack, r)]++;
    }
    return count;
}
