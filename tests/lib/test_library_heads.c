/* The library with heads of every kind: what it tells of them, and predictions by the formulas of docs/heads.md. */
#include "data/folder.h"
#include "umbel.h"

#include "models/model.h"
#include "train/checkpoint.h"
#include "train/config.h"
#include "train/restore.h"

#include <math.h>

enum { TYPE, TAGS, GRADE, SIZE, AZIMUTH, ALL };

static const char text[] =
    "pack: a.h5\nimage: 32\nbatch: 8\nlane: 4\nseed: 3\ntrunk: {kind: resnet20, width: 8}\n"
    "heads: [{name: type, flips: \"a<->c\"}, {name: tags, kind: sigmoid, hidden: [7]}, {name: "
    "grade, "
    "kind: ordinal, pool: attention, flips: never}, {name: size, kind: regression, flips: 90 - x}, "
    "{name: azimuth, kind: circular, period: 180, flips: -30 - x}]\n";
static const char *const names[] = {"a", "b", "c", "d"};
static const double weights[] = {1, 2, 3, 4};
#define TEMPERATURE 2.5
static const CheckpointHead heads[ALL] = {
    {.name = "type", .classes = 3, .class_name = names, .facts = {.class_weight = weights}},
    {.name = "tags", .classes = 4, .class_name = names, .facts = {.temperature = TEMPERATURE}},
    {.name = "grade", .classes = 4, .class_name = names, .facts = {.temperature = TEMPERATURE}},
    {.name = "size", .facts = {.mean = 40, .deviation = 3}},
    {.name = "azimuth"},
};

