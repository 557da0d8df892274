/* Label groups in a pack: what kind a group is of is told by the arrays that it has. */
#include "pack_labels.h"

#include "data/names.h"
#include "listing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 512 };

/* --- kinds --- */

static const char *const kind_names[LABEL_KINDS] = {"class", "multi", "value"};

bool label_kind_parse(const char *text, LabelKind *kind)
{
    for (int k = 0; k < LABEL_KINDS; k++)
        if (strcmp(text, kind_names[k]) == 0) {
            *kind = (LabelKind)k;
            return true;
        }
    return false;
}

const char *label_kind_name(LabelKind kind)
{
    return kind_names[kind];
}

bool label_is_known(const LabelGroup *group, size_t record)
{
    switch (group->kind) {
    case LABEL_MULTI:
        return group->known[record];
    case LABEL_VALUE:
        return !isnan(group->value[record]);
    default:
        return group->label[record] >= 0;
    }
}

const int32_t *label_classes(const LabelGroup *group, size_t record, int *count)
{
    *count = 0;
    if (group->kind == LABEL_MULTI) {
        *count = (int)(group->begin[record + 1] - group->begin[record]);
        return group->member + group->begin[record];
    }
    if (group->kind == LABEL_VALUE) return NULL;
    *count = group->label[record] >= 0;
    return group->label + record;
}

int labels_version(const LabelGroup *group, int groups)
{
    for (int g = 0; g < groups; g++)
        if (group[g].kind != LABEL_CLASS) return PACK_VERSION;
    return 1;
}

/* --- a part --- */

LabelGroup labels_slice(const LabelGroup *group, size_t first, size_t count, Arena *arena)
{
    LabelGroup slice = *group;
    if (group->kind == LABEL_CLASS) slice.label = group->label + first;
    if (group->kind == LABEL_VALUE) slice.value = group->value + first;
    if (group->kind != LABEL_MULTI) return slice;
    uint64_t *begin = arena_new(arena, uint64_t, count + 1);
    for (size_t i = 0; i <= count; i++) begin[i] = group->begin[first + i] - group->begin[first];
    slice.begin = begin;
    slice.member = group->member + group->begin[first];
    slice.known = group->known + first;
    return slice;
}

/* --- writing --- */

static const char *path_of(char path[NAME_BYTES], const char *group, const char *array)
{
    snprintf(path, NAME_BYTES, "/labels/%s/%s", group, array);
    return path;
}

static bool write_sets(H5 *file, const LabelGroup *group, size_t records, Error *err)
{
    char path[NAME_BYTES];
    return h5_write(file, path_of(path, group->name, "known"), H5_U8, (H5Shape){1, {records}},
                    group->known, err) &&
           h5_write(file, path_of(path, group->name, "begin"), H5_U64, (H5Shape){1, {records + 1}},
                    group->begin, err) &&
           h5_write(file, path_of(path, group->name, "member"), H5_I32,
                    (H5Shape){1, {group->begin[records]}}, group->member, err);
}

bool labels_write(H5 *file, const LabelGroup *group, size_t records, Error *err)
{
    char path[NAME_BYTES];
    if (group->kind == LABEL_VALUE)
        return h5_write(file, path_of(path, group->name, "value"), H5_F64, (H5Shape){1, {records}},
                        group->value, err);
    if (!h5_write_texts(file, path_of(path, group->name, "class"), group->class_name,
                        (size_t)group->classes, err))
        return false;
    if (group->kind == LABEL_MULTI) return write_sets(file, group, records, err);
    return h5_write(file, path_of(path, group->name, "label"), H5_I32, (H5Shape){1, {records}},
                    group->label, err) &&
           h5_write_attribute_int(file, path, "missing", LABEL_MISSING, err);
}

/* --- reading --- */

/* A whole array into the arena; NULL with an error. */
static void *read_array(const LabelSource *source, const LabelGroup *group, const char *array,
                        H5Type type, size_t count, size_t bytes, Error *err)
{
    char path[NAME_BYTES];
    void *data = arena_alloc(source->arena, count * bytes + 1);
    return h5_read(source->file, path_of(path, group->name, array), type, (H5Shape){1, {count}},
                   data, err)
               ? data
               : NULL;
}

