/*
 * Models as ONNX files. By itself: what is refused, and that the same model gives the same bytes. With a
 * folder as argument it writes there, for onnx.sh, small variants of all trunk families as NAME.onnx
 * and NAME.u8.onnx, and as NAME.h5 what umbel makes of some pixels; with a file of pixels behind it, for
 * long_onnx.sh, the networks at full size, as NAME.onnx only.
 */
#include "variants.h"

#include "io/file.h"
#include "models/onnx.h"

#include <unistd.h>

static void write_onnx(const Model *model, OnnxType input, const char *path, Arena *arena)
{
    Error err = {0};
    ModelOnnx options = {.input = input};
    memcpy(options.scale, variant_scale, sizeof options.scale);
    memcpy(options.shift, variant_shift, sizeof options.shift);
    Onnx *onnx = onnx_create(arena, "test");
    CHECK(model_to_onnx(model, &options, onnx, arena, &err));
    onnx_add_metadata(onnx, "key", "value");
    CHECK(onnx_write(onnx, path, &err));
}

static void write_variant(const Variant *variant, const char *folder, const char *pixels)
{
    Arena *arena = arena_create("variant");
    Model model;
    variant_open(&model, variant, variant_heads(arena), arena);
    const char *base = arena_printf(arena, "%s/%s", folder, variant->name);
    write_onnx(&model, ONNX_F32, arena_printf(arena, "%s.onnx", base), arena);
    if (!pixels) write_onnx(&model, ONNX_U8, arena_printf(arena, "%s.u8.onnx", base), arena);
    variant_record(&model, variant_pixels(pixels, variant->image, arena),
                   arena_printf(arena, "%s.h5", base), arena);
    arena_destroy(arena);
}

static void test_repeats(void **state)
{
    (void)state;
    Error err = {0};
    uint8_t *data[2];
    size_t bytes[2];
    char path[] = "/tmp/umbel-onnx-XXXXXX";
    close(mkstemp(path));
    for (int i = 0; i < 2; i++) {
        Arena *arena = arena_create("variant");
        Model model;
        variant_open(&model, &small_variants[0], variant_heads(arena), arena);
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

/* --- what is refused --- */

/* Tries to export a model to `path`; it must fail with a text that holds `expected`. */
static void refuse(const Model *model, const char *path, const char *expected, Arena *arena)
{
    Error err = {0};
    Onnx *onnx = onnx_create(arena, "test");
    assert_false(model_to_onnx(model, &(ModelOnnx){.input = ONNX_F32}, onnx, arena, &err) &&
                 onnx_write(onnx, path, &err));
    check_error(&err, expected);
    assert_false(file_exists(path));
}

static void test_unknown_op(void **state)
{
    (void)state;
    Arena *arena = arena_create("variant");
    Model model;
    variant_open(&model, &small_variants[0], variant_heads(arena), arena);
    OpType stranger = {.name = "stranger"};
    model.graph->op[0]->type = &stranger;
    refuse(&model, "/tmp/never-written.onnx", "no op of type \"stranger\"", arena);
    arena_destroy(arena);
}

static void test_head_named_as_input(void **state)
{
    (void)state;
    Arena *arena = arena_create("variant");
    HeadSpec named[HEADS];
    memcpy(named, variant_heads(arena), sizeof named);
    named[0].name = "images";
    Model model;
    variant_open(&model, &small_variants[0], named, arena);
    refuse(&model, "/tmp/never-written.onnx", "umbel heads --rename", arena);
    arena_destroy(arena);
}

static void test_no_folder(void **state)
{
    (void)state;
    Arena *arena = arena_create("variant");
    Model model;
    variant_open(&model, &small_variants[0], variant_heads(arena), arena);
    refuse(&model, "/tmp/no-such-folder/m.onnx", "/tmp/no-such-folder/m.onnx", arena);
    arena_destroy(arena);
}

int main(int argc, char **argv)
{
    gemm_init();
    if (argc == 2) {
        for (int i = 0; i < SMALL_VARIANTS; i++) write_variant(&small_variants[i], argv[1], NULL);
        return 0;
    }
    if (argc == 3) {
        for (int i = 0; i < FULL_VARIANTS; i++) write_variant(&full_variants[i], argv[1], argv[2]);
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
