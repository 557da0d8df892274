/* Weights of antialiased resampling. */
#include "data/filter.h"

#include <math.h>

static double triangle(double x)
{
    return x < 1 ? 1 - x : 0;
}

/* Keys 1981, "Cubic convolution interpolation for digital image processing". */
static double cubic(double x)
{
    static const double a = -0.5;
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

/* By FilterKind; `radius` is where the filter ends, for x >= 0. */
static const struct {
    double radius;
    double (*value)(double x);
} filters[] = {{1, triangle}, {2, cubic}};

/* Input pixels per output pixel, at least 1: how much the filter is widened. */
static double widening(double length, int side)
{
    return length / side > 1 ? length / side : 1;
}

double filter_reach(FilterKind kind, double length, int side)
{
    return filters[kind].radius * widening(length, side);
}

int filter_taps(FilterKind kind, double length, int side, int available)
{
    int taps = 2 * (int)ceil(filter_reach(kind, length, side)) + 1;
    return taps < available ? taps : available;
}

void filter_plan(const FilterAxis *axis, FilterKind kind, double begin, double length, int side,
                 int available)
{
    double wide = widening(length, side), reach = filter_reach(kind, length, side);
    for (int i = 0; i < side; i++) {
        double centre = begin + (i + 0.5) * (length / side), sum = 0;
        int first = (int)floor(centre - reach + 0.5);
        if (first > available - axis->taps) first = available - axis->taps;
        if (first < 0) first = 0;
        float *weight = axis->weight + (size_t)i * (size_t)axis->taps;
        for (int t = 0; t < axis->taps; t++) {
            weight[t] = (float)filters[kind].value(fabs(first + t + 0.5 - centre) / wide);
            sum += (double)weight[t];
        }
        for (int t = 0; t < axis->taps; t++) weight[t] = (float)((double)weight[t] / sum);
        axis->first[i] = first;
    }
}
