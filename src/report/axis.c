/* Axes with round ticks. */
#include "axis.h"

#include <math.h>

/* The nearest of 1, 2, 5 times a power of ten that is not below `step`. */
static double round_step(double step)
{
    double power = pow(10, floor(log10(step))), times = step / power;
    return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

Axis axis_make(double low, double high, int wanted, bool widen)
{
    if (!(high > low)) {
        double around = fabs(low) / 2;
        low -= around, high += low == 0 ? 1 : around;
    }
    double step = round_step((high - low) / wanted);
    Axis axis = {.low = low, .high = high};
    if (widen) {
        axis.low = floor(low / step + 1e-9) * step;
        axis.high = ceil(high / step - 1e-9) * step;
    }
    double first = ceil(axis.low / step - 1e-9);
    for (int i = 0; i < TICKS_MAX && (first + i) * step <= axis.high + step * 1e-9; i++)
        axis.tick[axis.ticks++] = (first + i) * step;
    return axis;
}

Axis axis_make_log(double low, double high)
{
    static const double times[] = {1, 2, 5};
    Axis axis = {.log = true, .low = log10(low), .high = log10(high)};
    if (axis.high - axis.low < 0.3) axis.low -= 0.15, axis.high += 0.15;
    int every = (int)ceil((axis.high - axis.low) / 6);
    int kinds = axis.high - axis.low < 2 ? 3 : 1;
    for (int power = (int)floor(axis.low); power <= axis.high; power++)
        for (int k = 0; k < kinds && axis.ticks < TICKS_MAX; k++) {
            double at = power + log10(times[k]);
            if (at < axis.low - 1e-9 || at > axis.high + 1e-9 || power % every != 0) continue;
            axis.tick[axis.ticks++] = pow(10, at);
        }
    return axis;
}

double axis_place(const Axis *axis, double value)
{
    return ((axis->log ? log10(value) : value) - axis->low) / (axis->high - axis->low);
}
