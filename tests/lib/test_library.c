/* The library as its users see it: facts, mistakes, images of all kinds, threads, memory. */
#include "data/folder.h"
#include "data/pictures.h"
#include "saved.h"

#include "io/h5.h"
#include "io/seal.h"
#include "kernels/gemm.h"
#include "umbel.h"

#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_SANITIZED = 1 }; /* these keep freed memory, and map terabytes */
#else
enum { IS_SANITIZED = 0 };
#endif

enum { BATCH = 10 };

static UmbelModel *model; /* lanes of 4 */
static Bytes file[BATCH]; /* JPEG and PNG in turn */
static UmbelImage image[BATCH];

static int set_up(void **state)
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

static int tear_down(void **state)
{
    umbel_free(model);
    for (int i = 0; i < BATCH; i++) free(file[i].data);
    return folder_remove(state);
}

static UmbelContext *context_for(const UmbelModel *of, int batch)
{
    UmbelError error;
    UmbelContext *context = umbel_context_create(of, batch, &error);
    if (!context) fail_msg("%s", error.text);
    assert_int_equal(error.kind, UMBEL_ERROR_NONE);
    return context;
}

static void classify(UmbelContext *context, const UmbelImage *images, int count)
{
    UmbelError error;
    assert_int_equal(umbel_classify(context, images, count, &error), count);
    assert_int_equal(error.kind, UMBEL_ERROR_NONE);
}

/* All results of one image, the heads' one after the other: 2 * (3 + 7) numbers and the features. */
enum { RESULTS = 20 };
static void collect(const UmbelContext *context, int index, float results[RESULTS])
{
    memcpy(results, umbel_logits(context, index, 0), 3 * sizeof(float));
    memcpy(results + 3, umbel_probabilities(context, index, 0), 3 * sizeof(float));
    memcpy(results + 6, umbel_logits(context, index, 1), 7 * sizeof(float));
    memcpy(results + 13, umbel_probabilities(context, index, 1), 7 * sizeof(float));
}

static void check_same(const UmbelContext *a, int image_a, const UmbelContext *b, int image_b)
{
    float x[RESULTS], y[RESULTS];
    collect(a, image_a, x);
    collect(b, image_b, y);
    assert_memory_equal(x, y, sizeof x);
    assert_memory_equal(umbel_features(a, image_a), umbel_features(b, image_b),
                        sizeof(float) * (size_t)umbel_feature_count(model));
}

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

/* A whole file with nothing in it: what HDF5 is asked for is missing. */
static const char *hollow(const char *name)
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