/* A network with large heads, so that predictions differ from image to image. */
static void save_heads(const char *path)
{
    Arena *arena = arena_create("saved");
    Config config;
    Model model;
    Error err = {0};
    config_parse(&config, arena, text, "test", &err);
    check_no_error(&err);
    ModelSpec spec = restore_spec(&config, heads, ALL, arena);
    model_build(&model, &spec, arena, &err);
    check_no_error(&err);
    ParamStore *params = model.graph->params, *state = model.graph->state;
    param_layout(params, 3);
    param_layout(state, 3);
    for (int i = 0; i < params->count; i++)
        for (size_t j = 0; params->list[i]->head >= 0 && j < params->list[i]->count; j++)
            params->value[params->list[i]->offset + j] *= 40;
    double best[ALL + 1] = {0};
    Checkpoint checkpoint = {.config = text,
                             .head = (CheckpointHead *)heads,
                             .heads = ALL,
                             .best = best,
                             .provenance = "umbel: test"};
    checkpoint_add_store(&checkpoint, "param", params, params->value, arena);
    checkpoint_add_store(&checkpoint, "state", state, state->value, arena);
    checkpoint_save(&checkpoint, path, &err);
    check_no_error(&err);
    arena_destroy(arena);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static void test_facts(const UmbelModel *model)
{
    static const UmbelHeadKind kind[ALL] = {UMBEL_HEAD_CLASS, UMBEL_HEAD_MULTI, UMBEL_HEAD_ORDINAL,
                                            UMBEL_HEAD_VALUE, UMBEL_HEAD_ANGLE};
    static const int outputs[ALL] = {3, 4, 3, 1, 2}, classes[ALL] = {3, 4, 4, 0, 0};
    for (int h = 0; h < ALL; h++) {
        assert_int_equal(umbel_head_kind(model, h), kind[h]);
        assert_int_equal(umbel_output_count(model, h), outputs[h]);
        assert_int_equal(umbel_class_count(model, h), classes[h]);
    }
    assert_int_equal(umbel_head_kind(model, ALL), UMBEL_HEAD_NONE);
    assert_int_equal(umbel_output_count(model, -1), 0);
    assert_null(umbel_class_name(model, SIZE, 0));
    assert_true(umbel_temperature(model, TAGS) == TEMPERATURE);
    assert_true(umbel_temperature(model, TYPE) == 1 && umbel_temperature(model, ALL) == 1);
    assert_int_equal(umbel_lane(model), 4);
}

static void test_image(const UmbelContext *context, int i)
{
    const float *z = umbel_logits(context, i, TAGS), *p = umbel_probabilities(context, i, TAGS);
    for (int k = 0; k < 4; k++)
        assert_true(fabs((double)p[k] - sigmoid((double)z[k] / TEMPERATURE)) < 1e-6);

    z = umbel_logits(context, i, GRADE), p = umbel_probabilities(context, i, GRADE);
    double beyond = 1, sum = 0;
    int rank = 0;
    for (int k = 0; k < 4; k++) {
        double next = k < 3 ? beyond * sigmoid((double)z[k] / TEMPERATURE) : 0;
        assert_true(fabs((double)p[k] - (beyond - next)) < 1e-6);
        rank += next > 0.5;
        sum += (double)p[k];
        beyond = next;
    }
    assert_true(fabs(sum - 1) < 1e-6);
    assert_int_equal(umbel_best_class(context, i, GRADE), rank);

    z = umbel_logits(context, i, SIZE);
    assert_true(fabs(umbel_value(context, i, SIZE) - (40 + 3 * (double)*z)) < 1e-4);
    z = umbel_logits(context, i, AZIMUTH);
    double angle = atan2((double)z[0], (double)z[1]) * 180 / 6.283185307179586;
    assert_true(fabs(umbel_value(context, i, AZIMUTH) - (angle < 0 ? angle + 180 : angle)) < 1e-4);

    assert_null(umbel_probabilities(context, i, SIZE));
    assert_int_equal(umbel_best_class(context, i, AZIMUTH), -1);
    assert_true(isnan(umbel_value(context, i, TYPE)) && isnan(umbel_value(context, i, ALL)));
}

/* An image and its mirror image, one after the other, and the means that umbel_set_flip takes. */
static void test_flip(const UmbelModel *model, const UmbelContext *context,
                      const UmbelImage *images)
{
    static const int turned[] = {2, 1, 0};
    UmbelError error;
    UmbelContext *both = umbel_context_create(model, 1, &error);
    assert_int_equal(umbel_set_flip(both, 1, &error), 1);
    assert_int_equal(umbel_classify(both, images, 1, &error), 1);
    for (int h = TYPE; h <= GRADE; h++) {
        const float *a = umbel_probabilities(context, 0, h),
                    *b = umbel_probabilities(context, 1, h),
                    *mean = umbel_probabilities(both, 0, h);
        int best = 0;
        for (int k = 0; k < umbel_class_count(model, h); k++) {
            double other = (double)(h == GRADE ? a[k] : h == TYPE ? b[turned[k]] : b[k]);
            assert_true(fabs((double)mean[k] - ((double)a[k] + other) / 2) < 1e-5);
            if (mean[k] > mean[best]) best = k;
        }
        if (h == TYPE) assert_int_equal(umbel_best_class(both, 0, h), best);
    }
    double a = umbel_value(context, 0, AZIMUTH), b = -30 - umbel_value(context, 1, AZIMUTH);
    double way = remainder(b - a, 180), mean = umbel_value(both, 0, AZIMUTH);
    assert_true(fabs(remainder(mean - a - way / 2, 180)) < 1e-2 && mean >= 0 && mean < 180);
    assert_true(fabs(umbel_value(both, 0, SIZE) -
                     (umbel_value(context, 0, SIZE) + 90 - umbel_value(context, 1, SIZE)) / 2) <
                1e-3);
    assert_true(
        fabs((double)(umbel_features(both, 0)[1] -
                      (umbel_features(context, 0)[1] + umbel_features(context, 1)[1]) / 2)) < 1e-5);
    umbel_set_flip(both, 0, &error);
    assert_null(umbel_probabilities(both, 0, TYPE));
    assert_int_equal(umbel_classify(both, images, 1, &error), 1);
    assert_true(fabs(umbel_value(both, 0, SIZE) - umbel_value(context, 0, SIZE)) < 1e-3);
    umbel_context_free(both);
}

static void test_heads(void **state)
{
    (void)state;
    UmbelError error;
    uint8_t pixels[2][32 * 32 * 3];
    save_heads(in_folder("heads.h5"));
    UmbelModel *model = umbel_load(in_folder("heads.h5"), &error);
    if (!model) fail_msg("%s", error.text);
    test_facts(model);
    for (int i = 0; i < 32 * 32 * 3; i++) {
        pixels[0][i] = (uint8_t)(i * 7);
        pixels[1][i] = (uint8_t)(i * i >> 5);
    }
    UmbelContext *context = umbel_context_create(model, 2, &error);
    UmbelImage images[2] = {umbel_rgb(pixels[0], 32, 32, 0), umbel_rgb(pixels[1], 32, 32, 0)};
    assert_int_equal(umbel_classify(context, images, 2, &error), 2);
    for (int i = 0; i < 2; i++) test_image(context, i);
    assert_true(fabs(umbel_value(context, 0, SIZE) - umbel_value(context, 1, SIZE)) > 0.01);
    for (int i = 0; i < 32 * 32; i++)
        for (int c = 0; c < 3; c++)
            pixels[1][3 * i + c] = pixels[0][3 * (i / 32 * 32 + 31 - i % 32) + c];
    assert_int_equal(umbel_classify(context, images, 2, &error), 2);
    test_flip(model, context, images);
    umbel_context_free(context);
    umbel_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_heads)};
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
