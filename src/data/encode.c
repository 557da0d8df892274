/* Labels as numbers. */
#include "encode.h"

#include "cell.h"
#include "data/names.h"
#include "listing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_class(const void *a, const void *b)
{
    return class_order(*(char *const *)a, *(char *const *)b);
}

static int find_class(const LabelGroup *group, const char *name)
{
    const char *const *found =
        bsearch(&name, group->class_name, (size_t)group->classes, sizeof name, by_class);
    return (int)(found - group->class_name);
}

static bool no_label(const LabelGroup *group, Error *err)
{
    return error_set(err, ERROR_DATA,
                     "label group %s: no image has a label; leave it out with --labels",
                     group->name);
}

/* The distinct ones of `all`, which is overwritten, sorted, become the group's classes. */
static bool collect_classes(LabelGroup *group, char **all, size_t count, Error *err)
{
    size_t classes = 0;
    if (count == 0) return no_label(group, err);
    qsort(all, count, sizeof *all, by_class);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(all[classes - 1], all[i]) != 0) all[classes++] = all[i];
    if (classes > CLASSES_MAX)
        return error_set(err, ERROR_DATA,
                         "label group %s: has %zu classes; at most %d are possible. Is it a number "
                         "or an identifier?",
                         group->name, classes, CLASSES_MAX);
    group->class_name = (const char *const *)all;
    group->classes = (int)classes;
    return true;
}

/* --- one class --- */

static bool encode_classes(LabelGroup *group, char *const *text, size_t records, Arena *arena,
                           Error *err)
{
    char **all = arena_new(arena, char *, records + 1);
    size_t labelled = 0;
    for (size_t i = 0; i < records; i++)
        if (text[i]) all[labelled++] = text[i];
    if (!collect_classes(group, all, labelled, err)) return false;
    int32_t *label = arena_new(arena, int32_t, records + 1);
    for (size_t i = 0; i < records; i++)
        label[i] = text[i] ? find_class(group, text[i]) : LABEL_MISSING;
    group->label = label;
    return true;
}

/* --- any number of classes --- */

static size_t count_names(char *const *text, size_t records)
{
    size_t names = 0, length;
    for (size_t i = 0; i < records; i++)
        for (const char *at = text[i]; at && cell_next_name(&at, &length);) names++;
    return names;
}

static int by_number(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* The names of all cells one after the other; begin[i] is where those of record i begin. */
static char **split_cells(uint64_t *begin, char *const *text, size_t records, Arena *arena)
{
    char **name = arena_new(arena, char *, count_names(text, records) + 1);
    size_t names = 0, length;
    const char *piece;
    for (size_t i = 0; i < records; i++) {
        for (const char *at = text[i]; at && (piece = cell_next_name(&at, &length));)
            name[names++] = arena_printf(arena, "%.*s", (int)length, piece);
        begin[i + 1] = names;
    }
    return name;
}

static bool encode_sets(LabelGroup *group, char *const *text, size_t records, Arena *arena,
                        Error *err)
{
    uint64_t *begin = arena_new(arena, uint64_t, records + 1);
    uint8_t *known = arena_new(arena, uint8_t, records + 1);
    char **name = split_cells(begin, text, records, arena);
    size_t names = begin[records];
    char **all = arena_new(arena, char *, names + 1);
    if (names) memcpy(all, name, sizeof *all * names);
    if (!collect_classes(group, all, names, err)) return false;
    int32_t *member = arena_new(arena, int32_t, names + 1);
    for (size_t i = 0; i < names; i++) member[i] = find_class(group, name[i]);
    for (size_t i = 0; i < records; i++) {
        known[i] = text[i] != NULL;
        qsort(member + begin[i], begin[i + 1] - begin[i], sizeof *member, by_number);
    }
    group->begin = begin;
    group->member = member;
    group->known = known;
    return true;
}

/* --- numbers --- */

static bool encode_values(LabelGroup *group, char *const *text, size_t records, Arena *arena,
                          Error *err)
{
    double *value = arena_new(arena, double, records + 1);
    size_t labelled = 0;
    for (size_t i = 0; i < records; i++) {
        value[i] = text[i] ? cell_value(text[i]) : (double)NAN;
        labelled += text[i] != NULL;
    }
    group->value = value;
    return labelled > 0 || no_label(group, err);
}

LabelGroup *encode_labels(const Listing *listing, Arena *arena, Error *err)
{
    static bool (*const encode[LABEL_KINDS])(LabelGroup *, char *const *, size_t, Arena *,
                                             Error *) = {
        [LABEL_CLASS] = encode_classes, [LABEL_MULTI] = encode_sets, [LABEL_VALUE] = encode_values};
    LabelGroup *group = arena_new(arena, LabelGroup, listing->groups);
    for (int g = 0; g < listing->groups; g++) {
        group[g].name = listing->group_name[g];
        group[g].kind = listing_kind(listing, g);
        encode[group[g].kind](&group[g], listing->label[g], listing->count, arena, err);
    }
    return err->kind == ERROR_NONE ? group : NULL;
}

/* Classes of a group that training never shows; `first` is one of them. */
static int unseen_classes(const LabelGroup *group, const uint8_t *split, size_t count, int *first)
{
    int unseen = 0, members;
    bool *seen = calloc((size_t)group->classes + 1, sizeof *seen);
    if (!seen) die("no memory for %d classes", group->classes);
    for (size_t i = 0; i < count; i++) {
        if (split[i] != SPLIT_TRAIN) continue;
        const int32_t *class = label_classes(group, i, &members);
        for (int j = 0; j < members; j++) seen[class[j]] = true;
    }
    for (int k = group->classes; k-- > 0;)
        if (!seen[k]) {
            unseen++;
            *first = k;
        }
    free(seen);
    return unseen;
}

bool check_classes(const Listing *listing, const LabelGroup *group, const uint8_t *split,
                   const char *cure, Error *err)
{
    bool any = false;
    for (size_t i = 0; i < listing->count && !any; i++) any = split[i] == SPLIT_TRAIN;
    for (int g = 0; g < listing->groups && any; g++) {
        int first = 0, unseen = unseen_classes(&group[g], split, listing->count, &first);
        if (unseen > 0)
            error_set(err, ERROR_DATA,
                      "label group %s: %d of %d classes never occur in train, such as \"%s\"; %s, "
                      "or pack "
                      "all the same with --allow-unseen",
                      group[g].name, unseen, group[g].classes, group[g].class_name[first], cure);
    }
    return err->kind == ERROR_NONE;
}
