/* Matrix products: ours, or OpenBLAS; the only file that includes cblas.h. */
#include "kernels/gemm.h"

#include "base/error.h"
#include "kernels/kernels.h"
#include "matmul.h"

#include <cblas.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
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

/* --- who multiplies --- */

static GemmKind choose_kind(void)
{
    const char *forced = getenv("UMBEL_GEMM");
    if (forced && strcmp(forced, "openblas") == 0) return GEMM_OPENBLAS;
    if (forced && strcmp(forced, "ours") == 0) return GEMM_OURS;
    if (forced && *forced) die("UMBEL_GEMM=%s: must be ours or openblas", forced);
    return GEMM_OURS;
}

GemmKind gemm_kind(void)
{
    static atomic_int known; /* 1 + the kind; threads that come at the same time choose alike */
    int kind = atomic_load_explicit(&known, memory_order_relaxed);
    if (kind == 0) {
        kind = 1 + (int)choose_kind();
        atomic_store_explicit(&known, kind, memory_order_relaxed);
    }
    return (GemmKind)(kind - 1);
}

const char *gemm_kind_name(void)
{
    return gemm_kind() == GEMM_OURS ? "ours" : "OpenBLAS";
}

/* --- products --- */

static void blas(Transpose ta, Transpose tb, int m, int n, int k, float alpha, const float *a,
                 int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    cblas_sgemm(CblasRowMajor, ta == TRANSPOSE ? CblasTrans : CblasNoTrans,
                tb == TRANSPOSE ? CblasTrans : CblasNoTrans, m, n, k, alpha, a, lda, b, ldb, beta,
                c, ldc);
}

/* Multiply-adds between two polls: about half a millisecond to a millisecond on one core. */
static const double PIECE = 32e6;

/* OpenBLAS in pieces. The cut must not depend on whether somebody polls: it could show in the bits. */
static void blas_in_pieces(Transpose ta, Transpose tb, int m, int n, int k, float alpha,
                           const float *a, int lda, const float *b, int ldb, float beta, float *c,
                           int ldc, GemmPoll poll)
{
    bool cut_rows = m > n;
    int whole = cut_rows ? m : n;
    double work = (double)m * n * k;
    int piece = work <= PIECE ? whole : (int)((double)whole * PIECE / work) / 48 * 48;
    if (piece < 48 && piece < whole) piece = 48;
    for (int begin = 0; begin < whole; begin += piece) {
        size_t at = (size_t)begin;
        int count = begin + piece < whole ? piece : whole - begin;
        if (cut_rows)
            blas(ta, tb, count, n, k, alpha, ta == TRANSPOSE ? a + at : a + at * (size_t)lda, lda,
                 b, ldb, beta, c + at * (size_t)ldc, ldc);
        else
            blas(ta, tb, m, count, k, alpha, a, lda,
                 tb == TRANSPOSE ? b + at * (size_t)ldb : b + at, ldb, beta, c + at, ldc);
        if (poll.call) poll.call(poll.context);
    }
}

void gemm_polled(Transpose ta, Transpose tb, int m, int n, int k, float alpha, const float *a,
                 int lda, const float *b, int ldb, float beta, float *c, int ldc, GemmPoll poll)
{
    if (m == 0 || n == 0) return;
    if (gemm_kind() == GEMM_OURS || k == 0)
        matmul(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, poll);
    else
        blas_in_pieces(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, poll);
}

void gemm(Transpose ta, Transpose tb, int m, int n, int k, float alpha, const float *a, int lda,
          const float *b, int ldb, float beta, float *c, int ldc)
{
    gemm_polled(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, (GemmPoll){NULL, NULL});
}

void gemm_by(GemmKind kind, Transpose ta, Transpose tb, int m, int n, int k, float alpha,
             const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    if (kind == GEMM_OPENBLAS && m > 0 && n > 0 && k > 0)
        blas(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    else if (m > 0 && n > 0)
        matmul(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, (GemmPoll){NULL, NULL});
}

/* --- panels --- */

int gemm_panel(int n)
{
    return gemm_kind() == GEMM_OURS ? matmul_panel() : n;
}

size_t gemm_panels_floats(int r, int n)
{
    int columns = gemm_panel(n);
    return n ? (size_t)((n + columns - 1) / columns) * (size_t)columns * (size_t)r : 0;
}

static void pack(float *panels, Transpose tb, bool far, int k, int n, const float *b, int ldb)
{
    if (gemm_kind() == GEMM_OURS) {
        kernels()->matmul_pack(panels, b, (size_t)ldb, tb == TRANSPOSE, far, k, n);
        return;
    }
    for (size_t t = 0; t < (size_t)k; t++)
        for (size_t j = 0; j < (size_t)n; j++)
            panels[t * (size_t)n + j] =
                tb == TRANSPOSE ? b[j * (size_t)ldb + t] : b[t * (size_t)ldb + j];
}

void gemm_pack(float *panels, Transpose tb, int k, int n, const float *b, int ldb)
{
    pack(panels, tb, false, k, n, b, ldb);
}

void gemm_pack_far(float *panels, Transpose tb, int k, int n, const float *b, int ldb)
{
    pack(panels, tb, true, k, n, b, ldb);
}

/* One panel is a row-major matrix, as wide as it is. */
static void blas_panels(const PanelProduct *p)
{
    int width = p->ta == TRANSPOSE ? p->m : p->k;
    gemm_polled(p->ta, NO_TRANSPOSE, p->m, p->n, p->k, 1, p->a, p->a_panels ? width : p->lda, p->b,
                p->n, p->beta, p->c, p->c_panels ? p->n : p->ldc, p->poll);
}

void gemm_panels(const PanelProduct *product)
{
    if (product->m == 0 || product->n == 0) return;
    if (gemm_kind() == GEMM_OURS)
        matmul_panels(product);
    else
        blas_panels(product);
}

void gemm_packed(Transpose ta, int m, int n, int k, const float *a, int lda, const float *b,
                 float beta, float *c, int ldc, GemmPoll poll)
{
    gemm_panels(&(PanelProduct){.ta = ta,
                                .m = m,
                                .n = n,
                                .k = k,
                                .a = a,
                                .lda = lda,
                                .b = b,
                                .beta = beta,
                                .c = c,
                                .ldc = ldc,
                                .poll = poll});
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