static void bad_checkpoints(void)
{
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

static void test_bad_checkpoints(void **state)
{
    (void)state;
    bad_checkpoints();
}

/* Whole files whose parts do not go together. */
static void save_mixed(const char *path, const char *config, int classes)
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
    check_refused(path, UMBEL_ERROR_DATA, "no classes");
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

/* --- images --- */

static const uint8_t junk[] = "GIF89a, or something else";

static void bad_images(void)
{
    enum { COUNT = 4, GOOD = 2 }; /* in one lane */
    UmbelImage mixed[COUNT] = {image[0], umbel_file(file[1].data, file[1].bytes / 2), image[2],
                               umbel_file(junk, sizeof junk)};
    UmbelImage alone[COUNT] = {image[0], image[1], image[2], image[3]};
    UmbelContext *context = context_for(model, COUNT), *other = context_for(model, COUNT);
    classify(other, alone, COUNT);
    UmbelError error;
    assert_int_equal(umbel_classify(context, mixed, COUNT, &error), GOOD);
    assert_int_equal(error.kind, UMBEL_ERROR_NONE);
    assert_null(umbel_problem(context, 0));
    assert_non_null(strstr(umbel_problem(context, 1), "damaged PNG"));
    assert_non_null(strstr(umbel_problem(context, 3), "GIF"));
    assert_null(umbel_features(context, 1));
    assert_null(umbel_logits(context, 1, 0));
    assert_int_equal(umbel_best_class(context, 3, 0), -1);
    assert_null(umbel_problem(context, COUNT));
    assert_null(umbel_problem(context, -1));
    check_same(context, 0, other, 0); /* neighbours do not notice */
    check_same(context, 2, other, 2);
    classify(context, alone, COUNT); /* and it is forgotten */
    check_same(context, 1, other, 1);
    umbel_context_free(context);
    umbel_context_free(other);
}

static void test_bad_images(void **state)
{
    (void)state;
    bad_images();
}

static void check_problem(UmbelContext *context, UmbelImage wrong, const char *text)
{
    assert_int_equal(umbel_classify(context, &wrong, 1, NULL), 0);
    if (!strstr(umbel_problem(context, 0), text))
        fail_msg("expected \"%s\" in: %s", text, umbel_problem(context, 0));
}

static void test_wrong_sizes(void **state)
{
    (void)state;
    uint8_t pixels[12] = {0};
    UmbelContext *context = context_for(model, 1);
    check_problem(context, umbel_file(NULL, 10), "no data");
    check_problem(context, umbel_file(junk, 0), "");
    check_problem(context, umbel_rgb(NULL, 2, 2, 0), "no data");
    check_problem(context, umbel_rgb(pixels, 0, 2, 0), "is 0 x 2 pixels");
    check_problem(context, umbel_rgb(pixels, 2, -1, 0), "is 2 x -1 pixels");
    check_problem(context, umbel_rgb(pixels, 32769, 1, 0), "32768");
    check_problem(context, umbel_rgb(pixels, 2, 2, 5), "a stride of 5");
    UmbelImage unknown = umbel_rgb(pixels, 2, 2, 0);
    unknown.format = (UmbelFormat)7;
    check_problem(context, unknown, "no known format");
    UmbelImage right = umbel_rgb(pixels, 2, 2, 6);
    classify(context, &right, 1);
    umbel_context_free(context);
}

/* Pixels give the bits of a PNG of them, whatever their stride: one at a time, since a place in a
 * lane shows in the last bits. */
static void check_pixels(UmbelContext *const context[3], int width, int height)
{
    size_t row = 3 * (size_t)width, stride = row + 5;
    Image picture = paint(width, height, 9);
    Bytes png = make_rgb_png(&picture);
    uint8_t *tight = malloc(row * (size_t)height), *wide = malloc(stride * (size_t)height);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const uint8_t *pixel = picture.pixels + 4 * (y * width + x);
            memcpy(tight + (size_t)y * row + 3 * (size_t)x, pixel, 3);
            memcpy(wide + (size_t)y * stride + 3 * (size_t)x, pixel, 3);
        }
    UmbelImage same[3] = {umbel_file(png.data, png.bytes), umbel_rgb(tight, width, height, 0),
                          umbel_rgb(wide, width, height, stride)};
    for (int i = 0; i < 3; i++) classify(context[i], &same[i], 1);
    check_same(context[0], 0, context[1], 0);
    check_same(context[0], 0, context[2], 0);
    free(tight);
    free(wide);
    free(png.data);
    image_free(&picture);
}

static void test_pixels(void **state)
{
    (void)state;
    static const int sizes[][2] = {{32, 32}, {20, 50}, {301, 207}, {1, 1}};
    UmbelContext *context[3];
    for (int i = 0; i < 3; i++) context[i] = context_for(model, 1);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        check_pixels(context, sizes[s][0], sizes[s][1]);
    for (int i = 0; i < 3; i++) umbel_context_free(context[i]);
}

/* --- threads --- */

enum { THREADS = 4, ROUNDS = 12 };

typedef struct Job {
    const UmbelContext *expected;
    const char *path;
    bool loads; /* a model of its own instead of the shared one */
    int wrong;
} Job;

static void *work(void *argument)
{
    Job *job = argument;
    UmbelModel *own = job->loads ? umbel_load(job->path, NULL) : NULL;
    UmbelContext *context = umbel_context_create(own ? own : model, BATCH, NULL);
    float found[RESULTS], expected[RESULTS];
    for (int round = 0; round < ROUNDS; round++) {
        if (umbel_classify(context, image, BATCH, NULL) != BATCH) job->wrong++;
        for (int i = 0; i < BATCH; i++) {
            collect(context, i, found);
            collect(job->expected, i, expected);
            job->wrong += memcmp(found, expected, sizeof found) != 0;
        }
    }
    umbel_context_free(context);
    umbel_free(own);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    UmbelContext *expected = context_for(model, BATCH);
    classify(expected, image, BATCH);
    const char *path = in_folder("model.h5");
    pthread_t thread[THREADS];
    Job job[THREADS];
    for (int t = 0; t < THREADS; t++) {
        job[t] = (Job){expected, path, t % 2 == 1, 0};
        assert_int_equal(pthread_create(&thread[t], NULL, work, &job[t]), 0);
    }
    for (int t = 0; t < THREADS; t++) {
        pthread_join(thread[t], NULL);
        assert_int_equal(job[t].wrong, 0);
    }
    umbel_context_free(expected);
}

/* --- a host with an OpenBLAS of its own --- */

extern void openblas_set_num_threads(int threads);
extern int openblas_get_num_threads(void), openblas_get_parallel(void);

static int host_threads(void)
{
    enum { OPENMP = 2 };
    int (*omp)(void) = NULL;
    if (openblas_get_parallel() == OPENMP)
        *(void **)&omp = dlsym(RTLD_DEFAULT, "omp_get_max_threads");
    return omp ? omp() : openblas_get_num_threads();
}

