/* Labels as numbers. */
#include "encode.h"

#include <stdlib.h>
#include <string.h>

enum { CLASSES_MAX = 65536 };

static bool is_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits < 18 && text[digits] == 0;
}

/* Numbers by value ("2" before "10"), before all other names. */
static int by_class(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    bool x_is_number = is_number(x), y_is_number = is_number(y);
    if (x_is_number != y_is_number) return x_is_number ? -1 : 1;
    if (x_is_number) {
        unsigned long long i = strtoull(x, NULL, 10), j = strtoull(y, NULL, 10);
        if (i != j) return i < j ? -1 : 1;
    }
    return strcmp(x, y);
}

static int find_class(const EncodedGroup *group, const char *name)
{
    char **found = bsearch(&name, group->class_name, (size_t)group->classes, sizeof name, by_class);
    return (int)(found - group->class_name);
}

/* The distinct names of a group, sorted. */
static bool collect_classes(EncodedGroup *group, char *const *label, size_t count, Arena *arena,
                            Error *err)
{
    char **all = arena_new(arena, char *, count + 1);
    size_t labelled = 0, classes = 0;
    for (size_t i = 0; i < count; i++)
        if (label[i]) all[labelled++] = label[i];
    if (labelled == 0)
        return error_set(err, ERROR_DATA,
                         "label group %s: no image has a label; leave it out with --labels",
                         group->name);
    qsort(all, labelled, sizeof *all, by_class);
    for (size_t i = 0; i < labelled; i++)
        if (i == 0 || strcmp(all[classes - 1], all[i]) != 0) all[classes++] = all[i];
    if (classes > CLASSES_MAX)
        return error_set(err, ERROR_DATA,
                         "label group %s: has %zu classes; at most %d are possible. Is it a number "
                         "or an identifier?",
                         group->name, classes, CLASSES_MAX);
    group->class_name = all;
    group->classes = (int)classes;
    return true;
}

EncodedGroup *encode_labels(const Listing *listing, Arena *arena, Error *err)
{
    EncodedGroup *group = arena_new(arena, EncodedGroup, listing->groups);
    for (int g = 0; g < listing->groups; g++) {
        group[g].name = listing->group_name[g];
        if (!collect_classes(&group[g], listing->label[g], listing->count, arena, err)) continue;
        group[g].label = arena_new(arena, int32_t, listing->count);
        for (size_t i = 0; i < listing->count; i++)
            group[g].label[i] =
                listing->label[g][i] ? find_class(&group[g], listing->label[g][i]) : LABEL_MISSING;
    }
    return err->kind == ERROR_NONE ? group : NULL;
}

/* Classes of a group that training never shows; `first` is one of them. */
static int unseen_classes(const EncodedGroup *group, const uint8_t *split, size_t count, int *first)
{
    int unseen = 0;
    bool *seen = calloc((size_t)group->classes, sizeof *seen);
    if (!seen) die("no memory for %d classes", group->classes);
    for (size_t i = 0; i < count; i++)
        if (split[i] == SPLIT_TRAIN && group->label[i] >= 0) seen[group->label[i]] = true;
    for (int k = group->classes; k-- > 0;)
        if (!seen[k]) {
            unseen++;
            *first = k;
        }
    free(seen);
    return unseen;
}

bool check_classes(const Listing *listing, const EncodedGroup *group, const uint8_t *split,
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
