/* How sure a share is. */
#include "metrics/interval.h"

#include <math.h>

Interval interval_wilson(int64_t hits, int64_t count)
{
    static const double z = 1.959963984540054; /* the normal distribution's 97.5 % */
    if (count == 0) return (Interval){(double)NAN, (double)NAN};
    double n = (double)count, share = (double)hits / n, spread = z * z / n;
    double centre = (share + spread / 2) / (1 + spread);
    double half = z * sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread);
    return (Interval){centre - half, centre + half};
}
