/* The trunks as descriptions: parameter counts against the published ones, and mistakes in options. */
#include "net.h"

typedef struct Known {
    const char *kind;
    size_t whole; /* as published, with one linear head */
    int classes, features;
    const char *width; /* or NULL */
} Known;

/* torchvision's and timm's counts, Keras's trainable ones of MobileNet, and the paper's networks for CIFAR in
 * the form of which weights are published. */
static const Known known[] = {
    {"convnext_atto", 3695520, 1000, 320, NULL},
    {"convnext_femto", 5217784, 1000, 384, NULL},
    {"convnext_pico", 9045672, 1000, 512, NULL},
    {"convnext_nano", 15593560, 1000, 640, NULL},
    {"convnext_tiny", 28589128, 1000, 768, NULL},
    {"convnext_small", 50223688, 1000, 768, NULL},
    {"convnext_base", 88591464, 1000, 1024, NULL},
    {"convnext_large", 197767336, 1000, 1536, NULL},
    {"convnextv2_atto", 3708400, 1000, 320, NULL},
    {"convnextv2_femto", 5233240, 1000, 384, NULL},
    {"convnextv2_pico", 9066280, 1000, 512, NULL},
    {"convnextv2_nano", 15623800, 1000, 640, NULL},
    {"convnextv2_tiny", 28635496, 1000, 768, NULL},
    {"convnextv2_base", 88717800, 1000, 1024, NULL},
    {"convnextv2_large", 197956840, 1000, 1536, NULL},
    {"resnet8", 75290, 10, 64, NULL},
    {"resnet14", 172506, 10, 64, NULL},
    {"resnet20", 269722, 10, 64, NULL},
    {"resnet32", 464154, 10, 64, NULL},
    {"resnet44", 658586, 10, 64, NULL},
    {"resnet56", 853018, 10, 64, NULL},
    {"resnet110", 1727962, 10, 64, NULL},
    {"resnet18", 11689512, 1000, 512, NULL},
    {"resnet34", 21797672, 1000, 512, NULL},
    {"resnet50", 25557032, 1000, 2048, NULL},
    {"resnet101", 44549160, 1000, 2048, NULL},
    {"resnet152", 60192808, 1000, 2048, NULL},
    {"wide_resnet50_2", 68883240, 1000, 2048, NULL},
    {"wide_resnet101_2", 126886696, 1000, 2048, NULL},
    {"resnext50_32x4d", 25028904, 1000, 2048, NULL},
    {"resnext101_32x8d", 88791336, 1000, 2048, NULL},
    {"resnet18d", 11708744, 1000, 512, NULL},
    {"resnet34d", 21816904, 1000, 512, NULL},
    {"resnet50d", 25576264, 1000, 2048, NULL},
    {"resnet101d", 44568392, 1000, 2048, NULL},
    {"vit_tiny_patch16", 5717416, 1000, 192, NULL},
    {"vit_small_patch16", 22050664, 1000, 384, NULL},
    {"vit_base_patch16", 86567656, 1000, 768, NULL},
    {"vit_large_patch16", 304326632, 1000, 1024, NULL},
    {"vit_small_patch32", 22878952, 1000, 384, NULL},
    {"vit_base_patch32", 88224232, 1000, 768, NULL},
    {"vit_large_patch32", 306535400, 1000, 1024, NULL},
    {"mobilenet_v1", 4231976, 1000, 1024, "1"},
    {"mobilenet_v1", 2585560, 1000, 768, "0.75"},
    {"mobilenet_v1", 1331592, 1000, 512, "0.5"},
    {"mobilenet_v1", 470072, 1000, 256, "0.25"},
};

static size_t count_parameters(const ParamStore *store)
{
    size_t count = 0;
    for (int p = 0; p < store->count; p++) count += store->list[p]->count;
    return count;
}

/* At 224 pixels: a transformer has a parameter for each place. */
static void check_count(const Known *net_known)
{
    const char *const width[] = {"width", net_known->width, NULL};
    Error err = {0};
    Net net;
    if (!net_build(&net, net_known->kind, net_known->width ? width : no_settings, 224, 2, 0, &err))
        fail_msg("%s", err.text);
    size_t head = (size_t)net_known->classes * (size_t)(net_known->features + 1);
    size_t count = count_parameters(net.model.graph->params) + head;
    if (count != net_known->whole)
        fail_msg("%s: %zu parameters, published %zu", net_known->kind, count, net_known->whole);
    assert_int_equal(net.model.features->shape.dim[1], net_known->features);
    arena_destroy(net.arena);
}

static void test_parameter_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) check_count(&known[i]);
}

static void check_builds(const char *kind)
{
    Error err = {0};
    Net net;
    if (!net_build(&net, kind, no_settings, 64, 2, CLASSES, &err))
        fail_msg("%s: %s", kind, err.text);
    assert_int_equal(net.model.features->shape.rank, 2);
    arena_destroy(net.arena);
}

/* Each name belongs to one network. */
static void test_every_kind_builds(void **state)
{
    (void)state;
    int index;
    const char *const *kinds = trunk_kinds();
    for (int k = 0; kinds[k]; k++) {
        for (int other = 0; other < k; other++) assert_string_not_equal(kinds[other], kinds[k]);
        assert_string_equal(trunk_find(kinds[k], &index)->kinds[index], kinds[k]);
        check_builds(kinds[k]);
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_non_null(trunk_find(known[i].kind, &index));
    assert_null(trunk_find("convnext_titanic", &index));
}

static void check_mistake(const char *const *settings, int image, const char *text)
{
    Error err = {0};
    Net net;
    assert_false(net_build(&net, "convnext_atto", settings, image, 2, CLASSES, &err));
    assert_int_equal(err.kind, ERROR_USAGE);
    assert_string_equal(err.text, text);
    arena_destroy(net.arena);
}

static void test_mistakes(void **state)
{
    (void)state;
    check_mistake((const char *const[]){"depths", "[2, 2]", "dims", "[8, 8, 8, 8, 8]", NULL}, 64,
                  "trunk.depths: must have 4 entries, one per stage, not 2\n"
                  "trunk.dims: must have 4 entries, one per stage, not 5");
    check_mistake((const char *const[]){"patch", "4", NULL}, 16,
                  "trunk.stages.3.downsample.conv: its input is 1 x 1 pixels, its kernel 2 x 2; "
                  "use a larger `image` or a smaller `trunk.patch`");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameter_counts),
        cmocka_unit_test(test_every_kind_builds),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests_name("trunk sizes", tests, NULL, NULL);
}
