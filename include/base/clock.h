/* Monotonic time. */
#pragma once

/* Seconds since an arbitrary fixed moment. */
double clock_seconds(void);
