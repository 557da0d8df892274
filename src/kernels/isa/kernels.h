/* The kernels of one instruction set; included by their files and by table.c. */
#pragma once

#include "isa.h"
#include "kernels/kernels.h"

/* One prototype per member of the table, taken from the member's type. */
#define KERNEL_LIST(X)                                                                             \
    X(add)                                                                                         \
    X(scale)                                                                                       \
    X(clip_forward)                                                                                \
    X(clip_backward)                                                                               \
    X(silu_forward)                                                                                \
    X(silu_backward)                                                                               \
    X(affine_forward)                                                                              \
    X(affine_backward)                                                                             \
    X(column_sum)                                                                                  \
    X(bias_add)                                                                                    \
    X(gelu_forward)                                                                                \
    X(gelu_backward)                                                                               \
    X(normalize_forward)                                                                           \
    X(normalize_backward)                                                                          \
    X(column_moments_add)                                                                          \
    X(batchnorm_apply)                                                                             \
    X(batchnorm_backward_reduce)                                                                   \
    X(batchnorm_backward_apply)                                                                    \
    X(depthwise_forward)                                                                           \
    X(depthwise_backward)                                                                          \
    X(depthwise_scratch)                                                                           \
    X(average_pool_backward)                                                                       \
    X(average_pool_forward)                                                                        \
    X(max_pool_backward)                                                                           \
    X(max_pool_forward)                                                                            \
    X(depthwise_strided_forward)                                                                   \
    X(depthwise_strided_backward)                                                                  \
    X(column_dot)                                                                                  \
    X(column_combine)                                                                              \
    X(softmax_backward)                                                                            \
    X(winograd_input)                                                                              \
    X(winograd_output)                                                                             \
    X(winograd_output_backward)                                                                    \
    X(winograd_input_backward)                                                                     \
    X(winograd_weight)                                                                             \
    X(winograd_weight_backward)                                                                    \
    X(unfold_columns)                                                                              \
    X(unfold_row)                                                                                  \
    X(matmul_rows)                                                                                 \
    X(matmul_columns)                                                                              \
    X(matmul_block)                                                                                \
    X(matmul_block_ahead)                                                                          \
    X(matmul_block_panels)                                                                         \
    X(matmul_pack)                                                                                 \
    X(conv_rows)                                                                                   \
    X(conv_block)                                                                                  \
    X(conv_pack)                                                                                   \
    X(im2col)                                                                                      \
    X(col2im_add)                                                                                  \
    X(softmax)                                                                                     \
    X(exact_add)                                                                                   \
    X(exact_read)                                                                                  \
    X(dot)                                                                                         \
    X(sum_squares)                                                                                 \
    X(adamw)                                                                                       \
    X(sgd)                                                                                         \
    X(widen_bytes)                                                                                 \
    X(resample_row)                                                                                \
    X(resample_column)                                                                             \
    X(store_row)

#define KERNEL_DECLARE(name) extern __typeof__(*((Kernels *)0)->name) KERNEL(name);
KERNEL_LIST(KERNEL_DECLARE)
#undef KERNEL_DECLARE

extern const Kernels KERNEL(kernel_table);
