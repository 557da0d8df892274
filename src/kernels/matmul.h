/* Matrix products of our own; private to kernels (gemm.h chooses). */
#pragma once

#include "kernels/gemm.h"

/* As gemm, with a poll after each piece of about a millisecond at most. Bits are those of
 * c = beta * c + sum over k, in the order of k, of (alpha * b) a, with fused multiply-adds. */
void matmul(Transpose ta, Transpose tb, int m, int n, int k, float alpha, const float *a, int lda,
            const float *b, int ldb, float beta, float *c, int ldc, GemmPoll poll);

/* gemm_panel and gemm_panels, see there. */
int matmul_panel(void);
void matmul_panels(const PanelProduct *product);
