/* A checkpoint for tests: an untrained network with statistics that are not trivial, saved with the
 * heads "type" and "part". */
#pragma once

#include "check.h"

#include "base/random.h"
#include "models/model.h"
#include "train/checkpoint.h"
#include "train/config.h"

static const char *const type_names[] = {"bolt", "größer", "nut"};
static const char *const part_names[] = {"1", "2", "3", "4", "5", "6", "7"};
static const CheckpointHead saved_heads[] = {
    {.name = "type", .classes = 3, .class_name = type_names},
    {.name = "part", .classes = 7, .class_name = part_names}};
enum { SAVED_HEADS = 2 };

static const char convnext_config[] =
    "pack: a.h5\nimage: 32\nbatch: 8\nlane: 4\nseed: 3\n"
    "trunk: {kind: convnext_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 16, 24, 32]}\n";
static const char resnet_config[] =
    "pack: a.h5\nimage: 32\nbatch: 8\nlane: 4\nseed: 3\ntrunk: {kind: resnet20}\n";

static inline void append_store(Checkpoint *checkpoint, const char *group, const ParamStore *store)
{
    for (int i = 0; i < store->count; i++) {
        const Param *param = store->list[i];
        checkpoint->array[checkpoint->arrays++] =
            (CheckpointArray){group, param->name, param->shape, store->value + param->offset};
    }
}

/* Weights larger than those that training starts from, so that logits differ by more than rounding. */
static inline void shake(ParamStore *store)
{
    for (int i = 0; i < store->count; i++) {
        const Param *param = store->list[i];
        Random random = random_at(5, RANDOM_INIT, (uint64_t)i, 0, 0);
        for (size_t j = 0; j < param->count; j++) {
            float *value = &store->value[param->offset + j];
            *value = *value * 2 + (float)random_uniform(&random) * 0.1F;
        }
    }
}

static inline void save_network(const char *path, const char *text)
{
    Arena *arena = arena_create("saved");
    Config config;
    Model model;
    Error err = {0};
    HeadSpec head[SAVED_HEADS];
    for (int h = 0; h < SAVED_HEADS; h++)
        head[h] = (HeadSpec){.name = saved_heads[h].name, .classes = saved_heads[h].classes};
    config_parse(&config, arena, text, "test", &err);
    check_no_error(&err);
    ModelSpec spec = {.trunk = config.trunk,
                      .kind = config.trunk_kind,
                      .trunk_options = config.trunk_options,
                      .head = head,
                      .heads = SAVED_HEADS,
                      .image = config.image,
                      .lane = config.lane};
    model_build(&model, &spec, arena, &err);
    check_no_error(&err);
    ParamStore *params = model.graph->params, *state = model.graph->state;
    param_layout(params, 3);
    param_layout(state, 3);
    shake(params);
    shake(state);
    double best[SAVED_HEADS + 1] = {0};
    Checkpoint checkpoint = {.config = text,
                             .head = (CheckpointHead *)saved_heads,
                             .heads = SAVED_HEADS,
                             .best = best,
                             .provenance = "umbel: test"};
    checkpoint.array = arena_new(arena, CheckpointArray, params->count + state->count);
    append_store(&checkpoint, "param", params);
    append_store(&checkpoint, "state", state);
    checkpoint_save(&checkpoint, path, &err);
    check_no_error(&err);
    arena_destroy(arena);
}
