/* Products and sums of columns, for norms over the places of an image. */
#include "kernels.h"

enum { BLOCK = 256 };

/* Sums in double, rows in order. */
void KERNEL(column_dot)(float *out, const float *a, const float *b, size_t rows, int C)
{
    for (int begin = 0; begin < C; begin += BLOCK) {
        int n = C - begin < BLOCK ? C - begin : BLOCK;
        double sum[BLOCK] = {0};
        for (size_t r = 0; r < rows; r++) {
            const float *x = a + r * (size_t)C + begin, *y = b + r * (size_t)C + begin;
            ELEMENTWISE
            for (int c = 0; c < n; c++) sum[c] += (double)x[c] * (double)y[c];
        }
        ELEMENTWISE
        for (int c = 0; c < n; c++) out[begin + c] = (float)sum[c];
    }
}

void KERNEL(column_combine)(float *out, const float *a, const float *scale_a, const float *b,
                            const float *scale_b, size_t rows, int C)
{
    for (size_t r = 0; r < rows; r++) {
        size_t at = r * (size_t)C;
        ELEMENTWISE
        for (int c = 0; c < C; c++)
            out[at + (size_t)c] =
                scalar_fma(a[at + (size_t)c], scale_a[c], b[at + (size_t)c] * scale_b[c]);
    }
}
