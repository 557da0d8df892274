/*
 * SiLU, x s with s = 1 / (1 + exp(-x)), and its slope s (1 + x (1 - s)). |x| is held at 87 for the
 * exponential alone.
 */
#include "kernels.h"

INLINE v16 sigmoid(v16 x)
{
    v16 size = v16_abs(x), held;
    FOR_VECS held.v[p] = vec_select(size.v[p] > (vec){0} + 87.0F, (vec){0} + 87.0F, size.v[p]);
    v16 e = v16_exp(v16_sub(v16_zero(), held)); /* exp(-|x|) <= 1 */
    v16 large = v16_div(v16_set(1), v16_add(v16_set(1), e));
    return v16_where_not_positive(x, v16_mul(e, large), large);
}

void KERNEL(silu_forward)(float *out, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        int count = n - i < 16 ? (int)(n - i) : 16;
        v16 a = v16_load_n16(x + i, count);
        v16_store_n16(out + i, v16_mul(a, sigmoid(a)), count);
    }
}

void KERNEL(silu_backward)(float *dx, const float *dout, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        int count = n - i < 16 ? (int)(n - i) : 16;
        v16 a = v16_load_n16(x + i, count), s = sigmoid(a);
        v16 slope = v16_mul(s, v16_fma(a, v16_sub(v16_set(1), s), v16_set(1)));
        v16_store_n16(dx + i, v16_mul(v16_load_n16(dout + i, count), slope), count);
    }
}
