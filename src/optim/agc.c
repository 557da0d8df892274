/* Adaptive gradient clipping (Brock et al. 2021): the gradient of a unit may be no larger than a share of
 * the unit's own values. The last layers, the heads, are left out, as there. */
#include "agc.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Least norm of a unit's values: those that start at zero must be able to leave it. */
static const double VALUE_MIN = 1e-3, GRADIENT_MIN = 1e-6;

/* Depthwise kernels (K,K,C) have their outputs on the last axis, all others on the first. */
static bool is_depthwise(const Param *param)
{
    return param->shape.rank == 3;
}

size_t agc_units(const Param *param)
{
    if (param->stage == 0) return 0;
    if (param->shape.rank == 1) return 1;
    return (size_t)param->shape.dim[is_depthwise(param) ? 2 : 0];
}

static size_t unit_of(const Param *param, size_t units, size_t element)
{
    assert(units > 0);
    return is_depthwise(param) ? element % units : element / (param->count / units);
}

void agc_factors(float *factor, double *squares, const Param *param, const float *value,
                 double clip, GradientFn *read, void *context)
{
    size_t units = agc_units(param);
    double *value_squares = squares, *gradient_squares = squares + units;
    float gradient[OPTIMIZER_BLOCK];
    memset(squares, 0, sizeof *squares * 2 * units);
    for (size_t i = 0; i < param->count; i++) {
        size_t at = i % OPTIMIZER_BLOCK, left = param->count - i;
        if (at == 0)
            read(context, param->offset + i, gradient,
                 left < OPTIMIZER_BLOCK ? left : OPTIMIZER_BLOCK);
        size_t unit = unit_of(param, units, i);
        value_squares[unit] += (double)value[i] * (double)value[i];
        gradient_squares[unit] += (double)gradient[at] * (double)gradient[at];
    }
    for (size_t u = 0; u < units; u++) {
        double most = clip * fmax(sqrt(value_squares[u]), VALUE_MIN);
        double norm = sqrt(gradient_squares[u]);
        factor[u] = norm < most ? 1 : (float)(most / fmax(norm, GRADIENT_MIN));
    }
}

void agc_apply(float *gradient, const float *factor, const Param *param, size_t begin, size_t count)
{
    size_t units = agc_units(param);
    if (units == 0) return;
    for (size_t i = 0; i < count; i++) gradient[i] *= factor[unit_of(param, units, begin + i)];
}
