/* Checkpoints: saving and loading. */
#include "train/checkpoint.h"

#include "base/version.h"
#include "checkpoint_heads.h"
#include "io/file.h"
#include "io/h5.h"
#include "io/seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096, NAME_BYTES = 512, HEADS_MAX = 256 };
enum { NUMBERS_MAX = 2 * HEADS_MAX * HEADS_MAX, FRONT_MAX = 1 << 26 };

static const char *const integer_keys[] = {"step",    "epoch",     "updates",
                                           "skipped", "validated", "bad"};
enum { INTEGERS = 6 };

static H5Shape shape_to_h5(Shape shape)
{
    H5Shape out = {.rank = shape.rank};
    for (int i = 0; i < shape.rank; i++) out.dim[i] = (uint64_t)shape.dim[i];
    return out;
}

/* --- building --- */

static CheckpointArray *room_for(Checkpoint *checkpoint, size_t more, Arena *arena)
{
    CheckpointArray *array =
        arena_new(arena, CheckpointArray, (size_t)checkpoint->arrays + more + 1);
    if (checkpoint->arrays)
        memcpy(array, checkpoint->array, sizeof *array * (size_t)checkpoint->arrays);
    checkpoint->array = array;
    return array + checkpoint->arrays;
}

void checkpoint_add_store(Checkpoint *checkpoint, const char *group, const ParamStore *store,
                          float *flat, Arena *arena)
{
    CheckpointArray *array = room_for(checkpoint, (size_t)store->count, arena);
    for (int i = 0; i < store->count; i++)
        array[i] = (CheckpointArray){.group = group,
                                     .name = store->list[i]->name,
                                     .shape = store->list[i]->shape,
                                     .value = flat + store->list[i]->offset};
    checkpoint->arrays += store->count;
}

/* --- saving --- */

static bool write_numbers(H5 *file, const char *name, const CheckpointNumbers *numbers, Error *err)
{
    return numbers->count == 0 ||
           h5_write(file, name, H5_F64, (H5Shape){1, {numbers->count}}, numbers->value, err);
}

static bool write_header(H5 *file, const Checkpoint *checkpoint, Error *err)
{
    char creator[64];
    snprintf(creator, sizeof creator, "umbel %s", version_text());
    bool ok = h5_write_attribute_text(file, "/", "format", "umbel checkpoint", err) &&
              h5_write_attribute_int(file, "/", "version", CHECKPOINT_VERSION, err) &&
              h5_write_attribute_text(file, "/", "created_by", creator, err);
    const uint64_t value[INTEGERS] = {checkpoint->step,      checkpoint->epoch,
                                      checkpoint->updates,   checkpoint->skipped,
                                      checkpoint->validated, checkpoint->bad};
    for (int i = 0; i < INTEGERS; i++)
        ok = ok && h5_write_attribute_int(file, "/", integer_keys[i], (int64_t)value[i], err);
    uint64_t hash[2] = {checkpoint->pack.high, checkpoint->pack.low};
    double watch[WATCH_NUMBERS];
    watch_to_numbers(&checkpoint->watch, watch);
    ok = ok && h5_write(file, "/watch", H5_F64, (H5Shape){1, {WATCH_NUMBERS}}, watch, err);
    ok = ok && write_numbers(file, "/balance", &checkpoint->balance, err) &&
         write_numbers(file, "/interference", &checkpoint->interference, err) &&
         write_numbers(file, "/front", &checkpoint->front, err);
    if (checkpoint->born)
        ok = ok && h5_write(file, "/born", H5_U64, (H5Shape){1, {(uint64_t)checkpoint->params}},
                            checkpoint->born, err);
    if (checkpoint->skipped_in_row)
        ok = ok && h5_write(file, "/skipped_in_row", H5_U64, (H5Shape){1, {1}},
                            &checkpoint->skipped_in_row, err);
    if (checkpoint->stale)
        ok = ok && h5_write(file, "/stale", H5_U64, (H5Shape){1, {(uint64_t)checkpoint->heads}},
                            checkpoint->stale, err);
    if (checkpoint->best_step)
        ok = ok &&
             h5_write(file, "/best_step", H5_U64, (H5Shape){1, {(uint64_t)checkpoint->heads + 2}},
                      checkpoint->best_step, err);
    return ok && h5_write_texts(file, "/config", &checkpoint->config, 1, err) &&
           h5_write_texts(file, "/provenance", &checkpoint->provenance, 1, err) &&
           h5_write(file, "/pack_hash", H5_U64, (H5Shape){1, {2}}, hash, err) &&
           h5_write(file, "/best", H5_F64, (H5Shape){1, {(uint64_t)checkpoint->heads + 1}},
                    checkpoint->best, err);
}

