/* Checkpoints: HDF5 files, or recipes of some (h5_recipe.h), behind a seal that is always right. */
#include "fuzz.h"
#include "h5_recipe.h"
#include "io/seal.h"
#include "train/checkpoint.h"
#include "train/config.h"
#include "train/front.h"

#include <string.h>

static void check_contents(const Checkpoint *checkpoint)
{
    FUZZ_REQUIRE(strlen(checkpoint->config) < SIZE_MAX &&
                 strlen(checkpoint->provenance) < SIZE_MAX);
    for (int h = 0; h < checkpoint->heads; h++) {
        const CheckpointHead *head = &checkpoint->head[h];
        FUZZ_REQUIRE(*head->name && (head->classes > 0 || head->facts.deviation > 0));
        for (int k = 0; head->facts.class_weight && k < head->classes; k++)
            FUZZ_REQUIRE(head->facts.class_weight[k] >= 0);
        for (int k = 0; k < head->classes; k++)
            FUZZ_REQUIRE(strlen(head->class_name[k]) < SIZE_MAX);
    }
    for (int i = 0; i < checkpoint->arrays; i++) {
        const CheckpointArray *array = &checkpoint->array[i];
        FUZZ_REQUIRE(checkpoint_find(checkpoint, array->group, array->name) != NULL);
        uint32_t sum = 0; /* every byte is read */
        const uint8_t *value = (const uint8_t *)array->value;
        for (size_t b = 0; b < sizeof(float) * shape_count(array->shape); b++) sum += value[b];
        FUZZ_REQUIRE(sum < UINT32_MAX);
    }
}

/* Into a model of one parameter. */
static void check_copy(const Checkpoint *checkpoint, Arena *arena)
{
    Error err = {0};
    float flat[64];
    ParamStore *store = param_store_create(arena);
    param_declare(store, "w", (Shape){2, {4, 8}}, (Init){INIT_CONSTANT, 0}, true);
    fuzz_check_error(checkpoint_copy(checkpoint, "param", store, flat, &err), &err);
}

static void check_front(const Checkpoint *checkpoint, Arena *arena)
{
    Error err = {0};
    size_t count;
    Front front = front_begin(checkpoint->heads, arena);
    bool ok = front_from_numbers(&front, checkpoint->front.value, checkpoint->front.count, &err);
    fuzz_check_error(ok, &err);
    if (!ok) return;
    front_to_numbers(&front, &count, arena);
    FUZZ_REQUIRE(count == checkpoint->front.count);
}

static void check_digest(const Checkpoint *checkpoint)
{
    Hash128 digest, again;
    Error err = {0};
    bool ok = checkpoint_digest(checkpoint, &digest, &err);
    fuzz_check_error(ok, &err);
    if (!ok) return;
    FUZZ_REQUIRE(checkpoint_digest(checkpoint, &again, &err));
    FUZZ_REQUIRE(memcmp(&digest, &again, sizeof digest) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    Error err = {0};
    Checkpoint checkpoint;
    Arena *arena = arena_create("fuzz");
    const char *path = h5_recipe(data, bytes, SEAL_CHECKPOINT);
    bool ok = checkpoint_load(&checkpoint, path, arena, &err);
    fuzz_check_error(ok, &err);
    if (ok) {
        check_contents(&checkpoint);
        check_copy(&checkpoint, arena);
        check_front(&checkpoint, arena);
        check_digest(&checkpoint);
    }
    arena_destroy(arena);
    return 0;
}
