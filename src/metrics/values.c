/* Errors of numbers. */
#include "metrics/values.h"

#include <math.h>

ValueFigures value_figures(const double *label, const double *distance, size_t count)
{
    double sum = 0, squares = 0, mean = 0, variance = 0, n = (double)count;
    for (size_t i = 0; i < count; i++) {
        sum += distance[i];
        squares += distance[i] * distance[i];
        mean += label[i];
    }
    if (count) mean /= n;
    for (size_t i = 0; i < count; i++) variance += (label[i] - mean) * (label[i] - mean);
    ValueFigures figures = {(double)NAN, (double)NAN, (double)NAN};
    if (count) figures.mae = sum / n;
    if (count) figures.rmse = sqrt(squares / n);
    if (variance > 0) figures.r2 = 1 - squares / variance;
    return figures;
}
