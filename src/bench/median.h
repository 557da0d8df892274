/* Medians; private to bench. */
#pragma once

/* Sorts `values` (count >= 1) and returns the middle one. */
double median_of(double *values, int count);
