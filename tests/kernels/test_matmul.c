/*
 * Matrix products of ours: each output is the plain loop over k with fused multiply-adds, bit for bit,
 * for every shape, transposition and instruction set that has them; and OpenBLAS agrees.
 */
#include "check.h"

#include "base/random.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"

#include <math.h>
#include <stdlib.h>

typedef struct Case {
    int m, n, k;
    float alpha, beta;
} Case;

static const Case cases[] = {
    {1, 1, 1, 1, 0},       {14, 32, 256, 1, 0},  {15, 33, 257, 1, 1},      {13, 31, 5, 1, 0.5F},
    {6, 16, 3, -0.25F, 0}, {99, 47, 300, 1, 1},  {7, 1030, 64, 1, 0},      {197, 64, 197, 1, 0},
    {3, 5, 2000, 1, 0},    {100, 70, 512, 1, 0}, {100, 100, 1024, 1, 1},   {1, 96, 384, 1, 0},
    {128, 1, 96, 1, 1},    {28, 64, 0, 1, 0.5F}, {50, 2100, 40, 2, 0.75F}, {17, 48, 16, 1, 0},
};

static float *draw(size_t count, uint64_t name)
{
    float *x = malloc(sizeof(float) * (count + 1));
    Random random = random_at(3, RANDOM_MIX, name, 0, 0);
    for (size_t i = 0; i < count; i++) x[i] = (float)(random_uniform(&random) - 0.5);
    return x;
}

/* What gemm promises, element by element; the last column of `ld` lies outside the matrix. */
static float plain(const Case *c, const float *a, size_t k_step, const float *b, size_t bk_step,
                   float old)
{
    float sum = c->beta == 0 ? 0 : c->beta == 1 ? old : c->beta * old;
    for (int t = 0; t < c->k; t++) {
        float factor = b[(size_t)t * bk_step];
        if (c->alpha != 1) factor *= c->alpha;
        sum = fmaf(a[(size_t)t * k_step], factor, sum);
    }
    return sum;
}

/* The product from a packed right side has the bits of the one without. */
static void check_packed(const Case *c, Transpose ta, Transpose tb, const float *a, int lda,
                         const float *b, int ldb, int ldc)
{
    size_t floats = gemm_panels_floats(c->k, c->n);
    float *packed = malloc(sizeof(float) * (floats + 1));
    float *out = draw((size_t)c->m * (size_t)ldc, 3), *want = draw((size_t)c->m * (size_t)ldc, 3);
    packed[floats] = 42;
    gemm_pack(packed, tb, c->k, c->n, b, ldb);
    assert_true(packed[floats] == 42);
    gemm_packed(ta, c->m, c->n, c->k, a, lda, packed, c->beta, out, ldc, (GemmPoll){NULL, NULL});
    gemm(ta, tb, c->m, c->n, c->k, 1, a, lda, b, ldb, c->beta, want, ldc);
    for (size_t i = 0; i < (size_t)c->m * (size_t)ldc; i++)
        assert_true(gemm_kind() == GEMM_OURS
                        ? out[i] == want[i]
                        : fabsf(out[i] - want[i]) <= 1e-4F * (1 + fabsf(want[i])));
    free(packed);
    free(out);
    free(want);
}

