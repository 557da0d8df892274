/* Errors of numbers. */
#pragma once

#include <stddef.h>

typedef struct ValueFigures {
    double mae, rmse; /* mean distance, root of the mean squared one, in the labels' unit */
    double r2;        /* share of the labels' variance that is explained; NaN if they have none */
} ValueFigures;

/* label, distance (count); sums in their order. All is NaN if there are none. */
ValueFigures value_figures(const double *label, const double *distance, size_t count);
