/* Rates per block: the layers that timm 1.0.31's param_groups_layer_decay makes of the same networks, and its formula
 * decay^(layers - 1 - layer). */
#include "models/net.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct Row {
    const char *name;
    int layer;
} Row;

static const Row convnext_rows[] = {{"trunk.stem.conv.weight", 0},
                                    {"trunk.stem.norm.weight", 0},
                                    {"trunk.stages.0.blocks.0.conv_dw.weight", 1},
                                    {"trunk.stages.1.downsample.norm.weight", 4},
                                    {"trunk.stages.1.downsample.conv.weight", 4},
                                    {"trunk.stages.1.blocks.0.conv_dw.weight", 4},
                                    {"trunk.stages.1.blocks.1.conv_dw.weight", 5},
                                    {"trunk.stages.2.downsample.conv.weight", 7},
                                    {"trunk.stages.3.blocks.2.mlp.fc2.weight", 18},
                                    {"trunk.norm.weight", 19},
                                    {NULL, 20}};
static const Row vit_rows[] = {{"trunk.cls_token", 0},
                               {"trunk.pos_embed", 0},
                               {"trunk.patch_embed.proj.weight", 0},
                               {"trunk.blocks.0.attn.qkv.weight", 1},
                               {"trunk.blocks.11.mlp.fc2.weight", 12},
                               {"trunk.norm.weight", 12},
                               {NULL, 14}};
static const Row mean_vit_rows[] = {{"trunk.pos_embed", 0},
                                    {"trunk.blocks.11.norm1.weight", 12},
                                    {"trunk.fc_norm.weight", 13},
                                    {NULL, 14}};
static const Row resnet_rows[] = {{"trunk.conv1.weight", 0},
                                  {"trunk.bn1.weight", 0},
                                  {"trunk.layer1.0.conv1.weight", 1},
                                  {"trunk.layer1.0.bn2.weight", 1},
                                  {"trunk.layer2.0.downsample.0.weight", 3},
                                  {"trunk.layer4.1.conv2.weight", 8},
                                  {NULL, 10}};

static void build(Net *net, const char *kind, const char *const *settings, int decay_by)
{
    int index;
    Error err = {0};
    const TrunkType *trunk = trunk_find(kind, &index);
    ModelTraining training = {.lr_decay = 0.75, .lr_decay_by = decay_by, .heads_lr_scale = 2};
    HeadSpec head = {.name = "type", .classes = 5};
    net->arena = arena_create("net");
    net->options = arena_alloc(net->arena, trunk->options_bytes);
    option_defaults(trunk->options, net->options);
    for (; *settings; settings += 2) set_option(trunk, net->options, settings[0], settings[1]);
    ModelSpec spec = {.trunk = trunk,
                      .kind = index,
                      .trunk_options = net->options,
                      .head = &head,
                      .heads = 1,
                      .image = 64,
                      .lane = 4,
                      .training = &training};
    assert_true(model_build(&net->model, &spec, net->arena, &err));
}

static double rate_of(const Net *net, const char *name)
{
    const Param *param = param_find(net->model.graph->params, name);
    if (!param) fail_msg("there is no %s", name);
    return param->lr_scale;
}

static void check(const char *kind, const char *const *settings, const Row *row)
{
    Net net;
    build(&net, kind, settings, DECAY_BY_BLOCK);
    int layers = 0;
    for (const Row *last = row; layers == 0; last++)
        if (!last->name) layers = last->layer;
    for (; row->name; row++)
        assert_float_equal(rate_of(&net, row->name), pow(0.75, layers - 1 - row->layer), 1e-15);
    assert_true(rate_of(&net, "heads.type.linear.weight") == 2);
    arena_destroy(net.arena);
}

static void layers_are_timms(void **state)
{
    static const char *const mean[] = {"pool", "mean", NULL};
    (void)state;
    check("convnext_tiny", no_settings, convnext_rows);
    check("convnextv2_tiny", no_settings, convnext_rows);
    check("vit_tiny_patch16", no_settings, vit_rows);
    check("vit_tiny_patch16", mean, mean_vit_rows);
    check("resnet18", no_settings, resnet_rows);
}

static void stages_are_as_they_were(void **state)
{
    (void)state;
    Net net;
    build(&net, "convnext_tiny", no_settings, DECAY_BY_STAGE);
    assert_true(rate_of(&net, "trunk.stages.3.blocks.0.conv_dw.weight") == 1);
    assert_true(rate_of(&net, "trunk.norm.weight") == 1);
    assert_true(rate_of(&net, "trunk.stages.2.blocks.8.conv_dw.weight") == 0.75);
    assert_float_equal(rate_of(&net, "trunk.stem.conv.weight"), 0.75 * 0.75 * 0.75, 1e-15);
    assert_true(rate_of(&net, "heads.type.linear.weight") == 2);
    arena_destroy(net.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(layers_are_timms),
                                       cmocka_unit_test(stages_are_as_they_were)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
