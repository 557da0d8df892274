/* Multiply-adds of known networks at 224 pixels with 1,000 classes, as their papers and libraries give them. */
#include "check.h"

#include "models/model.h"
#include "nn/work.h"

typedef struct Built {
    Arena *arena;
    Model model;
} Built;

static Built build(const char *kind, int lane, int freeze)
{
    Built built = {.arena = arena_create("test")};
    int index;
    const TrunkType *trunk = trunk_find(kind, &index);
    assert_non_null(trunk);
    void *options = arena_alloc(built.arena, trunk->options_bytes);
    option_defaults(trunk->options, options);
    HeadSpec head = {"class", 1000};
    ModelTraining training = {.freeze = freeze, .lr_decay = 1, .heads_lr_scale = 1};
    ModelSpec spec = {.trunk = trunk,
                      .kind = index,
                      .trunk_options = options,
                      .head = &head,
                      .heads = 1,
                      .image = 224,
                      .lane = lane,
                      .training = &training};
    Error err = {0};
    if (!model_build(&built.model, &spec, built.arena, &err)) fail_msg("%s", err.text);
    return built;
}

static Work work_of(const char *kind, int lane, int freeze)
{
    Built built = build(kind, lane, freeze);
    Work work = graph_work(built.model.graph);
    arena_destroy(built.arena);
    return work;
}

static void check_forward(const char *kind, double gmacs)
{
    double found = 1e-9 * (double)work_of(kind, 2, 0).forward;
    if (!(found > gmacs - 0.006 && found < gmacs + 0.006))
        fail_msg("%s: %.4f GMAC, published %.4g", kind, found, gmacs);
}

static void test_published(void **state)
{
    (void)state;
    check_forward("convnext_tiny", 4.455); /* timm 4.47 with its norms */
    check_forward("resnet18", 1.814);
    check_forward("resnet50", 4.089);
    check_forward("vit_base_patch16", 17.565); /* with the products of attention; 16.85 without */
}

/* 4.09 GMAC is 1.8e9 and more terms; one of them by hand: the stem of ResNets, 7 x 7 x 3 to 64 at 112 pixels. */
static void test_backward(void **state)
{
    (void)state;
    uint64_t stem = 112 * 112 * 64ULL * 7 * 7 * 3;
    Work work = work_of("resnet18", 2, 0);
    /* Nobody wants the gradient of the images. */
    assert_int_equal(work.backward, 2 * work.forward - stem);
    /* The lane does not matter: the count is that of an image. */
    assert_int_equal(work_of("resnet18", 5, 0).forward, work.forward);
}

static void test_frozen(void **state)
{
    (void)state;
    /* A trunk that is wholly frozen: of backward only the head's weights are left, 512 x 1000. */
    assert_int_equal(work_of("resnet18", 2, 5).backward, 512000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published),
        cmocka_unit_test(test_backward),
        cmocka_unit_test(test_frozen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
