/*
 * The inside of a matrix product (src/kernels/matmul.c): a block of C of matmul_rows by
 * matmul_columns is held in registers while the products of one block of k are added in the order
 * of k, each output in an accumulator of its own. So the bits are those of the plain triple loop
 * with fused multiply-adds, whatever the vector width and the blocking.
 *
 * What it gains over OpenBLAS stands in docs/performance.md.
 */
#include "kernels.h"

#if defined(KERNEL_ISA_v4)
enum { ROWS = 14, PARTS = 2 }; /* 28 accumulators, 2 of B, 1 of A: 31 of 32 registers */
#elif defined(KERNEL_ISA_v3)
enum { ROWS = 6, PARTS = 1 }; /* 12, 2 and 1 of 16 */
#elif defined(KERNEL_ISA_v2)
enum { ROWS = 2, PARTS = 1 }; /* 8, 4 and 1 of 16 */
#else
enum { ROWS = 6, PARTS = 1 }; /* 24, 4 and 1 of 32 */
#endif
enum { COLUMNS = 16 * PARTS, ROWS_MAX = 14 };

int KERNEL(matmul_rows)(void)
{
    return ROWS;
}

int KERNEL(matmul_columns)(void)
{
    return COLUMNS;
}

/* How many of `columns` lie in part p. */
INLINE int in_part(int columns, int p)
{
    int n = columns - 16 * p;
    return n < 16 ? n : 16;
}

/* Where a block of A lies: after `segment` steps along k the next begins `segment_step` further on. */
typedef struct BlockA {
    const float *at;
    size_t row_step, k_step;
    int segment;
    size_t segment_step;
} BlockA;

/* Adds the products of `steps` steps along k; returns b behind them. */
INLINE const float *accumulate(int rows, v16 sum[ROWS_MAX][PARTS], const float *a, size_t row_step,
                               size_t k_step, const float *b, bool fetches, ptrdiff_t ahead,
                               int steps)
{
    for (int t = 0; t < steps; t++, a += k_step, b += COLUMNS) {
        v16 row[PARTS];
        for (int p = 0; fetches && p < PARTS; p++) __builtin_prefetch(b + ahead + 16 * p, 0, 2);
        for (int p = 0; p < PARTS; p++) row[p] = v16_load(b + 16 * p);
        for (int i = 0; i < rows; i++) {
            v16 factor = v16_set(a[(size_t)i * row_step]);
            for (int p = 0; p < PARTS; p++) sum[i][p] = v16_fma(factor, row[p], sum[i][p]);
        }
    }
    return b;
}

/* `rows` and `fetches` are constants wherever this is called, so the accumulators are registers. */
INLINE void block(int rows, float *c, size_t ldc, BlockA a, const float *b, bool fetches,
                  ptrdiff_t ahead, int k, int columns, bool adds)
{
    v16 sum[ROWS_MAX][PARTS];
    for (int i = 0; i < rows; i++)
        for (int p = 0; p < PARTS; p++) {
            int n = in_part(columns, p);
            sum[i][p] = adds && n > 0 ? v16_load_n16(c + (size_t)i * ldc + 16 * p, n) : v16_zero();
        }
    for (int t = 0; t < k; t += a.segment, a.at += a.segment_step)
        b = accumulate(rows, sum, a.at, a.row_step, a.k_step, b, fetches, ahead,
                       k - t < a.segment ? k - t : a.segment);
    for (int i = 0; i < rows; i++)
        for (int p = 0; p < PARTS; p++) {
            int n = in_part(columns, p);
            if (n > 0) v16_store_n16(c + (size_t)i * ldc + 16 * p, sum[i][p], n);
        }
}

#define CASE(count, fetches, ahead)                                                                \
    case count:                                                                                    \
        if (count <= ROWS) block(count, c, ldc, from, b, fetches, ahead, k, columns, adds);        \
        break;
#define CASES(fetches, ahead)                                                                      \
    switch (rows) {                                                                                \
        CASE(1, fetches, ahead)                                                                    \
        CASE(2, fetches, ahead)                                                                    \
        CASE(3, fetches, ahead)                                                                    \
        CASE(4, fetches, ahead)                                                                    \
        CASE(5, fetches, ahead)                                                                    \
        CASE(6, fetches, ahead)                                                                    \
        CASE(7, fetches, ahead)                                                                    \
        CASE(8, fetches, ahead)                                                                    \
        CASE(9, fetches, ahead)                                                                    \
        CASE(10, fetches, ahead)                                                                   \
        CASE(11, fetches, ahead)                                                                   \
        CASE(12, fetches, ahead)                                                                   \
        CASE(13, fetches, ahead)                                                                   \
        CASE(14, fetches, ahead)                                                                   \
    }

