/* The library finds, image by image and bit by bit, what evaluation finds on a pack. */
#include "data/folder.h"
#include "data/pictures.h"
#include "saved.h"

#include "data/pack_write.h"
#include "train/evaluate.h"
#include "train/saved_model.h"
#include "umbel.h"

#include <math.h>

enum { IMAGES = 22 }; /* five lanes of four, and a short one */

static Comm *comm;

static Bytes draw(int index)
{
    int width = 30 + 17 * (index % 5), height = 40 + 9 * (index % 4);
    Image image = paint(width, height, (uint32_t)(index + 1));
    JpegKind kind = {"test", JCS_YCbCr, 2, 2, 0, 0};
    Bytes file = index % 3 == 2 ? make_rgb_png(&image) : make_jpeg(&image, &kind, 90);
    image_free(&image);
    return file;
}

static void make_pack(void)
{
    FILE *manifest = fopen(in_folder("manifest.csv"), "w");
    fprintf(manifest, "path,type,part,split\n");
    for (int i = 0; i < IMAGES; i++) {
        char name[32];
        Bytes file = draw(i);
        snprintf(name, sizeof name, "%02d.img", i);
        put_file(name, file.data, file.bytes);
        free(file.data);
        fprintf(manifest, "%s,%s,%s,%s\n", name, type_names[i % 3], part_names[i % 7], "test");
    }
    fclose(manifest);
    Listing listing;
    Error err = {0};
    manifest_read(&listing, in_folder("manifest.csv"), NULL, NULL, &err);
    check_no_error(&err);
    pack_write(&listing,
               &(PackOptions){.root = folder, .out = in_folder("test.h5"), .allow_unseen = true},
               comm, &err);
    check_no_error(&err);
    listing_free(&listing);
}

/* All images of the pack through the library, in one call. */
static UmbelContext *classify_pack(const UmbelModel *model, const Pack *pack)
{
    UmbelImage images[IMAGES];
    Error err = {0};
    UmbelContext *context = umbel_context_create(model, IMAGES, NULL);
    for (size_t i = 0; i < IMAGES; i++) {
        uint8_t *data = malloc(pack_image_bytes(pack, i));
        pack_read(pack, i, data, &err);
        images[i] = umbel_file(data, pack_image_bytes(pack, i));
    }
    check_no_error(&err);
    assert_int_equal(umbel_classify(context, images, IMAGES, NULL), IMAGES);
    for (int i = 0; i < IMAGES; i++) free((void *)images[i].data);
    return context;
}

static void check_same(const float *found, const float *expected, int count, int image)
{
    if (memcmp(found, expected, sizeof(float) * (size_t)count) != 0)
        fail_msg("image %d: %g and %g", image, (double)found[0], (double)expected[0]);
}

/* Lanes as evaluate() computes them. */
static void compare_lanes(Engine *engine, const UmbelModel *model, const UmbelContext *context)
{
    LaneWorker *worker = &engine->worker[0];
    for (int begin = 0; begin < IMAGES; begin += engine->lane) {
        int count = IMAGES - begin < engine->lane ? IMAGES - begin : engine->lane;
        for (int n = 0; n < count; n++) worker->record[n] = (uint32_t)(begin + n);
        assert_int_equal(engine_load(engine, worker, count, false, 0), 0);
        graph_forward(&worker->run);
        int D = umbel_feature_count(model);
        const float *features = run_value(&worker->run, engine->model.features);
        for (int n = 0; n < count; n++)
            check_same(umbel_features(context, begin + n), features + n * D, D, begin + n);
        for (int h = 0; h < SAVED_HEADS; h++) {
            int K = umbel_class_count(model, h);
            const float *logits = run_value(&worker->run, engine->model.head[h].logits);
            const float *probability = run_value(&worker->run, engine->model.head[h].prediction);
            for (int n = 0; n < count; n++) {
                check_same(umbel_logits(context, begin + n, h), logits + n * K, K, begin + n);
                check_same(umbel_probabilities(context, begin + n, h), probability + n * K, K,
                           begin + n);
            }
        }
    }
}

static void compare_counts(SavedModel *saved, const UmbelModel *model, const UmbelContext *context,
                           Arena *arena)
{
    const Score *score = evaluate(evaluator_create(&saved->engine, arena), SPLIT_TEST, NULL);
    for (int h = 0; h < SAVED_HEADS; h++) {
        int group = pack_find_group(saved->pack, umbel_head_name(model, h)), correct = 0;
        const LabelGroup *labels = pack_group(saved->pack, group);
        for (int i = 0; i < IMAGES; i++)
            correct += strcmp(umbel_class_name(model, h, umbel_best_class(context, i, h)),
                              labels->class_name[labels->label[i]]) == 0;
        assert_int_equal(score_head(score, h).labelled, IMAGES);
        assert_int_equal(score_head(score, h).correct, correct);
    }
}

static void compare(const char *config)
{
    Arena *arena = arena_create("test");
    Error err = {0};
    UmbelError error;
    save_network(in_folder("model.h5"), config);
    SavedModel saved;
    saved_model_open(&saved, in_folder("model.h5"), in_folder("test.h5"), 2, comm, arena, &err);
    check_no_error(&err);
    UmbelModel *model = umbel_load(in_folder("model.h5"), &error);
    if (!model) fail_msg("%s", error.text);
    UmbelContext *context = classify_pack(model, saved.pack);
    compare_lanes(&saved.engine, model, context);
    compare_counts(&saved, model, context, arena);
    /* two images that are not alike must not look alike */
    assert_true(fabsf(umbel_logits(context, 0, 1)[0] - umbel_logits(context, 1, 1)[0]) > 1e-4F);
    umbel_context_free(context);
    umbel_free(model);
    saved_model_close(&saved);
    arena_destroy(arena);
}

static void test_convnext(void **state)
{
    (void)state;
    compare(convnext_config);
}

static void test_resnet(void **state)
{
    (void)state;
    compare(resnet_config);
}

int main(int argc, char **argv)
{
    comm = comm_open(&argc, &argv);
    folder_make(NULL);
    make_pack();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_convnext),
                                       cmocka_unit_test(test_resnet)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    comm_close(comm);
    return folder_remove(NULL) || failed;
}
