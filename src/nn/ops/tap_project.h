/* Projection of conflicting gradients (Yu et al. 2020, PCGrad), from their products alone. */
#pragma once

#include "base/random.h"

#include <stddef.h>

/* Doubles of scratch behind the coefficients, these included. */
size_t tap_project_doubles(int heads);

/*
 * product (heads,heads): inner products of the heads' gradients g. Each gradient starts as its own and meets the others
 * in an order that is drawn; what it then is may point against another one's own gradient, in which case it loses its
 * part along that. coefficient (heads), then scratch: what is left of all of them together is the sum over i of
 * coefficient[i] * g[i]. A gradient of zero conflicts with none.
 */
void tap_project(double *coefficient, const double *product, int heads, Random *random);