void KERNEL(matmul_block)(float *c, size_t ldc, const float *a, size_t row_step, size_t k_step,
                          const float *b, int k, int rows, int columns, bool adds)
{
    const BlockA from = {a, row_step, k_step, k, 0};
    CASES(false, 0)
}

void KERNEL(matmul_block_ahead)(float *c, size_t ldc, const float *a, size_t row_step,
                                size_t k_step, const float *b, ptrdiff_t ahead, int k, int rows,
                                int columns, bool adds)
{
    const BlockA from = {a, row_step, k_step, k, 0};
    CASES(true, ahead)
}

void KERNEL(matmul_block_panels)(float *c, size_t ldc, const float *a, size_t panel_step,
                                 const float *b, int k, int rows, int columns, bool adds)
{
    const BlockA from = {a, COLUMNS, 1, COLUMNS, panel_step};
    CASES(false, 0)
}

/* --- packing --- */

INLINE void put(float *panel, v16 a, bool far)
{
    if (far)
        v16_stream(panel, a);
    else
        v16_store(panel, a);
}

static void pack_rows(float *panel, const float *b, size_t ldb, bool far, int k, int columns)
{
    for (int t = 0; t < k; t++)
        for (int p = 0; p < PARTS; p++) {
            int n = in_part(columns, p);
            put(panel + (size_t)t * COLUMNS + 16 * p,
                n > 0 ? v16_load_n16(b + (size_t)t * ldb + 16 * p, n) : v16_zero(), far);
        }
}

#if VEC_LANES_ARE_16
/* One stage of the transposition: exchanges what lies `distance` off the diagonal. */
INLINE void exchange(vec *a, vec *b, ivec low, ivec high)
{
    vec first = __builtin_shuffle(*a, *b, low);
    *b = __builtin_shuffle(*a, *b, high);
    *a = first;
}

#define STAGE(distance, low, high)                                                                 \
    for (int i = 0; i < 16; i++)                                                                   \
        if (!(i & (distance))) exchange(&r[i], &r[i + (distance)], low, high);

INLINE void transpose(vec r[16])
{
    STAGE(8, ((ivec){0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23}),
          ((ivec){8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31}))
    STAGE(4, ((ivec){0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27}),
          ((ivec){4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31}))
    STAGE(2, ((ivec){0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29}),
          ((ivec){2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31}))
    STAGE(1, ((ivec){0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30}),
          ((ivec){1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31}))
}

/* 16 rows of b, 16 of their elements at a time: columns of the panel. */
static int pack_squares(float *panel, const float *b, size_t ldb, bool far, int k)
{
    int t = 0;
    for (; t + 16 <= k; t += 16) {
        vec r[16];
        for (int i = 0; i < 16; i++) r[i] = v16_load(b + (size_t)i * ldb + t).v[0];
        transpose(r);
        for (int i = 0; i < 16; i++) put(panel + (size_t)(t + i) * COLUMNS, (v16){{r[i]}}, far);
    }
    return t;
}
#else
static int pack_squares(float *panel, const float *b, size_t ldb, bool far, int k)
{
    (void)panel, (void)b, (void)ldb, (void)far, (void)k;
    return 0;
}
#endif

static void pack_columns(float *panel, const float *b, size_t ldb, bool far, int k, int columns)
{
    for (int p = 0; p < PARTS; p++) {
        int n = in_part(columns, p);
        float *part = panel + 16 * p;
        const float *from = b + (size_t)(16 * p) * ldb;
        int done = n == 16 ? pack_squares(part, from, ldb, far, k) : 0;
        for (int t = done; t < k; t++)
            for (int j = 0; j < 16; j++)
                part[(size_t)t * COLUMNS + (size_t)j] =
                    j < n ? from[(size_t)j * ldb + (size_t)t] : 0;
    }
}

void KERNEL(matmul_pack)(float *panels, const float *b, size_t ldb, bool transposed, bool far,
                         int k, int n)
{
    far = far && (uintptr_t)panels % 64 == 0;
    for (int first = 0; first < n; first += COLUMNS) {
        int columns = n - first < COLUMNS ? n - first : COLUMNS;
        float *panel = panels + (size_t)first * (size_t)k;
        if (transposed)
            pack_columns(panel, b + (size_t)first * ldb, ldb, far, k, columns);
        else
            pack_rows(panel, b + first, ldb, far, k, columns);
    }
    if (far) stream_end();
}
