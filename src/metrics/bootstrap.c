/* The bootstrap. */
#include "metrics/bootstrap.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>

bool resamples_draw(Resamples *resamples, int count, size_t records, uint64_t seed, Arena *arena)
{
    size_t bytes = (size_t)count * records;
    if (!arena_reserve(arena, bytes + 1)) return false;
    uint8_t *times = arena_new(arena, uint8_t, bytes + 1);
    for (int b = 0; b < count; b++) {
        Random random = random_at(seed, RANDOM_RESAMPLE, 0, (uint64_t)b, 0);
        uint8_t *row = times + (size_t)b * records;
        for (size_t i = 0; i < records; i++) {
            /* More than 255 times would take more records than chance ever gives one of them. */
            uint8_t *drawn = &row[random_below(&random, (uint32_t)records)];
            *drawn = *drawn < UINT8_MAX ? (uint8_t)(*drawn + 1) : *drawn;
        }
    }
    *resamples = (Resamples){count, records, times};
    return true;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of rising values, count >= 1. */
static double percentile(const double *value, int count, double share)
{
    double place = share * (count - 1);
    int below = (int)place, above = below + 1 < count ? below + 1 : below;
    return value[below] + (place - below) * (value[above] - value[below]);
}

Interval resamples_interval(double *value, int count)
{
    int kept = 0;
    for (int b = 0; b < count; b++)
        if (!isnan(value[b])) value[kept++] = value[b];
    if (kept == 0) return (Interval){(double)NAN, (double)NAN};
    qsort(value, (size_t)kept, sizeof *value, by_value);
    return (Interval){percentile(value, kept, 0.025), percentile(value, kept, 0.975)};
}
