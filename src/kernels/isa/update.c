/* Optimizer updates, as PyTorch defines them; elementwise, so that any cut of the arrays gives the
 * same bits. */
#include "kernels.h"

void KERNEL(adamw)(float *value, float *m, float *v, const float *grad, const AdamWStep *step,
                   size_t n)
{
    const float decay = step->lr * step->weight_decay, beta1 = step->beta1, beta2 = step->beta2;
    const float rest1 = step->rest1, rest2 = step->rest2, scale = step->grad_scale;
    const float size = step->lr / step->correction1, root = __builtin_sqrtf(step->correction2);
    const float epsilon = step->epsilon;
    ELEMENTWISE
    for (size_t i = 0; i < n; i++) {
        float g = grad[i] * scale;
        m[i] = scalar_fma(m[i], beta1, g * rest1);
        v[i] = scalar_fma(v[i], beta2, g * g * rest2);
        float denominator = __builtin_sqrtf(v[i]) / root + epsilon;
        /* One rounding of the value: 1 - decay as a factor would be wrong by the same in each step. */
        value[i] -= scalar_fma(value[i], decay, size * (m[i] / denominator));
    }
}

void KERNEL(sgd)(float *value, float *m, const float *grad, const SgdStep *step, size_t n)
{
    const float decay = step->weight_decay, momentum = step->momentum, scale = step->grad_scale;
    const float lr = step->lr;
    const bool nesterov = step->nesterov;
    ELEMENTWISE
    for (size_t i = 0; i < n; i++) {
        float g = scalar_fma(value[i], decay, grad[i] * scale);
        m[i] = scalar_fma(m[i], momentum, g);
        float direction = nesterov ? scalar_fma(m[i], momentum, g) : m[i];
        value[i] -= lr * direction;
    }
}
