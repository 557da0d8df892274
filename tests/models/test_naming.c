/* Namings: every part of a trunk has a name of its own, and numbers come back from their foreign layout. */
#include "check.h"

#include "models/model.h"
#include "models/naming.h"
#include "models/weights.h"

#include <math.h>
#include <stdlib.h>

static Model build(const char *kind, Arena *arena)
{
    Model model;
    Error err = {0};
    int index;
    const TrunkType *trunk = trunk_find(kind, &index);
    void *options = arena_alloc(arena, trunk->options_bytes + 1);
    HeadSpec heads[] = {{.name = "class", .classes = 5}, {.name = "other", .classes = 3}};
    ModelSpec spec = {.trunk = trunk,
                      .kind = index,
                      .trunk_options = options,
                      .head = heads,
                      .heads = 2,
                      .image = 64,
                      .lane = 16};
    option_defaults(trunk->options, options);
    model_build(&model, &spec, arena, &err);
    check_no_error(&err);
    param_layout(model.graph->params, 7);
    param_layout(model.graph->state, 7);
    return model;
}

static void check_round_trip(const Param *param, const ForeignTensor *foreign)
{
    float *ours = malloc(sizeof(float) * param->count), *back = calloc(param->count, sizeof(float));
    float *theirs = malloc(sizeof(float) * param->count);
    for (size_t i = 0; i < param->count; i++) ours[i] = (float)i;
    for (int p = 0; p < foreign->parts; p++) {
        weights_to_foreign(theirs, foreign, p, ours, param->shape);
        weights_from_foreign(back, param->shape, foreign, p, theirs);
    }
    assert_memory_equal(ours, back, sizeof(float) * param->count);
    free(ours);
    free(back);
    free(theirs);
}

/* Names of a store's arrays under a naming, all different from each other. */
static void check_store(const Naming *naming, const char *kind, const ParamStore *store)
{
    ForeignTensor *seen = calloc((size_t)store->count, sizeof *seen);
    int count = 0;
    for (int i = 0; i < store->count; i++) {
        const Param *param = store->list[i];
        ForeignTensor *foreign = &seen[count];
        bool named = naming_foreign(naming, kind, "class", param->name, param->shape, foreign);
        assert_int_equal(named, strncmp(param->name, "heads.other", 11) != 0);
        if (!named) continue;
        assert_int_equal(shape_count(foreign->shape) * (size_t)foreign->parts, param->count);
        for (int j = 0; j < count; j++)
            for (int p = 0; p < seen[j].parts; p++)
                for (int q = 0; q < foreign->parts; q++)
                    assert_string_not_equal(seen[j].name[p], foreign->name[q]);
        check_round_trip(param, foreign);
        count++;
    }
    assert_true(count > 0);
    free(seen);
}

static void every_part_has_a_name(void **state)
{
    (void)state;
    static const char *const kinds[] = {"resnet18",      "resnet50",      "resnext50_32x4d",
                                        "convnext_atto", "convnext_tiny", "vit_tiny_patch16",
                                        "mobilenet_v1",  "resnet20"};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        Arena *arena = arena_create("test");
        Model model = build(kinds[k], arena);
        int index;
        const Naming *list[NAMING_SCHEMES_MAX];
        int count = naming_list(trunk_find(kinds[k], &index)->name, list);
        assert_true(count > 0);
        for (int n = 0; n < count; n++) {
            check_store(list[n], kinds[k], model.graph->params);
            if (model.graph->state->count) check_store(list[n], kinds[k], model.graph->state);
        }
        arena_destroy(arena);
    }
}

static void expect(const char *scheme, const char *family, const char *kind, const char *ours,
                   Shape shape, const char *theirs, Shape their_shape)
{
    ForeignTensor foreign;
    const Naming *naming = naming_find(scheme, family);
    assert_true(naming_foreign(naming, kind, "class", ours, shape, &foreign));
    assert_string_equal(foreign.name[0], theirs);
    assert_true(shape_equal(foreign.shape, their_shape));
}

