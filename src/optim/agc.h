/* Adaptive gradient clipping; private to optim. */
#pragma once

#include "optim/optimizer.h"

/* Units of a parameter, each of which is clipped by itself: the outputs of a matrix or convolution, the
 * channels of a depthwise one; a vector is one unit. 0: not clipped (heads). */
size_t agc_units(const Param *param);

/* factor (units) = what each unit's gradient is multiplied by: min(1, clip * max(norm of its values, 1e-3) /
 * norm of its gradient). `squares` (2 * units) is scratch. Sums are double, in the order of elements. */
void agc_factors(float *factor, double *squares, const Param *param, const float *value,
                 double clip, GradientFn *read, void *context);

/* Multiplies elements [begin, begin + count) of the parameter's gradient by their units' factors. */
void agc_apply(float *gradient, const float *factor, const Param *param, size_t begin,
               size_t count);
