/*
 * Networks for the tests of export: small variants of every trunk family, and the families at full size,
 * with drawn numbers, and what umbel makes of some pixels.
 */
#pragma once

#include "check.h"

#include "base/random.h"
#include "io/h5.h"
#include "models/model.h"
#include "nn/run.h"

#include <math.h>
#include <stdlib.h>

enum { IMAGES = 8, HEADS = 4, VARIANT_OPTIONS = 6 };

typedef struct Variant {
    const char *name, *kind;
    int image;
    const char *option[VARIANT_OPTIONS]; /* of the trunk, "key=value" */
} Variant;

/* Odd sides and strides, so that padding is uneven somewhere. */
static const Variant small_variants[] = {
    {"convnext",
     "convnext_atto",
     68,
     {"layer_scale=0.3", "depths=[1, 1, 2, 1]", "dims=[8, 16, 24, 40]"}},
    {"convnext_tiny", "convnext_tiny", 64, {"depths=[1, 1, 2, 1]", "dims=[8, 16, 24, 40]"}},
    {"convnextv2", "convnextv2_atto", 64, {"depths=[1, 1, 2, 1]", "dims=[8, 12, 16, 24]"}},
    {"resnet18", "resnet18", 45, {"layers=[1, 1, 1, 1]", "width=4"}},
    {"resnet18_average", "resnet18", 45, {"layers=[1, 1, 1, 1]", "width=4", "pool=avg"}},
    {"resnet18_silu",
     "resnet18",
     32,
     {"layers=[1, 1, 1, 1]", "width=4", "pool=none", "activation=silu"}},
    {"resnet50", "resnet50", 64, {"layers=[1, 1, 1, 1]", "width=4"}},
    {"resnext50",
     "resnext50_32x4d",
     64,
     {"layers=[1, 1, 1, 1]", "width=4", "groups=4", "base_width=32"}},
    /* 24, 12, 6, 3, 2: the last averaging shortcut has windows that hang over the edge. */
    {"resnet50d", "resnet50d", 48, {"layers=[1, 1, 1, 1]", "width=4"}},
    {"resnet20", "resnet20", 29, {0}},
    {"vit_token", "vit_tiny_patch16", 48, {"dim=16", "depth=2", "heads=2", "pool=token"}},
    {"vit_mean", "vit_tiny_patch16", 48, {"dim=16", "depth=2", "heads=2", "pool=mean"}},
    {"mobilenet", "mobilenet_v1", 75, {"width=0.25"}},
};

static const Variant full_variants[] = {
    {"convnext_atto", "convnext_atto", 224, {0}},
    {"convnext_tiny", "convnext_tiny", 224, {0}},
    {"convnextv2_atto", "convnextv2_atto", 224, {0}},
    {"resnet18", "resnet18", 224, {0}},
    {"resnet50", "resnet50", 224, {0}},
    {"wide_resnet50_2", "wide_resnet50_2", 224, {0}},
    {"resnext50_32x4d", "resnext50_32x4d", 224, {0}},
    {"resnet50d", "resnet50d", 224, {0}},
    {"resnet20", "resnet20", 32, {0}},
    {"vit_tiny_token", "vit_tiny_patch16", 224, {"pool=token"}},
    {"vit_tiny_mean", "vit_tiny_patch16", 224, {"pool=mean"}},
    {"vit_base", "vit_base_patch16", 224, {"pool=token"}},
    {"mobilenet_v1", "mobilenet_v1", 224, {0}},
};

enum {
    SMALL_VARIANTS = sizeof small_variants / sizeof *small_variants,
    FULL_VARIANTS = sizeof full_variants / sizeof *full_variants,
};

/* Besides classes, a number behind layers of its own and an angle. */
static inline const HeadSpec *variant_heads(Arena *arena)
{
    static const HeadBody body = {{1, {6}}, 0.3, HEAD_POOL_ATTENTION};
    HeadSpec *head = arena_new(arena, HeadSpec, HEADS);
    head[0] = (HeadSpec){.name = "type", .classes = 7};
    head[1] = (HeadSpec){.name = "part of it", .classes = 3};
    head[2] = (HeadSpec){.name = "size",
                         .type = head_find("regression"),
                         .body = &body,
                         .facts = {.mean = -3, .deviation = 2.5}};
    head[3] = (HeadSpec){.name = "azimuth", .type = head_find("circular")};
    return head;
}

/* What an exported file gives for a head. */
static inline const Tensor *variant_exported(const ModelHead *head)
{
    return head->type->exports_predictions ? head->prediction : head->logits;
}

static const float variant_scale[3] = {0.017F, 0.018F, 0.0175F};
static const float variant_shift[3] = {-2.1F, -2.0F, -1.8F};

#define CHECK(call)                                                                                \
    do {                                                                                           \
        if (!(call)) fail_msg("%s", err.text);                                                     \
    } while (0)

/* --- building --- */

static inline void *variant_options(const Variant *variant, const TrunkType *trunk, Arena *arena)
{
    void *values = arena_alloc(arena, trunk->options_bytes);
    option_defaults(trunk->options, values);
    for (int i = 0; i < VARIANT_OPTIONS && variant->option[i]; i++) {
        Error err = {0};
        char *key = arena_strdup(arena, variant->option[i]), *equals = strchr(key, '=');
        *equals = 0;
        CHECK(option_parse(option_find(trunk->options, key), equals + 1, values, &err));
    }
    return values;
}

