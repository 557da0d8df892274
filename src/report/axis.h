/* Axes of charts; private to report. */
#pragma once

#include <stdbool.h>

enum { TICKS_MAX = 12 };

typedef struct Axis {
    double low, high; /* of the axis; of the logarithm to base 10, if `log` */
    bool log;
    double tick[TICKS_MAX];
    int ticks;
} Axis;

/* An axis for values from `low` to `high` with about `wanted` ticks at round numbers. It ends at the values
 * themselves, or with `widen` at ticks around them. */
Axis axis_make(double low, double high, int wanted, bool widen);
/* The same for positive values on a logarithmic axis, with ticks at powers of ten, or 1, 2 and 5 times these. */
Axis axis_make_log(double low, double high);

/* Where a value lies, from 0 to 1. */
double axis_place(const Axis *axis, double value);
