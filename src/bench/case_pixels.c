/* Resampling of one row or column of a picture: dim = source pixels, taps; 224 pixels come out. */
#include "bench/kernel_case.h"

enum { SIDE = 224 };

static size_t floats(const int *dim)
{
    return 4 * (size_t)(dim[0] > SIDE * dim[1] ? dim[0] : SIDE * dim[1]);
}

static double row_bytes(const int *dim)
{
    return 4.0 * dim[0] + 4.0 * sizeof(float) * SIDE;
}

static double column_bytes(const int *dim)
{
    return 4.0 * sizeof(float) * SIDE * (dim[1] + 1);
}

/* Bytes as random as the bits of floats are. */
static void row(Sample *s)
{
    int first[SIDE], taps = s->of->dim[1];
    for (int i = 0; i < SIDE; i++) first[i] = (s->of->dim[0] - taps) * i / SIDE;
    s->kernel->widen_bytes(s->x[0], (const uint8_t *)s->x[1], 4 * (size_t)s->of->dim[0]);
    s->kernel->resample_row(s->x[2], s->x[0], first, s->x[3], taps, SIDE);
}

static void column(Sample *s)
{
    s->kernel->resample_column(s->x[0], s->x[1], s->x[2], s->of->dim[1], 4 * (size_t)SIDE);
}

static void store(Sample *s)
{
    s->kernel->store_row(s->x[0], s->x[1], s->x[2], s->x[3], true, SIDE);
}

#define ROW(what, pixels, count, measure, function)                                                \
    {                                                                                              \
        .name = what, .dim = {pixels, count}, .size = #pixels " to 224, " #count " taps",          \
        .unit = UNIT_BYTES, .amount = measure, .floats = floats, .call = function                  \
    }

const KernelCase pixel_cases[] = {ROW("resample row", 340, 4, row_bytes, row),
                                  ROW("resample column", 340, 4, column_bytes, column),
                                  ROW("store row", 224, 1, row_bytes, store),
                                  {0}};
