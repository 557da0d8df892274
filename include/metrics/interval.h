/* How sure a share is that was counted. */
#pragma once

#include <stdint.h>

typedef struct Interval {
    double low, high;
} Interval;

/* Wilson's interval of 95 % for `hits` of `count`; NaN if count is 0. (E. B. Wilson, Probable inference, the law of
 * succession, and statistical inference, 1927.) */
Interval interval_wilson(int64_t hits, int64_t count);
