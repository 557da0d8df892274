/* Heads in a checkpoint's file: classes, and what the training labels told. */
#include "checkpoint_heads.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES = 512, CLASSES_MAX = 65536 };

static const char *head_path(char path[NAME_BYTES], const char *head, const char *array)
{
    snprintf(path, NAME_BYTES, "/heads/%s/%s", head, array);
    return path;
}

bool checkpoint_write_head(H5 *file, const CheckpointHead *head, Error *err)
{
    char path[NAME_BYTES];
    const HeadFacts *facts = &head->facts;
    double standard[2] = {facts->mean, facts->deviation == 0 ? 1 : facts->deviation};
    if (head->classes == 0)
        return h5_write(file, head_path(path, head->name, "standard"), H5_F64, (H5Shape){1, {2}},
                        standard, err);
    return h5_write_texts(file, head_path(path, head->name, "class"), head->class_name,
                          (size_t)head->classes, err) &&
           (!facts->class_weight ||
            h5_write(file, head_path(path, head->name, "weight"), H5_F64,
                     (H5Shape){1, {(uint64_t)head->classes}}, facts->class_weight, err));
}

static bool read_values_head(H5 *file, CheckpointHead *head, Error *err)
{
    char path[NAME_BYTES];
    double standard[2];
    if (!h5_read(file, head_path(path, head->name, "standard"), H5_F64, (H5Shape){1, {2}}, standard,
                 err))
        return false;
    head->facts.mean = standard[0];
    head->facts.deviation = standard[1];
    return (isfinite(standard[0]) && isfinite(standard[1]) && standard[1] > 0) ||
           error_set(err, ERROR_DATA, "%s: is no mean and deviation", path);
}

static bool read_weights(H5 *file, CheckpointHead *head, Arena *arena, Error *err)
{
    char path[NAME_BYTES];
    if (!h5_has(file, head_path(path, head->name, "weight"))) return true;
    double *weight = arena_new(arena, double, head->classes);
    if (!h5_read(file, path, H5_F64, (H5Shape){1, {(uint64_t)head->classes}}, weight, err))
        return false;
    head->facts.class_weight = weight;
    for (int k = 0; k < head->classes; k++)
        if (!(weight[k] >= 0 && isfinite(weight[k])))
            return error_set(err, ERROR_DATA, "%s: holds a weight of %g", path, weight[k]);
    return true;
}

bool checkpoint_read_head(H5 *file, CheckpointHead *head, const char *name, Arena *arena,
                          Error *err)
{
    char path[NAME_BYTES], **classes = NULL;
    size_t count = 0;
    *head = (CheckpointHead){.name = name, .facts = {.deviation = 1}};
    if (h5_has(file, head_path(path, name, "standard"))) return read_values_head(file, head, err);
    if (!h5_read_texts(file, head_path(path, name, "class"), &classes, &count, err)) return false;
    head->class_name = arena_copy_texts(arena, classes, count);
    free(classes);
    head->classes = (int)count;
    if (count < 1 || count > CLASSES_MAX)
        return error_set(err, ERROR_DATA, "%s: has no classes, or more than %d", path, CLASSES_MAX);
    return read_weights(file, head, arena, err);
}

void checkpoint_hash_head(Hasher *hasher, const CheckpointHead *head)
{
    const HeadFacts *facts = &head->facts;
    if (head->classes > 0 && !facts->class_weight) return;
    hasher_add_text(hasher, "heads");
    hasher_add_text(hasher, head->name);
    if (head->classes > 0) {
        hasher_add(hasher, facts->class_weight, sizeof(double) * (size_t)head->classes);
        return;
    }
    double standard[2] = {facts->mean, facts->deviation};
    hasher_add(hasher, standard, sizeof standard);
}
