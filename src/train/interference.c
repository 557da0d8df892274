/* Norms and cosines of the heads' gradients on the features: a step's, and means of the epoch. */
#include "interference.h"

#include <math.h>
#include <string.h>

static const double UNIT = 0x1p-40;

static size_t squares(const Interference *interference)
{
    return (size_t)interference->taps * (size_t)interference->taps;
}

static size_t place(const Interference *interference, int i, int j)
{
    return (size_t)i * (size_t)interference->taps + (size_t)j;
}

void interference_create(Interference *interference, int taps, Arena *run)
{
    *interference = (Interference){.taps = taps};
    interference->norm = arena_new(run, double, taps + 1);
    interference->cosine = arena_new(run, double, squares(interference) + 1);
    interference->sum = arena_new(run, double, 2 * squares(interference) + 1);
    interference->steps = interference->sum + squares(interference);
}

size_t interference_pairs(int taps)
{
    return (size_t)taps * ((size_t)taps + 1) / 2;
}

size_t interference_pair(int i, int j)
{
    return (size_t)i * ((size_t)i + 1) / 2 + (size_t)j;
}

int64_t interference_quantum(double product, double scale, int power)
{
    double most = 0x1p61 / power, quanta = scale != 0 ? product / scale / UNIT : 0;
    if (quanta != quanta) return 0; /* the step is lost anyway */
    return (int64_t)nearbyint(quanta > most ? most : quanta < -most ? -most : quanta);
}

static double product_of(const int64_t *total, int i, int j)
{
    return (double)total[interference_pair(i, j)] * UNIT;
}

static void add_to_epoch(Interference *interference, int i, int j, double value)
{
    interference->sum[place(interference, i, j)] += value;
    interference->steps[place(interference, i, j)]++;
}

void interference_observe(Interference *interference, const int64_t *total, const double *share,
                          const double *weight)
{
    for (int i = 0; i < interference->taps; i++) {
        double square = product_of(total, i, i);
        interference->norm[i] = square > 0 ? share[i] * sqrt(square) : 0;
        interference->cosine[place(interference, i, i)] = square > 0;
        if (square > 0) add_to_epoch(interference, i, i, weight[i] * interference->norm[i]);
        for (int j = 0; j < i; j++) {
            double norms = sqrt(square > 0 ? square : 0) * sqrt(fmax(product_of(total, j, j), 0));
            double cosine = norms > 0 ? product_of(total, i, j) / norms : 0;
            interference->cosine[place(interference, i, j)] = cosine;
            interference->cosine[place(interference, j, i)] = cosine;
            if (norms == 0) continue;
            add_to_epoch(interference, i, j, cosine);
            add_to_epoch(interference, j, i, cosine);
        }
    }
}

static double mean(const Interference *interference, int i, int j)
{
    double steps = interference->steps[place(interference, i, j)];
    return steps > 0 ? interference->sum[place(interference, i, j)] / steps : 0;
}

double interference_norm(const Interference *interference, int i)
{
    return mean(interference, i, i);
}

double interference_cosine(const Interference *interference, int i, int j)
{
    if (i == j) return interference->steps[place(interference, i, i)] > 0;
    return mean(interference, i, j);
}

void interference_end_epoch(Interference *interference)
{
    memset(interference->sum, 0, sizeof *interference->sum * 2 * squares(interference));
}
