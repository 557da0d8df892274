/* Matrix products of our own; private to kernels (gemm.h chooses). */
#pragma once

#include "kernels/gemm.h"

/* As gemm, with a poll after each piece of about a millisecond at most. Bits are those of
 * c = beta * c + sum over k, in the order of k, of (alpha * b) a, with fused multiply-adds. */
void matmul(Transpose ta, Transpose tb, int m, int n, int k, float alpha, const float *a, int lda,
            const float *b, int ldb, float beta, float *c, int ldc, GemmPoll poll);

/* The same for B packed as gemm.h tells. */
size_t matmul_packed_floats(int k, int n);
int matmul_packed_columns(void);
void matmul_pack(float *packed, Transpose tb, int k, int n, const float *b, int ldb);
void matmul_packed(Transpose ta, int m, int n, int k, const float *a, int lda, const float *packed,
                   float beta, float *c, int ldc, GemmPoll poll);
