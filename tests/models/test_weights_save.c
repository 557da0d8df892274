/*
 * Weights with foreign names: what is written is read back to the same bits, under every naming of each
 * family. With a folder and a file of pixels as arguments it writes there, for long_weights.sh, networks of full size as
 * NAME.SCHEME.safetensors, and as NAME.h5 what umbel makes of the pixels.
 */
#include "variants.h"

#include "io/file.h"
#include "models/foreign.h"
#include "models/weights_save.h"

#include <unistd.h>

static const TrunkType *family_of(const Variant *variant)
{
    int index;
    return trunk_find(variant->kind, &index);
}

static bool save(const Model *model, const Variant *variant, const char *scheme, const char *head,
                 const char *path, Arena *arena, Error *err)
{
    WeightsSave options = {.naming = naming_find(scheme, family_of(variant)->name),
                           .kind = variant->kind,
                           .head = head};
    assert_non_null(options.naming);
    return weights_save(model, &options, path, arena, err);
}

/* --- there and back --- */

static void clear(ParamStore *store)
{
    for (size_t i = 0; i < store->total; i++) store->value[i] = NAN;
}

static void load(const Model *model, const Variant *variant, const char *head, const char *path)
{
    Error err = {0};
    ForeignModel foreign;
    ForeignOptions options = {.path = path, .head = head};
    ParamStore *params = model->graph->params, *state = model->graph->state;
    Safetensors *file;
    CHECK(file = safetensors_open(path, &err));
    CHECK(
        foreign_open(&foreign, file, path, family_of(variant)->name, variant->kind, params, &err));
    CHECK(foreign_load(&foreign, &options, params, state, &err));
    safetensors_close(file);
}

/* All arrays but those of other heads are equal in all bits. */
static void compare(const ParamStore *store, const float *before, const char *head)
{
    for (int i = 0; i < store->count; i++) {
        const Param *param = store->list[i];
        bool of_head = head && strncmp(param->name + 6, head, strlen(head)) == 0;
        if (strncmp(param->name, "heads.", 6) == 0 && !of_head) {
            assert_true(isnan(store->value[param->offset]));
            continue;
        }
        assert_memory_equal(store->value + param->offset, before + param->offset,
                            sizeof(float) * param->count);
    }
}

static float *copied(const ParamStore *store, Arena *arena)
{
    float *copy = arena_new(arena, float, store->total + 1);
    memcpy(copy, store->value, sizeof(float) * store->total);
    return copy;
}

static void there_and_back(const Variant *variant, const char *scheme, const char *head)
{
    Error err = {0};
    Arena *arena = arena_create("variant");
    Model model;
    char path[] = "/tmp/umbel-weights-XXXXXX";
    close(mkstemp(path));
    variant_open(&model, variant, variant_heads(arena), arena);
    CHECK(save(&model, variant, scheme, head, path, arena, &err));
    ParamStore *params = model.graph->params, *state = model.graph->state;
    const float *params_before = copied(params, arena), *state_before = copied(state, arena);
    clear(params);
    clear(state);
    load(&model, variant, head, path);
    compare(params, params_before, head);
    compare(state, state_before, head);
    unlink(path);
    arena_destroy(arena);
}

/* *state: a Variant. Its family's usual naming, with a head and without. */
static void test_usual_naming(void **state)
{
    const Variant *variant = *state;
    const Naming *list[NAMING_SCHEMES_MAX];
    assert_true(naming_list(family_of(variant)->name, list) > 0);
    there_and_back(variant, naming_scheme(list[0]), "part of it");
    there_and_back(variant, naming_scheme(list[0]), NULL);
}

static const Variant *find_variant(const char *name)
{
    for (int i = 0; i < SMALL_VARIANTS; i++)
        if (strcmp(small_variants[i].name, name) == 0) return &small_variants[i];
    fail_msg("no variant %s", name);
    return NULL;
}

static void test_torchvision(void **state)
{
    (void)state;
    static const char *const names[] = {"convnext", "convnext_tiny", "resnet18",
                                        "resnet50", "resnext50",     "vit_token"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        there_and_back(find_variant(names[i]), "torchvision", "type");
}

/* One array in three parts. */
static void test_huggingface(void **state)
{
    (void)state;
    there_and_back(find_variant("vit_token"), "huggingface", "type");
}

/* --- what is refused --- */

static void test_no_such_network(void **state)
{
    (void)state;
    static const struct {
        const char *variant, *array;
    } refused[] = {{"resnet50d", "such as trunk.conv1.0.weight"},
                   {"convnextv2", "such as trunk.stages.0.blocks.0.mlp.grn.weight"},
                   {"vit_mean", "such as trunk.fc_norm.weight"}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        Error err = {0};
        Arena *arena = arena_create("variant");
        Model model;
        const Variant *variant = find_variant(refused[i].variant);
        variant_open(&model, variant, variant_heads(arena), arena);
        assert_false(save(&model, variant, "torchvision", NULL, "/tmp/never-written.safetensors",
                          arena, &err));
        check_error(&err, refused[i].array);
        assert_int_equal(err.count, 1);
        assert_false(file_exists("/tmp/never-written.safetensors"));
        arena_destroy(arena);
    }
}

/* --- for long_weights.sh --- */

static void write_variant(const Variant *variant, const char *folder, const char *pixels)
{
    Arena *arena = arena_create("variant");
    Model model;
    variant_open(&model, variant, variant_heads(arena), arena);
    const char *base = arena_printf(arena, "%s/%s", folder, variant->name);
    variant_record(&model, variant_pixels(pixels, variant->image, arena),
                   arena_printf(arena, "%s.h5", base), arena);
    static const char *const schemes[] = {"timm", "torchvision"};
    for (int i = 0; i < 2; i++) {
        Error err = {0};
        if (!naming_find(schemes[i], family_of(variant)->name)) continue;
        /* What torchvision lacks is refused, and its file is not looked for. */
        save(&model, variant, schemes[i], "type",
             arena_printf(arena, "%s.%s.safetensors", base, schemes[i]), arena, &err);
    }
    arena_destroy(arena);
}

int main(int argc, char **argv)
{
    gemm_init();
    if (argc == 3) {
        for (int i = 0; i < FULL_VARIANTS; i++) write_variant(&full_variants[i], argv[1], argv[2]);
        return 0;
    }
    const struct CMUnitTest others[] = {cmocka_unit_test(test_torchvision),
                                        cmocka_unit_test(test_huggingface),
                                        cmocka_unit_test(test_no_such_network)};
    enum { OTHERS = sizeof others / sizeof *others };
    struct CMUnitTest tests[SMALL_VARIANTS + OTHERS];
    for (int i = 0; i < SMALL_VARIANTS; i++)
        tests[i] = (struct CMUnitTest){.name = small_variants[i].name,
                                       .test_func = test_usual_naming,
                                       .initial_state = (void *)&small_variants[i]};
    memcpy(tests + SMALL_VARIANTS, others, sizeof others);
    return cmocka_run_group_tests_name("weights_save", tests, NULL, NULL);
}
