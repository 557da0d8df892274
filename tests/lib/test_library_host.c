/* The library in a host's process: threads, an OpenBLAS that is shared, memory, silence. */
#include "library.h"

#include "kernels/gemm.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_SANITIZED = 1 }; /* these keep freed memory, and map terabytes */
#else
enum { IS_SANITIZED = 0 };
#endif

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
    UmbelImage mixed[2] = {image[0], umbel_file(junk, sizeof junk)};
    UmbelContext *context = context_for(model, 2);
    assert_null(umbel_load(in_folder("absent.h5"), NULL));
    assert_null(umbel_load(hollow("hollow"), NULL));
    assert_int_equal(umbel_classify(context, mixed, 2, NULL), 1);
    mixed[1] = umbel_file(file[1].data, file[1].bytes / 2);
    assert_int_equal(umbel_classify(context, mixed, 2, NULL), 1);
    umbel_context_free(context);
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
        cmocka_unit_test(test_threads),         cmocka_unit_test(test_host_blas),
        cmocka_unit_test(test_thousand_images), cmocka_unit_test(test_models_come_and_go),
        cmocka_unit_test(test_no_memory),       cmocka_unit_test(test_silence),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
