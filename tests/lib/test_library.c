/* The library as its users see it: facts, checkpoints, arguments, results. */
#include "library.h"

#include <math.h>

/* --- models --- */

static void test_facts(void **state)
{
    (void)state;
    assert_string_equal(umbel_version(), "0.1.0");
    assert_int_equal(umbel_head_count(model), SAVED_HEADS);
    assert_int_equal(umbel_input_side(model), 32);
    assert_int_equal(umbel_feature_count(model), 32);
    for (int h = 0; h < SAVED_HEADS; h++) {
        assert_string_equal(umbel_head_name(model, h), saved_heads[h].name);
        assert_int_equal(umbel_class_count(model, h), saved_heads[h].classes);
        for (int k = 0; k < saved_heads[h].classes; k++)
            assert_string_equal(umbel_class_name(model, h, k), saved_heads[h].class_name[k]);
        assert_int_equal(umbel_find_head(model, saved_heads[h].name), h);
        assert_null(umbel_class_name(model, h, saved_heads[h].classes));
        assert_null(umbel_class_name(model, h, -1));
    }
    assert_int_equal(umbel_find_head(model, "colour"), -1);
    assert_null(umbel_head_name(model, SAVED_HEADS));
    assert_null(umbel_head_name(model, -1));
    assert_int_equal(umbel_class_count(model, SAVED_HEADS), 0);
    assert_null(umbel_class_name(model, -1, 0));
    umbel_free(NULL);
    umbel_context_free(NULL);
}

static void check_refused(const char *path, UmbelErrorKind kind, const char *text)
{
    UmbelError error = {0};
    assert_null(umbel_load(path, &error));
    assert_null(umbel_load(path, NULL));
    assert_int_equal(error.kind, kind);
    if (!strstr(error.text, text) || (path && !strstr(error.text, path)))
        fail_msg("expected \"%s\" and the path in: %s", text, error.text);
}

/* The checkpoint with one byte changed, or cut off, at `at`. */
static const char *damage(const char *name, size_t at, bool cut)
{
    uint8_t *data;
    size_t bytes;
    Error err = {0};
    file_read(in_folder("model.h5"), &data, &bytes, &err);
    check_no_error(&err);
    if (at > bytes) at = bytes / 2;
    data[at] ^= 0x40;
    put_file(name, data, cut ? at : bytes);
    free(data);
    return in_folder(name);
}

static void test_bad_checkpoints(void **state)
{
    (void)state;
    check_refused(NULL, UMBEL_ERROR_ARGUMENT, "no path");
    check_refused(in_folder("absent.h5"), UMBEL_ERROR_SYSTEM, "No such file");
    check_refused(folder, UMBEL_ERROR_DATA, "is a folder");
    put_file("text", "lane: 4\n", 8);
    check_refused(in_folder("text"), UMBEL_ERROR_DATA, "no HDF5 file");
    put_file("empty", "", 0);
    check_refused(in_folder("empty"), UMBEL_ERROR_DATA, "is empty");
    check_refused(damage("changed", SIZE_MAX, false), UMBEL_ERROR_DATA, "damaged");
    check_refused(damage("cut", SIZE_MAX, true), UMBEL_ERROR_DATA, "truncated");
    check_refused(hollow("hollow"), UMBEL_ERROR_DATA, "has no attribute step");
}

static void test_inconsistent_checkpoints(void **state)
{
    (void)state;
    char path[256]; /* in_folder's own does not last that long */
    snprintf(path, sizeof path, "%s/mixed.h5", folder);
    save_mixed(path, resnet_config, 3);
    check_refused(path, UMBEL_ERROR_DATA, "is missing");
    save_mixed(path, convnext_config, 2);
    check_refused(path, UMBEL_ERROR_DATA, "has shape");
    save_mixed(path, convnext_config, 0);
    check_refused(path, UMBEL_ERROR_DATA, "cannot have 0 classes");
    save_mixed(path, "image: 32\ntrunk: {kind: convnext_atto}\n", 3);
    check_refused(path, UMBEL_ERROR_DATA, "pack: must be given");
    save_mixed(path, "pack: a\nimage: 8\ntrunk: {kind: convnext_atto}\nbatch: 1\nlane: 1\n", 3);
    check_refused(path, UMBEL_ERROR_DATA, "");
    save_mixed(path, "{", 3);
    check_refused(path, UMBEL_ERROR_DATA, "");
}

