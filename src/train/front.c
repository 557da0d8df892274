/* The Pareto front of a run's validations. */
#include "train/front.h"

#include <math.h>
#include <string.h>

Front front_begin(int heads, Arena *arena)
{
    return (Front){.pareto = {.heads = heads, .range = arena_new(arena, double, heads + 1)},
                   .merit = arena_new(arena, double, heads + 1),
                   .arena = arena};
}

/* For one point more. */
static void make_room(Front *front)
{
    ParetoFront *pareto = &front->pareto;
    pareto->point = arena_extend(front->arena, pareto->point, pareto->points);
    pareto->merit = arena_extend_rows(front->arena, pareto->merit, pareto->points,
                                      sizeof *pareto->merit * (size_t)pareto->heads);
}

bool front_take(Front *front, uint64_t step, const Score *score, size_t limit)
{
    ParetoFront *pareto = &front->pareto;
    for (int h = 0; h < pareto->heads; h++) {
        HeadResult result = score_head(score, h);
        front->merit[h] = head_merit(&result);
    }
    make_room(front);
    if (!pareto_add(pareto, step, front->merit)) return false;
    size_t own = pareto->points - 1;
    pareto_keep(pareto, limit);
    return pareto->point[own].kept;
}

double *front_to_numbers(const Front *front, size_t *count, Arena *arena)
{
    const ParetoFront *pareto = &front->pareto;
    size_t heads = (size_t)pareto->heads;
    *count = pareto->points * (heads + 2);
    double *number = arena_new(arena, double, *count + 1), *at = number;
    for (size_t p = 0; p < pareto->points; p++, at += heads + 2) {
        at[0] = (double)pareto->point[p].step;
        at[1] = pareto->point[p].kept;
        memcpy(at + 2, pareto->merit + p * heads, sizeof *at * heads);
    }
    return number;
}

static bool is_point(const double *number, size_t heads)
{
    static const double most = 9007199254740992; /* 2^53 */
    bool ok = number[0] >= 0 && number[0] <= most && (number[1] == 0 || number[1] == 1);
    for (size_t h = 0; h < heads; h++) ok &= !isnan(number[2 + h]);
    return ok;
}

bool front_from_numbers(Front *front, const double *number, size_t count, Error *err)
{
    ParetoFront *pareto = &front->pareto;
    size_t heads = (size_t)pareto->heads, row = heads + 2;
    if (count % row != 0)
        return error_set(err, ERROR_DATA, "/front: has %zu numbers, not %zu for each point", count,
                         row);
    for (; count > 0; count -= row, number += row) {
        if (!is_point(number, heads))
            return error_set(err, ERROR_DATA, "/front: holds a point that is none");
        make_room(front);
        memcpy(pareto->merit + pareto->points * heads, number + 2, sizeof *number * heads);
        pareto->point[pareto->points++] =
            (ParetoPoint){.step = (uint64_t)number[0], .kept = number[1] == 1};
    }
    return true;
}