static bool write_heads(H5 *file, const Checkpoint *checkpoint, Error *err)
{
    for (int h = 0; h < checkpoint->heads; h++)
        if (!checkpoint_write_head(file, &checkpoint->head[h], err)) return false;
    return true;
}

static bool write_arrays(H5 *file, const Checkpoint *checkpoint, Error *err)
{
    for (int i = 0; i < checkpoint->arrays; i++) {
        const CheckpointArray *array = &checkpoint->array[i];
        char name[NAME_BYTES];
        snprintf(name, sizeof name, "/%s/%s", array->group, array->name);
        if (!h5_write(file, name, H5_F32, shape_to_h5(array->shape), array->value, err))
            return false;
    }
    return true;
}

static bool write_file(const Checkpoint *checkpoint, const char *path, Error *err)
{
    H5 *file = h5_create(path, err);
    if (!file) return false;
    bool ok = write_header(file, checkpoint, err) && write_heads(file, checkpoint, err) &&
              write_arrays(file, checkpoint, err);
    ok = h5_close(file, ok ? err : &(Error){0}) && ok;
    Seal seal = {.kind = SEAL_CHECKPOINT, .version = CHECKPOINT_VERSION};
    return ok && seal_write(path, &seal, err);
}

bool checkpoint_save(const Checkpoint *checkpoint, const char *path, Error *err)
{
    char temporary[PATH_BYTES];
    file_temporary(path, temporary, sizeof temporary);
    if (write_file(checkpoint, temporary, err)) return file_commit(temporary, path, err);
    remove(temporary);
    return error_context(err, "cannot write checkpoint %s", path);
}

/* --- loading --- */

/* Takes over texts that h5 made with malloc. */
static const char **adopt_texts(char **texts, size_t count, Arena *arena)
{
    const char **copy = arena_copy_texts(arena, texts, count);
    free(texts);
    return copy;
}

static bool read_text(H5 *file, const char *name, const char **text, Arena *arena, Error *err)
{
    char **texts = NULL;
    size_t count = 0;
    if (!h5_read_texts(file, name, &texts, &count, err)) return false;
    const char **copy = adopt_texts(texts, count, arena);
    if (count != 1) return error_set(err, ERROR_DATA, "%s: holds %zu texts, not 1", name, count);
    *text = copy[0];
    return true;
}

static bool read_header(H5 *file, Checkpoint *checkpoint, Arena *arena, Error *err)
{
    uint64_t *const value[INTEGERS] = {&checkpoint->step,      &checkpoint->epoch,
                                       &checkpoint->updates,   &checkpoint->skipped,
                                       &checkpoint->validated, &checkpoint->bad};
    for (int i = 0; i < INTEGERS; i++) {
        int64_t number = 0;
        if (!h5_read_attribute_int(file, "/", integer_keys[i], &number, err)) return false;
        if (number < 0) return error_set(err, ERROR_DATA, "%s: is negative", integer_keys[i]);
        *value[i] = (uint64_t)number;
    }
    uint64_t hash[2] = {0};
    if (!read_text(file, "/config", &checkpoint->config, arena, err) ||
        !read_text(file, "/provenance", &checkpoint->provenance, arena, err) ||
        !h5_read(file, "/pack_hash", H5_U64, (H5Shape){1, {2}}, hash, err))
        return false;
    checkpoint->pack = (Hash128){hash[0], hash[1]};
    return true;
}

/* Absent numbers are none. */
static bool read_numbers(H5 *file, const char *name, CheckpointNumbers *numbers, uint64_t most,
                         Arena *arena, Error *err)
{
    H5Type type;
    H5Shape shape;
    if (!h5_has(file, name)) return true;
    if (!h5_info(file, name, &type, &shape, err)) return false;
    if (shape.rank != 1 || shape.dim[0] < 1 || shape.dim[0] > most)
        return error_set(err, ERROR_DATA, "%s: is not a list of at most %llu numbers", name,
                         (unsigned long long)most);
    numbers->count = shape.dim[0];
    numbers->value = arena_new(arena, double, numbers->count);
    return h5_read(file, name, H5_F64, shape, numbers->value, err);
}

