/* Targets of one class each, for heads on the bench. */
#pragma once

#include "nn/run.h"

/* Fills out (count) from labels, of which those below 0 are missing. */
static inline Target *targets_of(Target *out, const int *label, int count)
{
    for (int n = 0; n < count; n++)
        out[n] = label[n] < 0 ? (Target){0} : (Target){.weight = 1, .label = label[n]};
    return out;
}
