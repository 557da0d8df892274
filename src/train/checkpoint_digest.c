/* The digest of a checkpoint. */
#include "checkpoint_heads.h"
#include "train/checkpoint.h"
#include "train/config.h"

#include <string.h>

static void add_u64(Hasher *hasher, uint64_t value)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(value >> (8 * i));
    hasher_add(hasher, bytes, sizeof bytes);
}

static void add_numbers(Hasher *hasher, const double *number, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, &number[i], sizeof bits);
        add_u64(hasher, bits);
    }
}

static void add_watch(Hasher *hasher, const Watch *watch)
{
    double number[WATCH_NUMBERS];
    watch_to_numbers(watch, number);
    add_numbers(hasher, number, WATCH_NUMBERS);
}

bool checkpoint_digest(const Checkpoint *checkpoint, Hash128 *digest, Error *err)
{
    Arena *arena = arena_create("digest");
    Config config;
    bool ok =
        config_parse(&config, arena, checkpoint->config, "configuration of the checkpoint", err);
    if (ok) {
        Hasher *hasher = hasher_create();
        for (int i = 0; i < checkpoint->arrays; i++) {
            const CheckpointArray *array = &checkpoint->array[i];
            hasher_add_text(hasher, array->group);
            hasher_add_text(hasher, array->name);
            hasher_add(hasher, array->value, sizeof(float) * shape_count(array->shape));
        }
        for (int h = 0; h < checkpoint->heads; h++)
            checkpoint_hash_head(hasher, &checkpoint->head[h]);
        add_u64(hasher, checkpoint->step);
        add_u64(hasher, checkpoint->epoch);
        add_u64(hasher, checkpoint->updates);
        if (watch_matters(&config)) add_watch(hasher, &checkpoint->watch);
        for (int h = 0; checkpoint->stale && h < checkpoint->heads; h++)
            add_u64(hasher, checkpoint->stale[h]);
        add_numbers(hasher, checkpoint->balance.value, checkpoint->balance.count);
        for (int i = 0; i < checkpoint->params; i++) add_u64(hasher, checkpoint->born[i]);
        config_digest(&config, hasher);
        *digest = hasher_finish(hasher);
    }
    arena_destroy(arena);
    return ok;
}