/* What checkpoints of version 0.1 lack. */
static bool read_watch(H5 *file, Checkpoint *checkpoint, Arena *arena, Error *err)
{
    double watch[WATCH_NUMBERS];
    H5Type type;
    H5Shape shape;
    checkpoint->watch = watch_begin();
    if (h5_has(file, "/watch")) {
        if (!h5_read(file, "/watch", H5_F64, (H5Shape){1, {WATCH_NUMBERS}}, watch, err))
            return false;
        checkpoint->watch = watch_from_numbers(watch);
    }
    if (!read_numbers(file, "/balance", &checkpoint->balance, NUMBERS_MAX, arena, err) ||
        !read_numbers(file, "/interference", &checkpoint->interference, NUMBERS_MAX, arena, err) ||
        !read_numbers(file, "/front", &checkpoint->front, FRONT_MAX, arena, err))
        return false;
    if (h5_has(file, "/skipped_in_row") &&
        !h5_read(file, "/skipped_in_row", H5_U64, (H5Shape){1, {1}}, &checkpoint->skipped_in_row,
                 err))
        return false;
    if (!h5_has(file, "/born")) return true;
    if (!h5_info(file, "/born", &type, &shape, err)) return false;
    if (shape.rank != 1 || shape.dim[0] < 1 || shape.dim[0] > INT16_MAX)
        return error_set(err, ERROR_DATA, "/born: is not a list of at most %d numbers", INT16_MAX);
    checkpoint->params = (int)shape.dim[0];
    checkpoint->born = arena_new(arena, uint64_t, checkpoint->params);
    return h5_read(file, "/born", H5_U64, shape, checkpoint->born, err);
}

static bool read_heads(H5 *file, Checkpoint *checkpoint, Arena *arena, Error *err)
{
    char **names = NULL;
    size_t count = 0;
    if (h5_has(file, "/heads") && !h5_list(file, "/heads", &names, &count, err)) return false;
    const char **name = adopt_texts(names, count, arena);
    if (count > HEADS_MAX)
        return error_set(err, ERROR_DATA, "/heads: holds %zu heads; at most %d are possible", count,
                         HEADS_MAX);
    checkpoint->heads = (int)count;
    checkpoint->head = arena_new(arena, CheckpointHead, count + 1);
    checkpoint->best = arena_new(arena, double, count + 1);
    for (size_t h = 0; h < count; h++)
        if (!checkpoint_read_head(file, &checkpoint->head[h], name[h], arena, err)) return false;
    if (h5_has(file, "/stale")) {
        checkpoint->stale = arena_new(arena, uint64_t, count + 1);
        if (!h5_read(file, "/stale", H5_U64, (H5Shape){1, {count}}, checkpoint->stale, err))
            return false;
    }
    if (h5_has(file, "/best_step")) {
        checkpoint->best_step = arena_new(arena, uint64_t, count + 2);
        if (!h5_read(file, "/best_step", H5_U64, (H5Shape){1, {count + 2}}, checkpoint->best_step,
                     err))
            return false;
    }
    return h5_read(file, "/best", H5_F64, (H5Shape){1, {count + 1}}, checkpoint->best, err);
}

static bool shape_from_h5(H5Shape in, Shape *shape)
{
    if (in.rank < 1 || in.rank > SHAPE_MAX) return false;
    shape->rank = in.rank;
    uint64_t count = 1;
    for (int i = 0; i < in.rank; i++) {
        if (in.dim[i] < 1 || in.dim[i] > INT32_MAX) return false;
        count *= in.dim[i];
        if (count > INT32_MAX) return false;
        shape->dim[i] = (int)in.dim[i];
    }
    return true;
}

static bool read_array(H5 *file, CheckpointArray *array, Arena *arena, Error *err)
{
    char path[NAME_BYTES];
    snprintf(path, sizeof path, "/%s/%s", array->group, array->name);
    H5Type type;
    H5Shape shape;
    if (!h5_info(file, path, &type, &shape, err)) return false;
    if (type != H5_F32 || !shape_from_h5(shape, &array->shape))
        return error_set(err, ERROR_DATA, "%s: is no float32 array of 1 to %d dimensions", path,
                         SHAPE_MAX);
    array->value = arena_new(arena, float, shape_count(array->shape));
    return h5_read(file, path, H5_F32, shape, array->value, err);
}

