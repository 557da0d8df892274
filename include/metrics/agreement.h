/* Agreement of ordered classes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Cohen's kappa with squared distances as weights, over (count) pairs of ranks: 1 where all agree, 0 as by chance.
 * NaN where chance would agree as well: all ranks are one. */
double agreement_kappa(const int32_t *label, const int32_t *predicted, size_t count);
