/* Several files as one pack: their tables put together. */
#include "pack_join.h"

#include "data/names.h"
#include "listing.h"
#include "path_join.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- which groups there are --- */

static int find_group(const PackTables *tables, const char *name)
{
    for (int g = 0; g < tables->groups; g++)
        if (strcmp(tables->group[g].name, name) == 0) return g;
    return -1;
}

/* The file that has first brought the group. */
static const char *origin_of(const PackFile *file, const char *group)
{
    while (find_group(&file->tables, group) < 0) file++;
    return file->name;
}

static bool join_groups(PackTables *joined, const PackFile *all, const PackFile *file, Error *err)
{
    for (int g = 0; g < file->tables.groups; g++) {
        const LabelGroup *group = &file->tables.group[g];
        int known = find_group(joined, group->name);
        if (known >= 0 && joined->group[known].kind != group->kind)
            return error_set(err, ERROR_DATA,
                             "%s: label group %s is of the kind %s; in %s it is of the kind %s; "
                             "pack one of them "
                             "anew",
                             file->name, group->name, label_kind_name(group->kind),
                             origin_of(all, group->name),
                             label_kind_name(joined->group[known].kind));
        if (known >= 0) continue;
        if (joined->groups == GROUPS_MAX)
            return error_set(err, ERROR_DATA, "%s: brings more than %d label groups together",
                             file->name, GROUPS_MAX);
        joined->group[joined->groups++] = (LabelGroup){.name = group->name, .kind = group->kind};
    }
    return true;
}

/* --- classes --- */

static int by_class(const void *a, const void *b)
{
    return class_order(*(const char *const *)a, *(const char *const *)b);
}

static const LabelGroup *group_in(const PackFile *file, const LabelGroup *group)
{
    int g = find_group(&file->tables, group->name);
    return g >= 0 ? &file->tables.group[g] : NULL;
}

static bool join_classes(LabelGroup *group, const PackFile *file, int files, Arena *arena,
                         Error *err)
{
    size_t count = 0, classes = 0;
    const LabelGroup *part;
    for (int f = 0; f < files; f++)
        if ((part = group_in(&file[f], group))) count += (size_t)part->classes;
    const char **name = arena_new(arena, const char *, count + 1);
    count = 0;
    for (int f = 0; f < files; f++) {
        if (!(part = group_in(&file[f], group))) continue;
        for (int k = 0; k < part->classes; k++) name[count++] = part->class_name[k];
    }
    qsort(name, count, sizeof *name, by_class);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(name[classes - 1], name[i]) != 0) name[classes++] = name[i];
    if (classes > CLASSES_MAX)
        return error_set(err, ERROR_DATA,
                         "label group %s: has %zu classes in all; at most %d are possible",
                         group->name, classes, CLASSES_MAX);
    group->classes = (int)classes;
    group->class_name = name;
    return true;
}

/* (classes): the whole's numbers of the part's classes. */
static int32_t *map_classes(const LabelGroup *whole, const LabelGroup *part, Arena *arena)
{
    int32_t *map = arena_new(arena, int32_t, part->classes + 1);
    for (int k = 0; k < part->classes; k++) {
        const char *const *found =
            bsearch(&part->class_name[k], whole->class_name, (size_t)whole->classes,
                    sizeof *whole->class_name, by_class);
        map[k] = (int32_t)(found - whole->class_name);
    }
    return map;
}

/* --- labels --- */

static void join_single(LabelGroup *group, const PackFile *file, int files, size_t records,
                        Arena *arena)
{
    int32_t *label = arena_new(arena, int32_t, records);
    group->label = label;
    for (int f = 0; f < files; label += file[f++].tables.records) {
        const LabelGroup *part = group_in(&file[f], group);
        const int32_t *map = part ? map_classes(group, part, arena) : NULL;
        for (size_t r = 0; r < file[f].tables.records; r++)
            label[r] = part && part->label[r] >= 0 ? map[part->label[r]] : LABEL_MISSING;
    }
}

