/*
 * Models as ONNX files. By itself: what is refused, and that the same model gives the same bytes. With a
 * folder as argument it writes there, for tests/models/onnx.sh, small variants of all trunk families as
 * NAME.onnx and NAME.u8.onnx, and as NAME.h5 what umbel makes of some pixels.
 */
#include "base/random.h"
#include "io/file.h"
#include "io/h5.h"
#include "models/onnx.h"
#include "nn/run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { IMAGES = 8, HEADS = 2, OPTIONS_MAX = 6 };

typedef struct Case {
    const char *name, *kind;
    int image;
    const char *option[OPTIONS_MAX]; /* "key=value" */
} Case;

/* Odd sides and strides, so that padding is uneven somewhere. */
static const Case cases[] = {
    {"convnext",
     "convnext_atto",
     68,
     {"layer_scale=0.3", "depths=[1, 1, 2, 1]", "dims=[8, 16, 24, 40]"}},
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
enum { CASES = sizeof cases / sizeof *cases };

static const HeadSpec heads[HEADS] = {{"type", 7}, {"part of it", 3}};
static const ModelOnnx normalisation = {ONNX_F32, {0.017F, 0.018F, 0.0175F}, {-2.1F, -2.0F, -1.8F}};

#define CHECK(call)                                                                                \
    do {                                                                                           \
        if (!(call)) fail_msg("%s", err.text);                                                     \
    } while (0)

/* --- a model with numbers in it --- */

static void *trunk_options(const TrunkType *trunk, const Case *c, Arena *arena)
{
    void *values = arena_alloc(arena, trunk->options_bytes);
    option_defaults(trunk->options, values);
    for (int i = 0; i < OPTIONS_MAX && c->option[i]; i++) {
        Error err = {0};
        char *key = arena_strdup(arena, c->option[i]), *equals = strchr(key, '=');
        *equals = 0;
        CHECK(option_parse(option_find(trunk->options, key), equals + 1, values, &err));
    }
    return values;
}

/* Rank 1: away from where it starts, so that a forgotten gain, bias or statistic shows; larger: of a size
 * that keeps the signal's. */
static void draw_param(const Param *param, float *value, Random random)
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

static void draw(ParamStore *store)
{
    param_layout(store, 1);
    for (int i = 0; i < store->count; i++)
        draw_param(store->list[i], store->value + store->list[i]->offset,
                   random_at(2, RANDOM_INIT, (uint64_t)i, 0, 0));
}

static void open_model(Model *model, const Case *c, const HeadSpec *head, Arena *arena)
{
    Error err = {0};
    ModelSpec spec = {.head = head, .heads = HEADS, .image = c->image, .lane = IMAGES};
    spec.trunk = trunk_find(c->kind, &spec.kind);
    spec.trunk_options = trunk_options(spec.trunk, c, arena);
    CHECK(model_build(model, &spec, arena, &err));
    draw(model->graph->params);
    draw(model->graph->state);
}

static void write_onnx(const Model *model, OnnxType input, const char *path, Arena *arena)
{
    Error err = {0};
    ModelOnnx options = normalisation;
    options.input = input;
    Onnx *onnx = onnx_create(arena, "test");
    CHECK(model_to_onnx(model, &options, onnx, arena, &err));
    onnx_add_metadata(onnx, "key", "value");
    CHECK(onnx_write(onnx, path, &err));
}

/* --- what onnx.sh compares --- */

static Run *run_model(const Model *model, const uint8_t *pixel, Arena *arena)
{
    const Graph *graph = model->graph;
    float *prepared = arena_new(arena, float, graph->prepared_floats + 1);
    for (int i = 0; i < graph->op_count; i++)
        graph_prepare(graph, i, graph->params->value, prepared);
    int32_t *no_label = arena_new(arena, int32_t, IMAGES);
    for (int n = 0; n < IMAGES; n++) no_label[n] = -1;
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
    for (int h = 0; h < HEADS; h++) run->head[h].label = no_label;
    float *input = run_value(run, model->images);
    for (size_t i = 0; i < shape_count(model->images->shape); i++)
        input[i] = (float)pixel[i] * normalisation.scale[i % 3] + normalisation.shift[i % 3];
    graph_forward(run);
    return run;
}

static void write_case(const Case *c, const char *folder)
{
    Error err = {0};
    Arena *arena = arena_create("case");
    Model model;
    open_model(&model, c, heads, arena);
    const char *base = arena_printf(arena, "%s/%s", folder, c->name);
    write_onnx(&model, ONNX_F32, arena_printf(arena, "%s.onnx", base), arena);
    write_onnx(&model, ONNX_U8, arena_printf(arena, "%s.u8.onnx", base), arena);

    size_t count = shape_count(model.images->shape);
    uint8_t *pixel = arena_new(arena, uint8_t, count);
    Random random = random_at(3, RANDOM_AUGMENT, 0, 0, 0);
    for (size_t i = 0; i < count; i++) { /* each image brighter than the one before */
        double bright = (double)(1 + i * IMAGES / count) / IMAGES;
        pixel[i] = (uint8_t)(256 * bright * random_uniform(&random));
    }
    const Run *run = run_model(&model, pixel, arena);
    H5 *file;
    CHECK(file = h5_create(arena_printf(arena, "%s.h5", base), &err));
    uint64_t side = (uint64_t)c->image;
    CHECK(h5_write(file, "/pixels", H5_U8, (H5Shape){4, {IMAGES, side, side, 3}}, pixel, &err));
    for (int h = 0; h < HEADS; h++)
        CHECK(h5_write(file, arena_printf(arena, "/logits/%s", heads[h].name), H5_F32,
                       (H5Shape){2, {IMAGES, (uint64_t)heads[h].classes}},
                       run_value(run, model.head[h].logits), &err));
    CHECK(h5_close(file, &err));
    arena_destroy(arena);
}

/* --- what is refused --- */

static void test_repeats(void **state)
{
    (void)state;
    Error err = {0};
    uint8_t *data[2];
    size_t bytes[2];
    char path[] = "/tmp/umbel-onnx-XXXXXX";
    close(mkstemp(path));
    for (int i = 0; i < 2; i++) {
        Arena *arena = arena_create("case");
        Model model;
        open_model(&model, &cases[0], heads, arena);
        write_onnx(&model, ONNX_F32, path, arena);
        arena_destroy(arena);
        CHECK(file_read(path, &data[i], &bytes[i], &err));
    }
    unlink(path);
    assert_int_equal(bytes[0], bytes[1]);
    assert_memory_equal(data[0], data[1], bytes[0]);
    free(data[0]);
    free(data[1]);
}

/* Tries to export a model to `path`; it must fail with a text that holds `expected`. */
static void refuse(const Model *model, const char *path, const char *expected, Arena *arena)
{
    Error err = {0};
    Onnx *onnx = onnx_create(arena, "test");
    bool ok =
        model_to_onnx(model, &normalisation, onnx, arena, &err) && onnx_write(onnx, path, &err);
    assert_false(ok);
    if (!strstr(err.text, expected)) fail_msg("\"%s\" does not say \"%s\"", err.text, expected);
}

static void test_unknown_op(void **state)
{
    (void)state;
    Arena *arena = arena_create("case");
    Model model;
    open_model(&model, &cases[0], heads, arena);
    OpType stranger = {.name = "stranger"};
    model.graph->op[0]->type = &stranger;
    refuse(&model, "/tmp/never-written.onnx", "no op of type \"stranger\"", arena);
    assert_false(file_exists("/tmp/never-written.onnx"));
    arena_destroy(arena);
}

static void test_head_named_as_input(void **state)
{
    (void)state;
    static const HeadSpec named[HEADS] = {{"images", 7}, {"part", 3}};
    Arena *arena = arena_create("case");
    Model model;
    open_model(&model, &cases[0], named, arena);
    refuse(&model, "/tmp/never-written.onnx", "\"images\"", arena);
    assert_false(file_exists("/tmp/never-written.onnx"));
    arena_destroy(arena);
}

static void test_no_folder(void **state)
{
    (void)state;
    Arena *arena = arena_create("case");
    Model model;
    open_model(&model, &cases[0], heads, arena);
    refuse(&model, "/tmp/no-such-folder/m.onnx", "/tmp/no-such-folder/m.onnx", arena);
    arena_destroy(arena);
}

int main(int argc, char **argv)
{
    gemm_init();
    if (argc > 1) {
        for (int i = 0; i < CASES; i++) write_case(&cases[i], argv[1]);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_unknown_op),
        cmocka_unit_test(test_head_named_as_input),
        cmocka_unit_test(test_no_folder),
    };
    return cmocka_run_group_tests_name("onnx", tests, NULL, NULL);
}
