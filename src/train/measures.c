/* The measures, and what they share. */
#include "measures.h"

#include <math.h>

const Measure *const measures[] = {[MEASURE_CLASS] = &measure_class,
                                   [MEASURE_RANK] = &measure_rank,
                                   [MEASURE_SET] = &measure_set,
                                   [MEASURE_VALUE] = &measure_value,
                                   [MEASURE_ANGLE] = &measure_angle};

int64_t score_units(double value, double unit)
{
    double units = nearbyint(value / unit);
    return units < 0x1p52 ? (int64_t)units : (int64_t)1 << 52;
}

ClassCounts measure_classes(const int64_t *count, int classes)
{
    return (ClassCounts){classes, count, count + classes, count + 2 * (size_t)classes};
}