static int by_number(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Files whose classes are in another order than ours have them in another order in a set, too. */
static void join_sets(LabelGroup *group, const PackFile *file, int files, size_t records,
                      Arena *arena)
{
    size_t members = 0, record = 0;
    const LabelGroup *part;
    for (int f = 0; f < files; f++)
        if ((part = group_in(&file[f], group))) members += part->begin[file[f].tables.records];
    uint64_t *begin = arena_new(arena, uint64_t, records + 1);
    int32_t *member = arena_new(arena, int32_t, members + 1);
    uint8_t *known = arena_new(arena, uint8_t, records);
    for (int f = 0; f < files; f++) {
        part = group_in(&file[f], group);
        const int32_t *map = part ? map_classes(group, part, arena) : NULL;
        for (size_t r = 0; r < file[f].tables.records; r++, record++) {
            int count = 0;
            const int32_t *class = part ? label_classes(part, r, &count) : NULL;
            int32_t *set = member + begin[record];
            for (int k = 0; k < count; k++) set[k] = map[class[k]];
            qsort(set, (size_t)count, sizeof *set, by_number);
            begin[record + 1] = begin[record] + (uint64_t)count;
            known[record] = part && part->known[r];
        }
    }
    group->begin = begin;
    group->member = member;
    group->known = known;
}

static void join_values(LabelGroup *group, const PackFile *file, int files, size_t records,
                        Arena *arena)
{
    double *value = arena_new(arena, double, records);
    group->value = value;
    for (int f = 0; f < files; value += file[f++].tables.records) {
        const LabelGroup *part = group_in(&file[f], group);
        for (size_t r = 0; r < file[f].tables.records; r++)
            value[r] = part ? part->value[r] : (double)NAN;
    }
}

static bool join_labels(PackTables *joined, const PackFile *file, int files, Arena *arena,
                        Error *err)
{
    static void (*const join[LABEL_KINDS])(LabelGroup *, const PackFile *, int, size_t, Arena *) = {
        [LABEL_CLASS] = join_single, [LABEL_MULTI] = join_sets, [LABEL_VALUE] = join_values};
    joined->group = arena_new(arena, LabelGroup, GROUPS_MAX);
    for (int f = 0; f < files; f++)
        if (!join_groups(joined, file, &file[f], err)) return false;
    for (int g = 0; g < joined->groups; g++) {
        LabelGroup *group = &joined->group[g];
        if (group->kind != LABEL_VALUE && !join_classes(group, file, files, arena, err))
            return false;
        join[group->kind](group, file, files, joined->records, arena);
    }
    return true;
}

/* --- records --- */

static bool count_records(PackTables *joined, const PackFile *file, int files, Error *err)
{
    for (int f = 0; f < files; f++) {
        joined->records += file[f].tables.records;
        if (joined->records >= UINT32_MAX)
            return error_set(err, ERROR_DATA, "%s: brings more than %u images together",
                             file[f].name, UINT32_MAX - 1);
    }
    return true;
}

static bool join_paths(PackTables *joined, const PackFile *file, int files, Arena *arena,
                       Error *err)
{
    const char **path = arena_new(arena, const char *, joined->records);
    size_t *begin = arena_new(arena, size_t, files + 1);
    const char **name = arena_new(arena, const char *, files);
    for (int f = 0; f < files; f++) {
        name[f] = file[f].name;
        begin[f + 1] = begin[f] + file[f].tables.records;
        memcpy(path + begin[f], file[f].tables.record_path, sizeof *path * file[f].tables.records);
    }
    joined->record_path = path;
    return paths_join(path, begin, name, files, arena, err);
}

static void join_keep(PackTables *joined, const PackFile *file, int files, Arena *arena)
{
    bool any = false;
    for (int f = 0; f < files; f++) any = any || file[f].tables.keep;
    if (!any) return;
    const char **keep = arena_new(arena, const char *, joined->records);
    joined->keep = keep;
    for (int f = 0; f < files; keep += file[f++].tables.records)
        for (size_t r = 0; r < file[f].tables.records; r++)
            keep[r] = file[f].tables.keep ? file[f].tables.keep[r] : "";
}

static void join_sizes(PackTables *joined, const PackFile *file, int files, Arena *arena)
{
    int32_t *size = arena_new(arena, int32_t, 2 * joined->records);
    uint8_t *split = arena_new(arena, uint8_t, joined->records);
    joined->size = size;
    joined->split = split;
    for (int f = 0; f < files; f++) {
        size_t records = file[f].tables.records;
        memcpy(size, file[f].tables.size, sizeof *size * 2 * records);
        memcpy(split, file[f].tables.split, records);
        size += 2 * records;
        split += records;
    }
}

bool pack_join(PackTables *joined, const PackFile *file, int files, Arena *arena, Error *err)
{
    *joined = (PackTables){0};
    if (!count_records(joined, file, files, err) || !join_labels(joined, file, files, arena, err) ||
        !join_paths(joined, file, files, arena, err))
        return false;
    join_keep(joined, file, files, arena);
    join_sizes(joined, file, files, arena);
    return true;
}
