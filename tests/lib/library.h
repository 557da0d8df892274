/* What the tests of the library share: a loaded model, ten images, and how results are compared. */
#pragma once

#include "data/folder.h"
#include "data/pictures.h"
#include "saved.h"

#include "io/h5.h"
#include "io/seal.h"
#include "umbel.h"

enum { BATCH = 10 };

static UmbelModel *model; /* lanes of 4 */
static Bytes file[BATCH]; /* JPEG and PNG in turn */
static UmbelImage image[BATCH];

static inline int set_up(void **state)
{
    UmbelError error;
    JpegKind kind = {"test", JCS_YCbCr, 2, 2, 0, 0};
    if (folder_make(state)) return -1;
    save_network(in_folder("model.h5"), convnext_config);
    model = umbel_load(in_folder("model.h5"), &error);
    for (int i = 0; i < BATCH; i++) {
        Image picture = paint(40 + 25 * (i % 4), 36 + 11 * (i % 3), (uint32_t)(i + 1));
        file[i] = i % 2 ? make_rgb_png(&picture) : make_jpeg(&picture, &kind, 90);
        image[i] = umbel_file(file[i].data, file[i].bytes);
        image_free(&picture);
    }
    return model ? 0 : -1;
}

static inline int tear_down(void **state)
{
    umbel_free(model);
    for (int i = 0; i < BATCH; i++) free(file[i].data);
    return folder_remove(state);
}

static inline UmbelContext *context_for(const UmbelModel *of, int batch)
{
    UmbelError error;
    UmbelContext *context = umbel_context_create(of, batch, &error);
    if (!context) fail_msg("%s", error.text);
    assert_int_equal(error.kind, UMBEL_ERROR_NONE);
    return context;
}

static inline void classify(UmbelContext *context, const UmbelImage *images, int count)
{
    UmbelError error;
    assert_int_equal(umbel_classify(context, images, count, &error), count);
    assert_int_equal(error.kind, UMBEL_ERROR_NONE);
}

/* What all heads say of one image: logits and probabilities of 3 and of 7 classes. */
enum { RESULTS = 20 };
static inline void collect(const UmbelContext *context, int index, float results[RESULTS])
{
    memcpy(results, umbel_logits(context, index, 0), 3 * sizeof(float));
    memcpy(results + 3, umbel_probabilities(context, index, 0), 3 * sizeof(float));
    memcpy(results + 6, umbel_logits(context, index, 1), 7 * sizeof(float));
    memcpy(results + 13, umbel_probabilities(context, index, 1), 7 * sizeof(float));
}

static inline void check_same(const UmbelContext *a, int image_a, const UmbelContext *b,
                              int image_b)
{
    float x[RESULTS], y[RESULTS];
    collect(a, image_a, x);
    collect(b, image_b, y);
    assert_memory_equal(x, y, sizeof x);
    assert_memory_equal(umbel_features(a, image_a), umbel_features(b, image_b),
                        sizeof(float) * (size_t)umbel_feature_count(model));
}

/* --- what is wrong --- */

static const uint8_t junk[] = "GIF89a, or something else";

/* A whole file with nothing in it: what HDF5 is asked for is missing. */
static inline const char *hollow(const char *name)
{
    Error err = {0};
    Seal seal = {.kind = SEAL_CHECKPOINT, .version = CHECKPOINT_VERSION};
    H5 *h5 = h5_create(in_folder(name), &err);
    h5_write_attribute_text(h5, "/", "format", "umbel checkpoint", &err);
    h5_close(h5, &err);
    seal_write(in_folder(name), &seal, &err);
    check_no_error(&err);
    return in_folder(name);
}

/* A whole file whose parts need not go together. */
static inline void save_mixed(const char *path, const char *config, int classes)
{
    Arena *arena = arena_create("test");
    Checkpoint checkpoint;
    Error err = {0};
    checkpoint_load(&checkpoint, in_folder("model.h5"), arena, &err);
    checkpoint.config = config;
    checkpoint.head[0].classes = classes;
    checkpoint_save(&checkpoint, path, &err);
    check_no_error(&err);
    arena_destroy(arena);
}
