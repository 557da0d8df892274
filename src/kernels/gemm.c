/* Matrix products through OpenBLAS; the only file that includes cblas.h. */
#include "kernels/gemm.h"

#include "base/error.h"

#include <cblas.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* openblas_get_parallel's answers. */
enum { SEQUENTIAL = 0, PTHREAD = 1, OPENMP = 2 };

void gemm_init(void)
{
    /* In the OpenMP build the setting belongs to the calling thread, hence gemm_init_thread too. */
    openblas_set_num_threads(1);
}

void gemm_init_thread(void)
{
    if (openblas_get_parallel() == OPENMP) openblas_set_num_threads(1);
}

/* --- guests on other people's threads --- */

/* The OpenMP run-time that OpenBLAS brings, if it does; found by name since most builds have none. */
static int omp_threads(void)
{
    int (*get)(void);
    *(void **)&get = dlsym(RTLD_DEFAULT, "omp_get_max_threads");
    return get ? get() : 1;
}

static void omp_set_threads(int threads)
{
    void (*set)(int);
    *(void **)&set = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    if (set) set(threads);
}

/* Guests that are in. The first saves the owner's number of threads, the last restores it. */
static pthread_mutex_t guest_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t guest_left = PTHREAD_COND_INITIALIZER;
static int guests, owner_threads;

/* OpenBLAS has two buffers per thread that it was built for, and 50 at least; a call that finds none
 * free ends the process (measured: a crash at 1,500 threads). The owner gets some, too. */
static int most_guests(void)
{
    enum { ALWAYS = 40 };
    int cores = openblas_get_num_procs();
    return cores > ALWAYS ? cores : ALWAYS;
}

int gemm_enter(void)
{
    bool by_thread = openblas_get_parallel() == OPENMP;
    pthread_mutex_lock(&guest_lock);
    while (guests >= most_guests()) pthread_cond_wait(&guest_left, &guest_lock);
    if (guests++ == 0 && !by_thread) owner_threads = openblas_get_num_threads();
    if (!by_thread && openblas_get_num_threads() != 1) openblas_set_num_threads(1);
    pthread_mutex_unlock(&guest_lock);
    if (!by_thread) return 1;
    int threads = omp_threads();
    omp_set_threads(1);
    return threads;
}

void gemm_leave(int entered)
{
    bool by_thread = openblas_get_parallel() == OPENMP;
    if (by_thread) omp_set_threads(entered);
    pthread_mutex_lock(&guest_lock);
    if (--guests == 0 && !by_thread && owner_threads != 1) openblas_set_num_threads(owner_threads);
    pthread_cond_signal(&guest_left);
    pthread_mutex_unlock(&guest_lock);
}

/* --- products --- */

static void scale(int m, int n, float beta, float *c, int ldc)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            float *element = c + (size_t)i * (size_t)ldc + j;
            *element = beta == 0 ? 0 : *element * beta;
        }
}

void gemm(Transpose ta, Transpose tb, int m, int n, int k, float alpha, const float *a, int lda,
          const float *b, int ldb, float beta, float *c, int ldc)
{
    if (m == 0 || n == 0) return;
    if (k == 0) {
        scale(m, n, beta, c, ldc);
        return;
    }
    cblas_sgemm(CblasRowMajor, ta == TRANSPOSE ? CblasTrans : CblasNoTrans,
                tb == TRANSPOSE ? CblasTrans : CblasNoTrans, m, n, k, alpha, a, lda, b, ldb, beta,
                c, ldc);
}

const char *gemm_library(void)
{
    /* "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH …" */
    static char text[64];
    const char *config = openblas_get_config();
    const char *second = strchr(config, ' ');
    size_t length =
        second ? (size_t)(second - config) + 1 + strcspn(second + 1, " ") : strlen(config);
    snprintf(text, sizeof text, "%.*s", (int)length, config);
    return text;
}

const char *gemm_core(void)
{
    return openblas_get_corename();
}

const char *gemm_threading(void)
{
    switch (openblas_get_parallel()) {
    case PTHREAD:
        return "pthread";
    case OPENMP:
        return "openmp";
    default:
        return "sequential";
    }
}
