/* Softmax of rows. */
#include "kernels.h"

#include "base/plain_log.h"

/* Row loads for a maximum: the last vector's missing elements repeat the first one. */
INLINE float row_largest(const float *x, int C)
{
    v16 largest = v16_set(x[0]);
    for (int c = 0; c + 16 <= C; c += 16)
        largest = v16_max(v16_load(x + c), largest); /* NaN in the row stays */
    float result = v16_largest(largest);
    for (int c = C / 16 * 16; c < C; c++) result = x[c] > result ? x[c] : result;
    return result;
}

void KERNEL(softmax)(float *probability, float *log_sum, const float *logits, size_t rows, int C)
{
    for (size_t r = 0; r < rows; r++, probability += C, logits += C) {
        float largest = row_largest(logits, C);
        v16 sum = v16_zero(), shift = v16_set(largest);
        for (int c = 0; c < C; c += 16) {
            int n = C - c < 16 ? C - c : 16;
            v16 e = v16_exp(v16_sub(v16_load_n16(logits + c, n), shift));
            v16_store_n16(probability + c, e, n);
            sum = v16_add(sum, v16_load_n16(probability + c, n));
        }
        float total = v16_sum(sum);
        log_sum[r] = (float)((double)largest + plain_log((double)total));
        v16 share = v16_set(1 / total);
        for (int c = 0; c < C; c += 16) {
            int n = C - c < 16 ? C - c : 16;
            v16_store_n16(probability + c, v16_mul(v16_load_n16(probability + c, n), share), n);
        }
    }
}

void KERNEL(softmax_backward)(float *d, const float *p, size_t rows, int C)
{
    for (size_t r = 0; r < rows; r++, d += C, p += C) {
        v16 sum = v16_zero();
        for (int c = 0; c < C; c += 16) {
            int n = C - c < 16 ? C - c : 16;
            sum = v16_fma(v16_load_n16(d + c, n), v16_load_n16(p + c, n), sum);
        }
        v16 mean = v16_set(v16_sum(sum));
        for (int c = 0; c < C; c += 16) {
            int n = C - c < 16 ? C - c : 16;
            v16 centred = v16_sub(v16_load_n16(d + c, n), mean);
            v16_store_n16(d + c, v16_mul(v16_load_n16(p + c, n), centred), n);
        }
    }
}
