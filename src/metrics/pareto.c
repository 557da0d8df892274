/* Pareto fronts. */
#include "metrics/pareto.h"

#include <math.h>
#include <string.h>

bool pareto_dominates(const double *a, const double *b, int heads)
{
    bool better = false;
    for (int h = 0; h < heads; h++) {
        if (!(a[h] >= b[h])) return false;
        better |= a[h] > b[h];
    }
    return better;
}

static bool are_equal(const double *a, const double *b, int heads)
{
    bool equal = true;
    for (int h = 0; h < heads; h++) equal &= a[h] == b[h];
    return equal;
}

static double *merit_of(const ParetoFront *front, size_t point)
{
    return front->merit + point * (size_t)front->heads;
}

static void move_point(ParetoFront *front, size_t to, size_t from)
{
    if (to == from) return;
    front->point[to] = front->point[from];
    memcpy(merit_of(front, to), merit_of(front, from), sizeof(double) * (size_t)front->heads);
}

bool pareto_add(ParetoFront *front, uint64_t step, const double *merit)
{
    size_t row = sizeof(double) * (size_t)front->heads, left = 0;
    for (size_t p = 0; p < front->points; p++)
        if (pareto_dominates(merit_of(front, p), merit, front->heads) ||
            are_equal(merit_of(front, p), merit, front->heads))
            return false;
    for (size_t p = 0; p < front->points; p++)
        if (!pareto_dominates(merit, merit_of(front, p), front->heads))
            move_point(front, left++, p);
    front->point[left] = (ParetoPoint){.step = step, .kept = true};
    memcpy(merit_of(front, left), merit, row);
    front->points = left + 1;
    return true;
}

size_t pareto_kept(const ParetoFront *front)
{
    size_t kept = 0;
    for (size_t p = 0; p < front->points; p++) kept += front->point[p].kept;
    return kept;
}

/* What a head's merits span over the kept points; those of -infinity are left out. */
static double range_of(const ParetoFront *front, int head)
{
    double low = (double)INFINITY, high = (double)-INFINITY;
    for (size_t p = 0; p < front->points; p++) {
        double merit = merit_of(front, p)[head];
        if (!front->point[p].kept || !isfinite(merit)) continue;
        low = fmin(low, merit);
        high = fmax(high, merit);
    }
    return high > low ? high - low : 0;
}

/* The most that a head loses with point `other` in the place of `point`. */
static double loss_by(const ParetoFront *front, size_t point, size_t other)
{
    double most = (double)-INFINITY;
    for (int h = 0; h < front->heads; h++) {
        double lost = merit_of(front, point)[h] - merit_of(front, other)[h];
        if (front->range[h] > 0 && !isnan(lost)) most = fmax(most, lost / front->range[h]);
    }
    return most;
}

static double loss_of(const ParetoFront *front, size_t point)
{
    double least = (double)INFINITY;
    for (size_t p = 0; p < front->points; p++)
        if (p != point && front->point[p].kept) least = fmin(least, loss_by(front, point, p));
    return least;
}

static size_t find_least_loss(const ParetoFront *front)
{
    size_t found = 0;
    double least = (double)INFINITY;
    for (int h = 0; h < front->heads; h++) front->range[h] = range_of(front, h);
    for (size_t p = 0; p < front->points; p++) {
        if (!front->point[p].kept) continue;
        double loss = loss_of(front, p);
        if (loss <= least) least = loss, found = p;
    }
    return found;
}

void pareto_keep(ParetoFront *front, size_t limit)
{
    while (pareto_kept(front) > limit) front->point[find_least_loss(front)].kept = false;
}
