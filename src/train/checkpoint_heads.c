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

static bool has_temperature(const HeadFacts *facts)
{
    return facts->temperature != 0 && facts->temperature != 1;
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
                     (H5Shape){1, {(uint64_t)head->classes}}, facts->class_weight, err)) &&
           (!has_temperature(facts) ||
            h5_write(file, head_path(path, head->name, "temperature"), H5_F64, (H5Shape){1, {1}},
                     &facts->temperature, err));
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

static bool read_temperature(H5 *file, CheckpointHead *head, Error *err)
{
    char path[NAME_BYTES];
    double *temperature = &head->facts.temperature;
    if (!h5_has(file, head_path(path, head->name, "temperature"))) return true;
    if (!h5_read(file, path, H5_F64, (H5Shape){1, {1}}, temperature, err)) return false;
    return (*temperature > 0 && isfinite(*temperature)) ||
           error_set(err, ERROR_DATA, "%s: is %g, not above 0", path, *temperature);
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
    return read_weights(file, head, arena, err) && read_temperature(file, head, err);
}

static void hash_numbers(Hasher *hasher, const char *what, const CheckpointHead *head,
                         const double *number, int count)
{
    hasher_add_text(hasher, what);
    hasher_add_text(hasher, head->name);
    hasher_add(hasher, number, sizeof *number * (size_t)count);
}

void checkpoint_hash_head(Hasher *hasher, const CheckpointHead *head)
{
    const HeadFacts *facts = &head->facts;
    double standard[2] = {facts->mean, facts->deviation};
    if (head->classes == 0)
        hash_numbers(hasher, "heads", head, standard, 2);
    else if (facts->class_weight)
        hash_numbers(hasher, "heads", head, facts->class_weight, head->classes);
    if (has_temperature(facts)) hash_numbers(hasher, "temperature", head, &facts->temperature, 1);
}
