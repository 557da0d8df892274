/* The rate of large matrix products. */
#include "bench/sgemm_rate.h"

#include "base/arena.h"
#include "base/clock.h"
#include "kernels/gemm.h"
#include "median.h"

/* Three matrices of 4 MiB: larger than second-level caches, and packing counts little. */
enum { SIDE = 1024, ROUNDS = 5 };

typedef struct Products {
    GemmKind kind;
    float **matrix; /* (workers): a, b, c one after the other */
} Products;

static void multiply(void *context, int worker)
{
    const Products *products = context;
    size_t floats = (size_t)SIDE * SIDE;
    float *a = products->matrix[worker], *b = a + floats, *c = b + floats;
    gemm_by(products->kind, NO_TRANSPOSE, NO_TRANSPOSE, SIDE, SIDE, SIDE, 1, a, SIDE, b, SIDE, 0, c,
            SIDE);
}

static double time_products(Products *products, Pool *pool, GemmKind kind)
{
    products->kind = kind;
    double begin = clock_seconds();
    pool_run(pool, multiply, products);
    return clock_seconds() - begin;
}

/* Not in fractions: they are summed over ranks exactly, as integers. */
static double all_ranks(Comm *comm, double seconds, int workers)
{
    int64_t rate = (int64_t)(2.0 * SIDE * SIDE * SIDE * workers / seconds);
    comm_sum_i64(comm, &rate, 1);
    return (double)rate;
}

static double faster(double one, double other)
{
    return one > other ? one : other;
}

SgemmRate sgemm_rate(Comm *comm, Pool *pool)
{
    Arena *arena = arena_create("matrix products");
    int workers = pool_workers(pool);
    Products products = {.matrix = arena_new(arena, float *, workers)};
    for (int w = 0; w < workers; w++) {
        products.matrix[w] = arena_new(arena, float, 3 * (size_t)SIDE * SIDE);
        for (size_t i = 0; i < 2 * (size_t)SIDE * SIDE; i++)
            products.matrix[w][i] = (float)(i % 17) - 8;
    }
    double seconds[2][ROUNDS];
    comm_barrier(comm);
    for (int round = -1; round < ROUNDS; round++) /* the first touches memory */
        for (int kind = 0; kind < 2; kind++) {
            double time = time_products(&products, pool, kind ? GEMM_OPENBLAS : GEMM_OURS);
            if (round >= 0) seconds[kind][round] = time;
        }
    arena_destroy(arena);
    SgemmRate rate = {.ours = all_ranks(comm, median_of(seconds[0], ROUNDS), workers),
                      .openblas = all_ranks(comm, median_of(seconds[1], ROUNDS), workers)};
    rate.best = faster(rate.ours, rate.openblas);
    return rate;
}

SgemmRate sgemm_rate_faster(SgemmRate one, SgemmRate other)
{
    return (SgemmRate){.ours = faster(one.ours, other.ours),
                       .openblas = faster(one.openblas, other.openblas),
                       .best = faster(one.best, other.best)};
}