static void check_case(const Case *c, Transpose ta, Transpose tb)
{
    int lda = (ta == TRANSPOSE ? c->m : c->k) + 3, ldb = (tb == TRANSPOSE ? c->k : c->n) + 1;
    int ldc = c->n + 2;
    size_t a_rows = (size_t)(ta == TRANSPOSE ? c->k : c->m),
           b_rows = (size_t)(tb == TRANSPOSE ? c->n : c->k);
    float *a = draw(a_rows * (size_t)lda, 1), *b = draw(b_rows * (size_t)ldb, 2);
    float *out = draw((size_t)c->m * (size_t)ldc, 3), *old = draw((size_t)c->m * (size_t)ldc, 3);
    gemm(ta, tb, c->m, c->n, c->k, c->alpha, a, lda, b, ldb, c->beta, out, ldc);
    /* x86-64-v2 has no fused multiply-add. */
    bool ours = gemm_kind() == GEMM_OURS && strcmp(kernels()->isa, "v2") != 0;
    size_t row_step = ta == TRANSPOSE ? 1 : (size_t)lda, k_step = ta == TRANSPOSE ? (size_t)lda : 1;
    size_t n_step = tb == TRANSPOSE ? (size_t)ldb : 1, bk_step = tb == TRANSPOSE ? 1 : (size_t)ldb;
    for (int i = 0; i < c->m; i++)
        for (int j = 0; j < ldc; j++) {
            size_t at = (size_t)i * (size_t)ldc + (size_t)j;
            float want = j >= c->n ? old[at]
                                   : plain(c, a + (size_t)i * row_step, k_step,
                                           b + (size_t)j * n_step, bk_step, old[at]);
            bool good = ours || j >= c->n ? out[at] == want
                                          : fabsf(out[at] - want) <= 1e-4F * (1 + fabsf(want));
            if (!good)
                fail_msg("%d x %d x %d, transposed %d %d: element (%d,%d) is %.9g, not %.9g", c->m,
                         c->n, c->k, ta, tb, i, j, (double)out[at], (double)want);
        }
    check_packed(c, ta, tb, a, lda, b, ldb, ldc);
    free(a);
    free(b);
    free(out);
    free(old);
}

static void plain_loop(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int ta = 0; ta < 2; ta++)
            for (int tb = 0; tb < 2; tb++) check_case(&cases[i], (Transpose)ta, (Transpose)tb);
}

/* Fetching another panel meanwhile changes nothing. */
static void check_ahead(const Kernels *kernel, const float *a, int lda, const float *panels, int k,
                        int r, int n, const float *expected)
{
    float c[14 * 32] = {0};
    ptrdiff_t ahead = (ptrdiff_t)k * kernel->matmul_columns();
    kernel->matmul_block_ahead(c, 32, a, (size_t)lda, 1, panels, ahead, k, r, n, true);
    assert_memory_equal(c, expected, sizeof c);
}

/* Nor does packing past the caches, at a multiple of 64 bytes and beside one. */
static void far_panels(void **state)
{
    (void)state;
    static const char *const sets[] = {"v2", "v3", "v4", "generic"};
    enum { K = 37, N = 45, FLOATS = K * 64 };
    float *b = draw(K * N, 6), *near = aligned_alloc(64, sizeof(float) * FLOATS);
    float *far = aligned_alloc(64, sizeof(float) * (FLOATS + 16));
    for (int s = 0; s < 4; s++) {
        const Kernels *kernel = kernels_named(sets[s]);
        for (int of = 0; kernel && of < 4; of++) {
            float *to = far + of % 2;
            bool transposed = of / 2;
            int columns = kernel->matmul_columns(), n = (N + columns - 1) / columns * columns;
            kernel->matmul_pack(near, b, transposed ? K : N, transposed, false, K, N);
            kernel->matmul_pack(to, b, transposed ? K : N, transposed, true, K, N);
            assert_memory_equal(to, near, sizeof(float) * K * (size_t)n);
        }
    }
    free(b), free(near), free(far);
}

/* The block of each instruction set gives the bits of the plain loop. */
static void every_set(void **state)
{
    (void)state;
    static const char *const sets[] = {"v3", "v4", "generic"};
    enum { K = 37, LD = 40 };
    float *a = draw(14 * LD, 4), *b = draw(K * 32, 5), *panel = calloc(2 * K * 32, sizeof(float));
    for (int s = 0; s < 3; s++) {
        const Kernels *kernel = kernels_named(sets[s]);
        if (!kernel) continue;
        int rows = kernel->matmul_rows(), columns = kernel->matmul_columns();
        for (int r = 1; r <= rows; r++)
            for (int n = 1; n <= columns; n++) {
                float c[14 * 32] = {0};
                kernel->matmul_pack(panel, b, 32, false, false, K, n);
                kernel->matmul_block(c, 32, a, LD, 1, panel, K, r, n, true);
                for (int i = 0; i < 14; i++)
                    for (int j = 0; j < 32; j++) {
                        float sum = 0;
                        for (int t = 0; t < K && i < r && j < n; t++)
                            sum = fmaf(a[i * LD + t], b[t * 32 + j], sum);
                        assert_true(c[i * 32 + j] == sum);
                    }
                check_ahead(kernel, a, LD, panel, K, r, n, c);
            }
    }
    free(a);
    free(b);
    free(panel);
}