/* Rank 1: away from where it starts, so that a forgotten gain, bias or statistic shows; larger: of a size
 * that keeps the signal's. */
static inline void variant_draw(const Param *param, float *value, Random random)
{
    bool is_variance = strstr(param->name, "running_var") != NULL;
    const int *dim = param->shape.dim;
    double fan_in = (double)param->count / dim[param->shape.rank == 3 ? 2 : 0];
    for (size_t j = 0; j < param->count; j++) {
        double noise = random_normal(&random);
        if (param->shape.rank > 1)
            value[j] = (float)(noise * sqrt(2 / fan_in));
        else
            value[j] += (float)(is_variance ? random_uniform(&random) - 0.5 : 0.3 * noise);
    }
}

static inline void variant_fill(ParamStore *store)
{
    param_layout(store, 1);
    for (int i = 0; i < store->count; i++)
        variant_draw(store->list[i], store->value + store->list[i]->offset,
                     random_at(2, RANDOM_INIT, (uint64_t)i, 0, 0));
}

/* The network with drawn numbers and HEADS heads. */
static inline void variant_open(Model *model, const Variant *variant, const HeadSpec *head,
                                Arena *arena)
{
    Error err = {0};
    ModelSpec spec = {.head = head,
                      .heads = HEADS,
                      .image = variant->image,
                      .lane = IMAGES,
                      .only_evaluation = true};
    spec.trunk = trunk_find(variant->kind, &spec.kind);
    spec.trunk_options = variant_options(variant, spec.trunk, arena);
    CHECK(model_build(model, &spec, arena, &err));
    variant_fill(model->graph->params);
    variant_fill(model->graph->state);
}

/* --- running --- */

/* RGB pixels (IMAGES,side,side,3): from the array "/SIDE" of an HDF5 file, or drawn (NULL), each
 * image brighter than the one before. */
static inline uint8_t *variant_pixels(const char *path, int side, Arena *arena)
{
    Error err = {0};
    size_t count = (size_t)IMAGES * (size_t)side * (size_t)side * 3;
    uint8_t *pixel = arena_new(arena, uint8_t, count);
    if (path) {
        uint64_t s = (uint64_t)side;
        H5 *file;
        CHECK(file = h5_open(path, &err));
        CHECK(h5_read(file, arena_printf(arena, "/%d", side), H5_U8,
                      (H5Shape){4, {IMAGES, s, s, 3}}, pixel, &err));
        CHECK(h5_close(file, &err));
        return pixel;
    }
    Random random = random_at(3, RANDOM_AUGMENT, 0, 0, 0);
    for (size_t i = 0; i < count; i++) {
        double bright = (double)(1 + i * IMAGES / count) / IMAGES;
        pixel[i] = (uint8_t)(256 * bright * random_uniform(&random));
    }
    return pixel;
}

/* A run of the evaluation over the pixels; memory comes from `arena`. */
static inline const Run *variant_run(const Model *model, const uint8_t *pixel, Arena *arena)
{
    const Graph *graph = model->graph;
    float *prepared = arena_new(arena, float, graph->prepared_floats + 1);
    for (int i = 0; i < graph->op_count; i++)
        graph_prepare(graph, i, graph->params->value, prepared);
    Target *no_label = arena_new(arena, Target, IMAGES);
    Run *run = arena_new(arena, Run, 1);
    *run = (Run){.graph = graph,
                 .plan = &graph->eval,
                 .kernel = kernels(),
                 .workspace = arena_new(arena, float, graph->eval.floats),
                 .value = graph->params->value,
                 .state = graph->state->value,
                 .prepared = prepared,
                 .images = IMAGES,
                 .head = arena_new(arena, HeadRun, HEADS)};
    for (int h = 0; h < HEADS; h++) run->head[h] = (HeadRun){.target = no_label, .parts = 1};
    float *input = run_value(run, model->images);
    for (size_t i = 0; i < shape_count(model->images->shape); i++)
        input[i] = (float)pixel[i] * variant_scale[i % 3] + variant_shift[i % 3];
    graph_forward(run);
    return run;
}

/* Writes /pixels, /scale, /shift, /features and /logits/HEAD of the network to an HDF5 file. */
static inline void variant_record(const Model *model, const uint8_t *pixel, const char *path,
                                  Arena *arena)
{
    Error err = {0};
    const Run *run = variant_run(model, pixel, arena);
    uint64_t side = (uint64_t)model->images->shape.dim[1];
    H5 *file;
    CHECK(file = h5_create(path, &err));
    CHECK(h5_write(file, "/pixels", H5_U8, (H5Shape){4, {IMAGES, side, side, 3}}, pixel, &err));
    CHECK(h5_write(file, "/scale", H5_F32, (H5Shape){1, {3}}, variant_scale, &err));
    CHECK(h5_write(file, "/shift", H5_F32, (H5Shape){1, {3}}, variant_shift, &err));
    CHECK(h5_write(file, "/features", H5_F32,
                   (H5Shape){2, {IMAGES, (uint64_t)model->features->shape.dim[1]}},
                   run_value(run, model->features), &err));
    for (int h = 0; h < HEADS; h++) {
        const Tensor *out = variant_exported(&model->head[h]);
        CHECK(h5_write(file, arena_printf(arena, "/logits/%s", model->head[h].name), H5_F32,
                       (H5Shape){2, {IMAGES, (uint64_t)out->shape.dim[1]}}, run_value(run, out),
                       &err));
    }
    CHECK(h5_close(file, &err));
}
