/*
 * The inside of convolutions without a patch matrix: as in matmul.c a block of the output is held in registers,
 * but each row of the left side is found through a pointer, so that the taps of a window need not be
 * neighbours. Each output is added in the order of segments and k with fused multiply-adds.
 */
#include "kernels.h"

#if defined(KERNEL_ISA_v4)
/* 20 accumulators hide the latency, and ten pointers still fit into the other registers. */
enum { ROWS = 10, PARTS = 2 };
#elif defined(KERNEL_ISA_v2)
enum { ROWS = 2, PARTS = 1 };
#else
enum { ROWS = 6, PARTS = 1 };
#endif
enum { COLUMNS = 16 * PARTS, ROWS_MAX = 10 };

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

void KERNEL(conv_pack)(float *panels, const float *const *rows, int k, int n)
{
    for (int first = 0; first < n; first += COLUMNS, panels += (size_t)k * COLUMNS) {
        int columns = n - first < COLUMNS ? n - first : COLUMNS;
        for (int t = 0; t < k; t++)
            for (int p = 0; p < PARTS; p++) {
                int count = in_part(columns, p);
                v16_store(panels + (size_t)t * COLUMNS + 16 * p,
                          count > 0 ? v16_load_n16(rows[t] + first + 16 * p, count) : v16_zero());
            }
    }
}