/* Appends the arrays of one group. */
static bool read_group(H5 *file, Checkpoint *checkpoint, const char *group, Arena *arena,
                       Error *err)
{
    char path[NAME_BYTES];
    snprintf(path, sizeof path, "/%s", group);
    if (!h5_has(file, path)) return true;
    char **names = NULL;
    size_t count = 0;
    if (!h5_list(file, path, &names, &count, err)) return false;
    const char **name = adopt_texts(names, count, arena);
    CheckpointArray *array = room_for(checkpoint, count, arena);
    for (size_t i = 0; i < count; i++) {
        array[i] = (CheckpointArray){.group = group, .name = name[i]};
        if (!read_array(file, &array[i], arena, err)) return false;
    }
    checkpoint->arrays += (int)count;
    return true;
}

static bool read_slots(H5 *file, Checkpoint *checkpoint, Arena *arena, Error *err)
{
    if (!h5_has(file, "/slot")) return true;
    char **names = NULL;
    size_t count = 0;
    if (!h5_list(file, "/slot", &names, &count, err)) return false;
    const char **name = adopt_texts(names, count, arena);
    for (size_t i = 0; i < count; i++)
        if (!read_group(file, checkpoint, arena_printf(arena, "slot/%s", name[i]), arena, err))
            return false;
    return true;
}

/* Opens a file that is whole and undamaged. */
static H5 *open_sealed(const char *path, Error *err)
{
    Seal seal;
    return seal_check(path, SEAL_CHECKPOINT, CHECKPOINT_VERSION, &seal, err) ? h5_open(path, err)
                                                                             : NULL;
}

bool checkpoint_load(Checkpoint *checkpoint, const char *path, Arena *arena, Error *err)
{
    *checkpoint = (Checkpoint){0};
    H5 *file = open_sealed(path, err);
    if (!file) return false;
    bool ok = read_header(file, checkpoint, arena, err) &&
              read_watch(file, checkpoint, arena, err) &&
              read_heads(file, checkpoint, arena, err) &&
              read_group(file, checkpoint, "param", arena, err) &&
              read_slots(file, checkpoint, arena, err) &&
              read_group(file, checkpoint, "state", arena, err) &&
              read_group(file, checkpoint, "ema", arena, err) &&
              read_group(file, checkpoint, "ema_state", arena, err) &&
              read_group(file, checkpoint, "best_param", arena, err) &&
              read_group(file, checkpoint, "best_ema", arena, err);
    if (!ok) error_context(err, "%s: not a checkpoint that this program can read", path);
    h5_close(file, ok ? err : &(Error){0});
    return ok;
}

bool checkpoint_load_config(const char **config, const char *path, Arena *arena, Error *err)
{
    H5 *file = open_sealed(path, err);
    if (!file) return false;
    bool ok = read_text(file, "/config", config, arena, err) || error_context(err, "%s", path);
    h5_close(file, ok ? err : &(Error){0});
    return ok;
}

const char *checkpoint_group(const Checkpoint *checkpoint, const char *group)
{
    for (int i = 0; i < checkpoint->arrays; i++)
        if (strcmp(checkpoint->array[i].group, "ema") == 0)
            return strcmp(group, "param") == 0 ? "ema" : "ema_state";
    return group;
}

const CheckpointArray *checkpoint_find(const Checkpoint *checkpoint, const char *group,
                                       const char *name)
{
    for (int i = 0; i < checkpoint->arrays; i++)
        if (strcmp(checkpoint->array[i].name, name) == 0 &&
            strcmp(checkpoint->array[i].group, group) == 0)
            return &checkpoint->array[i];
    return NULL;
}

static bool copy_array(const Checkpoint *checkpoint, const char *group, const Param *param,
                       float *value, Error *err)
{
    const CheckpointArray *array = checkpoint_find(checkpoint, group, param->name);
    char have[SHAPE_TEXT_BYTES], want[SHAPE_TEXT_BYTES];
    if (!array) return error_set(err, ERROR_DATA, "%s/%s: is missing", group, param->name);
    if (!shape_equal(array->shape, param->shape))
        return error_set(err, ERROR_DATA, "%s/%s: has shape %s, the model needs %s", group,
                         param->name, shape_print(array->shape, have),
                         shape_print(param->shape, want));
    memcpy(value, array->value, sizeof(float) * param->count);
    return true;
}

bool checkpoint_copy(const Checkpoint *checkpoint, const char *group, const ParamStore *store,
                     float *flat, Error *err)
{
    bool ok = true;
    for (int i = 0; i < store->count; i++)
        ok &= copy_array(checkpoint, group, store->list[i], flat + store->list[i]->offset, err);
    return ok;
}
