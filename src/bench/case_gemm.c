/* Matrix products, by our kernels and by OpenBLAS: dim = m, n, k, the kind of product, who. */
#include "bench/kernel_case.h"
#include "kernels/gemm.h"

enum { NT, NN, TN }; /* forward, gradient of the input, gradient of the weights */

static double flops(const int *dim)
{
    return 2.0 * dim[0] * dim[1] * dim[2];
}

static size_t largest(const int *dim)
{
    size_t m = (size_t)dim[0], n = (size_t)dim[1], k = (size_t)dim[2];
    size_t most = m * k;
    if (k * n > most) most = k * n;
    return m * n > most ? m * n : most;
}

static void multiply(Sample *sample)
{
    const int *dim = sample->of->dim;
    int m = dim[0], n = dim[1], k = dim[2];
    Transpose ta = dim[3] == TN ? TRANSPOSE : NO_TRANSPOSE;
    Transpose tb = dim[3] == NT ? TRANSPOSE : NO_TRANSPOSE;
    gemm_by((GemmKind)dim[4], ta, tb, m, n, k, 1, sample->x[0], ta == TRANSPOSE ? m : k,
            sample->x[1], tb == TRANSPOSE ? k : n, 0, sample->x[2], n);
}

#define ROW(kind, m, n, k)                                                                         \
    {.name = "gemm " #kind,                                                                        \
     .dim = {m, n, k, kind, GEMM_OURS},                                                            \
     .size = #m " x " #n " x " #k,                                                                 \
     .amount = flops,                                                                              \
     .floats = largest,                                                                            \
     .call = multiply},                                                                            \
    {                                                                                              \
        .name = "OpenBLAS gemm " #kind, .dim = {m, n, k, kind, GEMM_OPENBLAS},                     \
        .size = #m " x " #n " x " #k, .amount = flops, .floats = largest, .call = multiply,        \
        .foreign = true                                                                            \
    }
#define ROWS(m, n, k) ROW(NT, m, n, k), ROW(NN, m, n, k), ROW(TN, m, n, k)

const KernelCase gemm_cases[] = {
    ROWS(3136, 384, 96),  ROWS(3136, 96, 384), ROWS(784, 768, 192), ROWS(196, 384, 1536),
    ROWS(1576, 768, 768), ROWS(197, 197, 64),  ROWS(196, 384, 96),  {0}};
