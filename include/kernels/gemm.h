/*
 * Single-threaded matrix multiplication. gemm.c is the only file that includes cblas.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef enum Transpose { NO_TRANSPOSE, TRANSPOSE } Transpose;

/* Who multiplies. Ours adds in the order of k with fused multiply-adds, so that its bits are the same
 * on every CPU that has them; OpenBLAS has an order of its own for each type of CPU. */
typedef enum GemmKind { GEMM_OURS, GEMM_OPENBLAS } GemmKind;

/* The choice of UMBEL_GEMM=ours|openblas, ours without it. The same at any time and on any thread. */
GemmKind gemm_kind(void);
const char *gemm_kind_name(void); /* "ours", "OpenBLAS" */

/* Called about every millisecond during a long product. */
typedef struct GemmPoll {
    void (*call)(void *context); /* NULL: nobody */
    void *context;
} GemmPoll;

/* C (m,n; row stride ldc) = alpha * op(A) * op(B) + beta * C, row-major float32, on one thread
 * whatever build of OpenBLAS there is. op(A) is (m,k), op(B) is (k,n). With beta 0, C is not read.
 * Zero-sized operands are allowed. Thread-safe. The bits are a pure function of the arguments'
 * values and sizes. */
void gemm(Transpose ta, Transpose tb, int m, int n, int k, float alpha, const float *a, int lda,
          const float *b, int ldb, float beta, float *c, int ldc);

/* The same by one of the two, whichever is chosen: for comparisons. */
void gemm_by(GemmKind kind, Transpose ta, Transpose tb, int m, int n, int k, float alpha,
             const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

/* The same with polls; the bits do not depend on whether there is somebody to poll. */
void gemm_polled(Transpose ta, Transpose tb, int m, int n, int k, float alpha, const float *a,
                 int lda, const float *b, int ldb, float beta, float *c, int ldc, GemmPoll poll);

/* --- panels ---
 * A matrix (r,n) "in panels" is cut into panels of gemm_panel(n) columns, each (r,columns) and
 * contiguous, the last one filled up with zeros. It is the form in which products read their right
 * side: weights are packed into it once per step and then shared by any number of threads, and what one
 * product writes in panels the next reads without packing. With OpenBLAS there is one panel, so that it
 * is the plain row-major matrix. Column c, a multiple of gemm_panel(n), begins at float r * c. 64-byte
 * alignment is fastest. */
int gemm_panel(int n);                   /* columns of a panel of a matrix of n columns */
size_t gemm_panels_floats(int r, int n); /* the size of all panels */

/* op(B) (k,n) into panels. */
void gemm_pack(float *panels, Transpose tb, int k, int n, const float *b, int ldb);
/* The same past the caches, for panels that are too large for them or are read much later: writing them costs half
 * as much. */
void gemm_pack_far(float *panels, Transpose tb, int k, int n, const float *b, int ldb);

/* C (m,n) = op(A) * B + beta * C with B (k,n) in panels. */
typedef struct PanelProduct {
    Transpose ta;
    int m, n, k;
    const float *a;
    int lda;       /* row stride; of an `a` in panels its rows */
    bool a_panels; /* `a`, transposed or not, is in panels */
    const float *b;
    int b_rows; /* rows of the panels of b, if it is a part of them that is multiplied; 0: k */
    float beta;
    float *c;
    int ldc;       /* row stride; of a `c` in panels its rows */
    bool c_panels; /* C is in panels; filled up with zeros if those of b are */
    GemmPoll poll;
} PanelProduct;

/* Otherwise as gemm, whose bits it gives. A piece of a matrix in panels, from a panel's beginning on, is
 * one, too. */
void gemm_panels(const PanelProduct *product);

/* The same for plain A and C. */
void gemm_packed(Transpose ta, int m, int n, int k, const float *a, int lda, const float *b,
                 float beta, float *c, int ldc, GemmPoll poll);

/* Makes gemm run on the calling thread alone: gemm_init once at the start, gemm_init_thread by
 * every other thread that will call it (OpenBLAS built with OpenMP would start a team for each). */
void gemm_init(void);
void gemm_init_thread(void);

/* For threads that belong to somebody else, who may use OpenBLAS, too: between the two calls gemm runs
 * on the calling thread alone, afterwards all is as it was. A build with OpenMP has the number of
 * threads per calling thread; a pthread build has one for the process, so there the owner's own
 * calls on other threads are single-threaded meanwhile. gemm_leave takes what gemm_enter returned, on
 * the same thread. Thread-safe; gemm_enter waits while as many threads are in as there are cores
 * (at least 40), since OpenBLAS has no room for any number of them. */
int gemm_enter(void);
void gemm_leave(int entered);

const char *gemm_library(void); /* "OpenBLAS 0.3.21" */
const char *gemm_core(void);    /* core type it chose: "SkylakeX" */
/* "pthread", "openmp" or "sequential". */
const char *gemm_threading(void);