static void names_are_known_ones(void **state)
{
    (void)state;
    expect("torchvision", "convnext", "convnext_tiny", "trunk.stages.2.blocks.11.mlp.fc1.weight",
           shape_of(2, 1536, 384), "features.5.11.block.3.weight", shape_of(2, 1536, 384));
    expect("timm", "convnext", "convnext_nano", "trunk.stages.2.blocks.1.mlp.fc1.weight",
           shape_of(2, 1280, 320), "stages.2.blocks.1.mlp.fc1.weight",
           shape_of(4, 1280, 320, 1, 1));
    expect("timm", "convnext", "convnext_tiny", "trunk.stages.2.blocks.1.mlp.fc1.weight",
           shape_of(2, 1536, 384), "stages.2.blocks.1.mlp.fc1.weight", shape_of(2, 1536, 384));
    expect("torchvision", "convnext", "convnext_tiny", "trunk.stages.0.blocks.0.conv_dw.weight",
           shape_of(3, 7, 7, 96), "features.1.0.block.0.weight", shape_of(4, 96, 1, 7, 7));
    expect("huggingface", "resnet", "resnet50", "trunk.layer2.3.conv3.weight",
           shape_of(4, 512, 1, 1, 128),
           "resnet.encoder.stages.1.layers.3.layer.2.convolution.weight",
           shape_of(4, 512, 128, 1, 1));
    expect("huggingface", "vit", "vit_base_patch16", "trunk.blocks.3.attn.qkv.bias",
           shape_of(1, 2304), "vit.encoder.layer.3.attention.attention.query.bias",
           shape_of(1, 768));
    expect("huggingface", "mobilenet", "mobilenet_v1", "trunk.conv_pw_13_bn.running_var",
           shape_of(1, 1024), "mobilenet_v1.layer.25.normalization.running_var", shape_of(1, 1024));
    expect("keras", "mobilenet", "mobilenet_v1", "heads.class.linear.weight",
           shape_of(2, 1000, 768), "conv_preds/kernel", shape_of(4, 1, 1, 768, 1000));
    ForeignTensor foreign;
    assert_false(naming_foreign(naming_find("torchvision", "vit"), "vit_base_patch16", NULL,
                                "trunk.fc_norm.weight", shape_of(1, 768), &foreign));
    assert_false(naming_foreign(naming_find("timm", "vit"), "vit_base_patch16", NULL,
                                "heads.class.linear.bias", shape_of(1, 9), &foreign));
    assert_null(naming_find("akamaster", "vit"));
}

/* A linear ramp over the grid stays one between the borders, and the class token stays as it is. */
static void places_are_resampled(void **state)
{
    (void)state;
    enum { FROM = 14, TO = 20, D = 2 };
    static float in[(1 + FROM * FROM) * D], out[(1 + TO * TO) * D];
    in[0] = 7, in[1] = -3;
    for (int y = 0; y < FROM; y++)
        for (int x = 0; x < FROM; x++) {
            in[(1 + y * FROM + x) * D] = (float)(x + 0.5);
            in[(1 + y * FROM + x) * D + 1] = (float)(2 * y + x);
        }
    assert_true(weights_resample_places(out, 1 + TO * TO, in, 1 + FROM * FROM, D));
    assert_true(out[0] == 7 && out[1] == -3);
    for (int y = 4; y < TO - 4; y++)
        for (int x = 4; x < TO - 4; x++) {
            double u = (x + 0.5) * FROM / TO, v = (y + 0.5) * FROM / TO;
            assert_true(fabs((double)out[(1 + y * TO + x) * D] - u) < 1e-5);
            assert_true(fabs((double)out[(1 + y * TO + x) * D + 1] - (2 * v + u - 1.5)) < 2e-5);
        }
    assert_false(weights_resample_places(out, 1 + TO, in, 1 + FROM * FROM, D));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_part_has_a_name),
                                       cmocka_unit_test(names_are_known_ones),
                                       cmocka_unit_test(places_are_resampled)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
