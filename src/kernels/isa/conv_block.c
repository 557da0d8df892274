/*
 * The inside of convolutions without a patch matrix: as in matmul.c a block of the output is held in registers,
 * but each row of the left side is found through a pointer, so that the taps of a window need not be
 * neighbours. Each output is added in the order of segments and k with fused multiply-adds.
 */
#include "kernels.h"

#if defined(KERNEL_ISA_v4)
/* 20 accumulators hide the latency, and ten pointers still fit into the other registers. */
enum { ROWS = 10, OUTER_ROWS = 14, PARTS = 2 };
#elif defined(KERNEL_ISA_v2)
enum { ROWS = 2, OUTER_ROWS = 2, PARTS = 1 };
#else
enum { ROWS = 6, OUTER_ROWS = 6, PARTS = 1 };
#endif
enum { COLUMNS = 16 * PARTS, ROWS_MAX = 14 };

int KERNEL(conv_rows)(void)
{
    return ROWS;
}

/* How many of `columns` lie in part p. */
INLINE int in_part(int columns, int p)
{
    int n = columns - 16 * p;
    return n < 16 ? n : 16;
}

INLINE void load_block(v16 sum[ROWS_MAX][PARTS], const float *c, size_t ldc, int rows, int columns,
                       bool adds)
{
    for (int i = 0; i < rows; i++)
        for (int p = 0; p < PARTS; p++) {
            int n = in_part(columns, p);
            sum[i][p] = adds && n > 0 ? v16_load_n16(c + (size_t)i * ldc + 16 * p, n) : v16_zero();
        }
}

INLINE void store_block(float *c, size_t ldc, v16 sum[ROWS_MAX][PARTS], int rows, int columns)
{
    for (int i = 0; i < rows; i++)
        for (int p = 0; p < PARTS; p++) {
            int n = in_part(columns, p);
            if (n > 0) v16_store_n16(c + (size_t)i * ldc + 16 * p, sum[i][p], n);
        }
}

/* `rows` is a constant wherever this is called, so accumulators and pointers are registers. */
INLINE void conv_block(int rows, float *c, size_t ldc, const float *const *a,
                       const float *const *panel, int segments, int k, int columns, bool adds)
{
    v16 sum[ROWS_MAX][PARTS];
    load_block(sum, c, ldc, rows, columns, adds);
    for (int s = 0; s < segments; s++, a += rows) {
        const float *row[ROWS_MAX], *b = panel[s];
        for (int i = 0; i < rows; i++) row[i] = a[i];
        for (size_t t = 0; t < (size_t)k; t++, b += COLUMNS) {
            v16 right[PARTS];
            for (int p = 0; p < PARTS; p++) right[p] = v16_load(b + 16 * p);
            for (int i = 0; i < rows; i++) {
                v16 left = v16_set(row[i][t]);
                for (int p = 0; p < PARTS; p++) sum[i][p] = v16_fma(left, right[p], sum[i][p]);
            }
        }
    }
    store_block(c, ldc, sum, rows, columns);
}

/* `rows` is a constant wherever this is called; so is `parts`, unless the last part has a tail. */
INLINE void outer_block(int rows, int parts, float *c, size_t ldc, const float *const *a,
                        size_t a_at, const float *const *b, size_t b_at, int k, int columns,
                        bool adds)
{
    v16 sum[ROWS_MAX][PARTS];
    int tail = columns % 16 != 0;
    load_block(sum, c, ldc, rows, columns, adds);
    for (int t = 0; t < k; t++) {
        const float *left = a[t] + a_at, *row = b[t] + b_at;
        v16 right[PARTS];
        for (int p = 0; p < parts; p++)
            right[p] = tail && p == parts - 1 ? v16_load_n(row + 16 * p, in_part(columns, p))
                                              : v16_load(row + 16 * p);
        for (int i = 0; i < rows; i++) {
            v16 factor = v16_set(left[i]);
            for (int p = 0; p < parts; p++) sum[i][p] = v16_fma(factor, right[p], sum[i][p]);
        }
    }
    store_block(c, ldc, sum, rows, columns);
}

#define CONV_CASE(count)                                                                           \
    case count:                                                                                    \
        if (count <= ROWS) conv_block(count, c, ldc, a, panel, segments, k, columns, adds);        \
        break;

void KERNEL(conv_block)(float *c, size_t ldc, const float *const *a, const float *const *panel,
                        int segments, int k, int rows, int columns, bool adds)
{
    switch (rows) {
        CONV_CASE(1)
        CONV_CASE(2)
        CONV_CASE(3)
        CONV_CASE(4)
        CONV_CASE(5)
        CONV_CASE(6)
        CONV_CASE(7)
        CONV_CASE(8)
        CONV_CASE(9)
        CONV_CASE(10)
    }
}

#define OUTER_CASE(count)                                                                          \
    case count:                                                                                    \
        if (count > OUTER_ROWS) break;                                                             \
        if (columns > 16)                                                                          \
            outer_block(count, PARTS, c, ldc, a, a_at, b, b_at, k, columns, adds);                 \
        else                                                                                       \
            outer_block(count, 1, c, ldc, a, a_at, b, b_at, k, columns, adds);                     \
        break;

void KERNEL(outer_block)(float *c, size_t ldc, const float *const *a, size_t a_at,
                         const float *const *b, size_t b_at, int k, int rows, int columns,
                         bool adds)
{
    switch (rows) {
        OUTER_CASE(1)
        OUTER_CASE(2)
        OUTER_CASE(3)
        OUTER_CASE(4)
        OUTER_CASE(5)
        OUTER_CASE(6)
        OUTER_CASE(7)
        OUTER_CASE(8)
        OUTER_CASE(9)
        OUTER_CASE(10)
        OUTER_CASE(11)
        OUTER_CASE(12)
        OUTER_CASE(13)
        OUTER_CASE(14)
    }
}
