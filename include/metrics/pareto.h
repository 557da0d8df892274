/*
 * Results that no other beats in every head at once. Heads share a trunk, so what is best for one is rarely best for all;
 * the results among which there is a choice are the Pareto front. Merits: more is better; -infinity is allowed, NaN is
 * not.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a (heads) is nowhere worse than b, and somewhere better. */
bool pareto_dominates(const double *a, const double *b, int heads);

typedef struct ParetoPoint {
    uint64_t step;
    bool kept; /* one of those that stand for the front */
} ParetoPoint;

typedef struct ParetoFront {
    int heads;
    size_t points;
    ParetoPoint *point; /* (points), in the order in which they came; memory of the caller */
    double *merit;      /* (points,heads) likewise */
    double *range;      /* (heads) likewise, for pareto_keep */
} ParetoFront;

/* Takes in a result: what it dominates leaves the front. False: it is dominated itself, or equals one that came before. Arrays
 * have room for one more point, which begins as kept. */
bool pareto_add(ParetoFront *front, uint64_t step, const double *merit);

/* Until at most `limit` points are kept, gives up the one whose loss is least: the most that any head loses by the best
 * of the other kept ones in its place, in units of the range of that head over the kept ones (the additive epsilon
 * indicator of E. Zitzler and S. Künzli, Indicator-based selection in multiobjective search, 2004). Of equal losses the
 * last point goes. Its time is that of points² · heads for each point that is given up. */
void pareto_keep(ParetoFront *front, size_t limit);

size_t pareto_kept(const ParetoFront *front); /* how many are */