static void test_host_blas(void **state)
{
    (void)state;
    UmbelContext *before = context_for(model, BATCH), *after = context_for(model, BATCH);
    openblas_set_num_threads(1);
    classify(before, image, BATCH);
    openblas_set_num_threads(2);
    classify(after, image, BATCH);
    assert_int_equal(host_threads(), 2);
    for (int i = 0; i < BATCH; i++) check_same(before, i, after, i);
    int outer = gemm_enter(), inner = gemm_enter();
    assert_int_equal(host_threads(), 1);
    gemm_leave(inner);
    assert_int_equal(host_threads(), 1);
    gemm_leave(outer);
    assert_int_equal(host_threads(), 2);
    openblas_set_num_threads(1);
    umbel_context_free(before);
    umbel_context_free(after);
}

/* --- memory --- */

/* VmRSS in KiB. */
static long resident(void)
{
    char line[256];
    long kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, status)) sscanf(line, "VmRSS: %ld", &kib);
    fclose(status);
    return kib;
}

static void test_thousand_images(void **state)
{
    (void)state;
    UmbelImage images[BATCH];
    memcpy(images, image, sizeof images);
    images[3] = umbel_file(file[3].data, file[3].bytes / 2); /* bad ones must not leak either */
    UmbelContext *context = context_for(model, BATCH);
    for (int i = 0; i < 10; i++) umbel_classify(context, images, BATCH, NULL);
    long before = resident();
    for (int i = 0; i < 1000; i += BATCH)
        assert_int_equal(umbel_classify(context, images, BATCH, NULL), BATCH - 1);
    long grown = resident() - before;
    print_message("%ld KiB more after 1,000 images\n", grown);
    if (!IS_SANITIZED) assert_true(grown < 256);
    umbel_context_free(context);
}

static void test_models_come_and_go(void **state)
{
    (void)state;
    long before = 0;
    for (int i = 0; i < 60; i++) {
        UmbelModel *passing = umbel_load(in_folder("model.h5"), NULL);
        UmbelContext *context = context_for(passing, 4);
        classify(context, image, 4);
        umbel_context_free(context);
        umbel_free(passing);
        if (i == 19) before = resident();
    }
    long grown = resident() - before;
    print_message("%ld KiB more after 40 models\n", grown);
    if (!IS_SANITIZED) assert_true(grown < 1024);
}

/* What does not fit is an error, not the end. */
static void test_no_memory(void **state)
{
    (void)state;
    if (IS_SANITIZED) return;
    save_mixed(
        in_folder("wide.h5"),
        "pack: a.h5\nimage: 32\nbatch: 4096\nlane: 4096\ntrunk: {kind: convnext_atto, patch: "
        "2, depths: [1, 1, 1, 1], dims: [8, 16, 24, 32]}\n",
        3);
    UmbelError error;
    UmbelModel *wide = umbel_load(in_folder("wide.h5"), &error);
    assert_non_null(wide);
    struct rlimit old, low;
    getrlimit(RLIMIT_AS, &old);
    low = old;
    long pages = 0;
    FILE *status = fopen("/proc/self/statm", "r");
    assert_int_equal(fscanf(status, "%ld", &pages), 1);
    fclose(status);
    low.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + ((rlim_t)32 << 20);
    setrlimit(RLIMIT_AS, &low);
    UmbelContext *context = umbel_context_create(wide, 4096, &error);
    setrlimit(RLIMIT_AS, &old);
    assert_null(context);
    assert_int_equal(error.kind, UMBEL_ERROR_SYSTEM);
    assert_non_null(strstr(error.text, "no memory for a context of"));
    context = context_for(wide, 1);
    classify(context, image, 1);
    umbel_context_free(context);
    umbel_free(wide);
}

static void *make_mistakes(void *unused)
{
    bad_checkpoints();
    bad_images();
    return unused;
}

/* Standard output and error belong to the host; HDF5 must be told on every thread. */
static void test_silence(void **state)
{
    (void)state;
    FILE *log = tmpfile();
    fflush(stdout);
    fflush(stderr);
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    dup2(fileno(log), STDOUT_FILENO);
    dup2(fileno(log), STDERR_FILENO);
    pthread_t thread;
    make_mistakes(NULL);
    pthread_create(&thread, NULL, make_mistakes, NULL);
    pthread_join(thread, NULL);
    fflush(stdout);
    fflush(stderr);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    fseek(log, 0, SEEK_END);
    assert_int_equal(ftell(log), 0);
    fclose(log);
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
        cmocka_unit_test(test_bad_images),
        cmocka_unit_test(test_wrong_sizes),
        cmocka_unit_test(test_pixels),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_host_blas),
        cmocka_unit_test(test_thousand_images),
        cmocka_unit_test(test_models_come_and_go),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_silence),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