/* --- calls --- */

static void check_argument(const UmbelError *error, const char *text)
{
    assert_int_equal(error->kind, UMBEL_ERROR_ARGUMENT);
    assert_non_null(strstr(error->text, text));
}

static void test_arguments(void **state)
{
    (void)state;
    UmbelError error;
    assert_null(umbel_context_create(model, 0, &error));
    check_argument(&error, "a batch of 0 images");
    assert_null(umbel_context_create(model, UMBEL_BATCH_MAX + 1, &error));
    check_argument(&error, "1 to 65536");
    assert_null(umbel_context_create(model, -1, NULL));

    UmbelContext *context = context_for(model, 3);
    assert_null(umbel_features(context, 0)); /* nothing yet */
    classify(context, image, 3);
    assert_non_null(umbel_features(context, 2));
    assert_int_equal(umbel_classify(context, image, 4, &error), -1);
    check_argument(&error, "4 images: the context was made for 1 to 3");
    assert_null(umbel_features(context, 0)); /* none of an earlier call either */
    assert_int_equal(umbel_classify(context, image, 0, NULL), -1);
    assert_int_equal(umbel_classify(context, NULL, 1, &error), -1);
    check_argument(&error, "no images");
    classify(context, image, 2);
    for (int index = -1; index < 4; index++)
        for (int head = -1; head < 4; head++) {
            bool exists = index >= 0 && index < 2 && head >= 0 && head < SAVED_HEADS;
            assert_int_equal(umbel_logits(context, index, head) != NULL, exists);
            assert_int_equal(umbel_probabilities(context, index, head) != NULL, exists);
            assert_int_equal(umbel_best_class(context, index, head) >= 0, exists);
        }
    umbel_context_free(context);
}

static void test_results(void **state)
{
    (void)state;
    UmbelContext *context = context_for(model, BATCH);
    classify(context, image, BATCH);
    bool differ = false;
    for (int i = 0; i < BATCH; i++)
        for (int h = 0; h < SAVED_HEADS; h++) {
            const float *probability = umbel_probabilities(context, i, h);
            const float *logits = umbel_logits(context, i, h);
            int best = umbel_best_class(context, i, h);
            double sum = 0;
            for (int k = 0; k < umbel_class_count(model, h); k++) {
                sum += (double)probability[k];
                assert_true(probability[k] <= probability[best]);
                assert_true(fabs(exp((double)logits[k] - (double)logits[best]) -
                                 (double)(probability[k] / probability[best])) < 1e-5);
            }
            assert_true(fabs(sum - 1) < 1e-5);
            differ |= fabsf(logits[0] - umbel_logits(context, 0, h)[0]) > 1e-3F;
        }
    assert_true(differ);
    umbel_context_free(context);
}

/* Results depend on the lane's company in the last bits only, and on a context's size not at all. */
static void test_company(void **state)
{
    (void)state;
    UmbelContext *many = context_for(model, 1000), *few = context_for(model, BATCH),
                 *one = context_for(model, 1);
    classify(many, image, BATCH);
    classify(few, image, BATCH);
    for (int i = 0; i < BATCH; i++) {
        check_same(many, i, few, i);
        classify(one, &image[i], 1);
        for (int h = 0; h < SAVED_HEADS; h++)
            for (int k = 0; k < umbel_class_count(model, h); k++)
                assert_true(fabsf(umbel_probabilities(one, 0, h)[k] -
                                  umbel_probabilities(many, i, h)[k]) < 1e-5F);
    }
    umbel_context_free(one);
    umbel_context_free(few);
    umbel_context_free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_bad_checkpoints),
        cmocka_unit_test(test_inconsistent_checkpoints),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_company),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