static bool read_classes(LabelGroup *group, const LabelSource *source, Error *err)
{
    char path[NAME_BYTES], **texts = NULL;
    size_t classes = 0;
    if (!h5_read_texts(source->file, path_of(path, group->name, "class"), &texts, &classes, err))
        return false;
    group->class_name = (const char *const *)arena_copy_texts(source->arena, texts, classes);
    free(texts);
    group->classes = (int)classes;
    return (classes >= 1 && classes <= CLASSES_MAX) ||
           error_set(err, ERROR_DATA,
                     "%s: label group %s has %zu classes; from 1 to %d are possible", source->path,
                     group->name, classes, CLASSES_MAX);
}

static bool check_class(const LabelGroup *group, const LabelSource *source, size_t record,
                        int32_t label, int32_t lowest, Error *err)
{
    return (label >= lowest && label < group->classes) ||
           error_set(err, ERROR_DATA,
                     "%s: image %zu has label %d of group %s, which has %d classes", source->path,
                     record, label, group->name, group->classes);
}

static bool read_labels(LabelGroup *group, const LabelSource *source, Error *err)
{
    group->label = read_array(source, group, "label", H5_I32, source->records, 4, err);
    for (size_t r = 0; group->label && r < source->records; r++)
        if (!check_class(group, source, r, group->label[r], LABEL_MISSING, err)) return false;
    return group->label != NULL;
}

/* `begin` rises from 0 to the number of members; classes rise within a record; what is not known has none. */
static bool check_sets(const LabelGroup *group, const LabelSource *source, uint64_t members,
                       Error *err)
{
    size_t n = source->records;
    bool ok = group->begin[0] == 0 && group->begin[n] == members;
    for (size_t r = 0; r < n && ok; r++)
        ok = group->begin[r] <= group->begin[r + 1] && group->begin[r + 1] <= members &&
             group->begin[r + 1] - group->begin[r] <= (uint64_t)group->classes &&
             (group->known[r] || group->begin[r] == group->begin[r + 1]);
    if (!ok)
        return error_set(err, ERROR_DATA, "%s: the sets of label group %s contradict each other",
                         source->path, group->name);
    for (size_t r = 0; r < n; r++)
        for (uint64_t m = group->begin[r]; m < group->begin[r + 1]; m++)
            if (!check_class(group, source, r, group->member[m],
                             m > group->begin[r] ? group->member[m - 1] + 1 : 0, err))
                return false;
    return true;
}

static bool read_sets(LabelGroup *group, const LabelSource *source, Error *err)
{
    char path[NAME_BYTES];
    H5Type type;
    H5Shape shape;
    if (!h5_info(source->file, path_of(path, group->name, "member"), &type, &shape, err))
        return false;
    uint64_t members = shape.dim[0];
    if (shape.rank != 1 || members > source->file_bytes / 4)
        return error_set(err, ERROR_DATA, "%s: %s is no list", source->path, path);
    group->member = read_array(source, group, "member", H5_I32, members, 4, err);
    group->begin = read_array(source, group, "begin", H5_U64, source->records + 1, 8, err);
    group->known = read_array(source, group, "known", H5_U8, source->records, 1, err);
    return group->member && group->begin && group->known && check_sets(group, source, members, err);
}

static bool read_values(LabelGroup *group, const LabelSource *source, Error *err)
{
    group->value = read_array(source, group, "value", H5_F64, source->records, 8, err);
    for (size_t r = 0; group->value && r < source->records; r++)
        if (isinf(group->value[r]))
            return error_set(err, ERROR_DATA, "%s: image %zu has an infinite value of group %s",
                             source->path, r, group->name);
    return group->value != NULL;
}

static LabelKind kind_of(const LabelGroup *group, const LabelSource *source)
{
    char path[NAME_BYTES];
    if (h5_has(source->file, path_of(path, group->name, "value"))) return LABEL_VALUE;
    return h5_has(source->file, path_of(path, group->name, "member")) ? LABEL_MULTI : LABEL_CLASS;
}

bool labels_read(LabelGroup *group, const char *name, const LabelSource *source, Error *err)
{
    if (!is_group_name(name))
        return error_set(err, ERROR_DATA, "%s: \"%s\" cannot name a label group", source->path,
                         name);
    *group = (LabelGroup){.name = name};
    group->kind = kind_of(group, source);
    if (group->kind == LABEL_VALUE) return read_values(group, source, err);
    if (!read_classes(group, source, err)) return false;
    return group->kind == LABEL_MULTI ? read_sets(group, source, err)
                                      : read_labels(group, source, err);
}