/* (r,n) of random numbers, plain and in panels. */
typedef struct Both {
    float *plain, *panels;
} Both;

static Both draw_both(int r, int n, uint64_t name)
{
    Both both = {draw((size_t)r * (size_t)n, name),
                 malloc(sizeof(float) * (gemm_panels_floats(r, n) + 1))};
    gemm_pack(both.panels, NO_TRANSPOSE, r, n, both.plain, n);
    return both;
}

static void free_both(Both both)
{
    free(both.plain);
    free(both.panels);
}

/* Products of an A in panels into a C in panels have the bits of the plain ones. */
static void check_panels(const Case *c, Transpose ta)
{
    int a_rows = ta == TRANSPOSE ? c->k : c->m, a_columns = ta == TRANSPOSE ? c->m : c->k;
    Both a = draw_both(a_rows, a_columns, 8), b = draw_both(c->k, c->n, 9);
    Both out = draw_both(c->m, c->n, 10);
    gemm_panels(&(PanelProduct){.ta = ta,
                                .m = c->m,
                                .n = c->n,
                                .k = c->k,
                                .a = a.panels,
                                .lda = a_rows,
                                .a_panels = true,
                                .b = b.panels,
                                .beta = c->beta,
                                .c = out.panels,
                                .ldc = c->m,
                                .c_panels = true});
    gemm(ta, NO_TRANSPOSE, c->m, c->n, c->k, 1, a.plain, a_columns, b.plain, c->n, c->beta,
         out.plain, c->n);
    float *want = malloc(sizeof(float) * (gemm_panels_floats(c->m, c->n) + 1));
    gemm_pack(want, NO_TRANSPOSE, c->m, c->n, out.plain, c->n);
    for (size_t i = 0; i < gemm_panels_floats(c->m, c->n); i++)
        assert_true(out.panels[i] == want[i]);
    free(want);
    free_both(a);
    free_both(b);
    free_both(out);
}

static void panels(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int ta = 0; ta < 2; ta++) check_panels(&cases[i], (Transpose)ta);
}

/* A sum over k in two parts, each from its rows of B and its panels of A. */
static void panels_in_parts(void **state)
{
    (void)state;
    enum { M = 50, N = 70, K = 96 };
    int panel = gemm_panel(K), first = panel == K ? K : 2 * panel;
    Both a = draw_both(M, K, 11), b = draw_both(K, N, 12);
    float out[M * N], want[M * N];
    for (int from = 0; from < K; from += first) {
        PanelProduct product = {.m = M,
                                .n = N,
                                .k = K - from < first ? K - from : first,
                                .a = a.panels + (size_t)M * (size_t)from,
                                .lda = M,
                                .a_panels = true,
                                .b = b.panels + (size_t)from * (size_t)gemm_panel(N),
                                .b_rows = K,
                                .beta = from ? 1 : 0,
                                .c = out,
                                .ldc = N};
        gemm_panels(&product);
    }
    gemm(NO_TRANSPOSE, NO_TRANSPOSE, M, N, K, 1, a.plain, K, b.plain, N, 0, want, N);
    assert_memory_equal(out, want, sizeof out);
    free_both(a);
    free_both(b);
}

static int polls;

static void count_poll(void *context)
{
    (void)context;
    polls++;
}

/* 600 million multiply-adds: some ten milliseconds, and as many polls. */
static void polls_often(void **state)
{
    (void)state;
    float *a = draw(1000 * 1000, 6), *c = draw(1000 * 600, 7);
    gemm_polled(NO_TRANSPOSE, TRANSPOSE, 600, 1000, 1000, 1, a, 1000, a, 1000, 0, c, 1000,
                (GemmPoll){count_poll, NULL});
    assert_in_range(polls, 10, 1000);
    free(a);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_loop),      cmocka_unit_test(every_set),
        cmocka_unit_test(far_panels),      cmocka_unit_test(panels),
        cmocka_unit_test(panels_in_parts), cmocka_unit_test(polls_often),
    };
    gemm_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
