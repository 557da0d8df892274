/* The bounds of the activations that clip. */
#pragma once

#include "isa.h"
#include "kernels/kernels.h"

/* The upper bound; none: infinity. */
INLINE float clip_limit(Activation activation)
{
    return activation == ACTIVATION_RELU6 ? 6 : __builtin_inff();
}

/* Whether a result lies at a bound, where the slope is 0. `|`, not `||`: no branch in a loop. */
INLINE int is_clipped(float out, float limit)
{
    return (out <= 0) | (out >= limit);
}
