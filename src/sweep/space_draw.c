/* The space that a sweep searches: what the trials get of it. */
#include "sweep/space.h"

#include "base/hash.h"
#include "base/plain_exp.h"
#include "base/plain_log.h"
#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* From `low` on, below `high`. */
static double place(const Axis *axis, double low, double high, double uniform)
{
    if (!axis->log) return low + uniform * (high - low);
    return plain_exp(plain_log(low) + uniform * (plain_log(high) - plain_log(low)));
}

/* Four digits are what is worth writing down, and the run has what is written. */
static const char *draw_real(const Axis *axis, double uniform, Arena *arena)
{
    const char *text = arena_printf(arena, "%.4g", place(axis, axis->low, axis->high, uniform));
    double rounded = strtod(text, NULL);
    return rounded < axis->low ? axis->low_text : rounded > axis->high ? axis->high_text : text;
}

static const char *draw_integer(const Axis *axis, double uniform, Arena *arena)
{
    double value = floor(place(axis, axis->low, axis->high + 1, uniform));
    return arena_printf(arena, "%.0f", fmin(fmax(value, axis->low), axis->high));
}

static const char *draw(const Axis *axis, uint64_t seed, int trial, uint32_t attempt, Arena *arena)
{
    Random random = random_at(seed, RANDOM_SWEEP, hash_text(axis->key), (uint64_t)trial, attempt);
    if (axis->kind == AXIS_LIST) return axis->value[random_below(&random, (uint32_t)axis->count)];
    double uniform = random_uniform(&random);
    return axis->kind == AXIS_REAL ? draw_real(axis, uniform, arena)
                                   : draw_integer(axis, uniform, arena);
}

/* Infinite with a real axis. */
static double count_combinations(const Space *space)
{
    double count = 1;
    for (int a = 0; a < space->axes; a++) {
        const Axis *axis = &space->axis[a];
        count *= axis->kind == AXIS_LIST   ? axis->count
                 : axis->kind == AXIS_REAL ? (double)INFINITY
                                           : axis->high - axis->low + 1;
    }
    return count;
}

static bool is_drawn(const Space *space, const char **value, int trial)
{
    const char **own = value + (size_t)trial * (size_t)space->axes;
    for (const char **row = value; row < own; row += space->axes) {
        bool alike = true;
        for (int a = 0; alike && a < space->axes; a++) alike = strcmp(row[a], own[a]) == 0;
        if (alike) return true;
    }
    return false;
}

const char **space_draw(const Space *space, uint64_t seed, int trials, Arena *arena, Error *err)
{
    double combinations = count_combinations(space);
    if (combinations < trials) {
        error_set(err, ERROR_USAGE,
                  "--trials %d: the values of --over have only %.0f combinations; ask for no more "
                  "trials than that",
                  trials, combinations);
        return NULL;
    }
    const char **value = arena_new(arena, const char *, (size_t)trials *(size_t)space->axes + 1);
    for (int t = 0; t < trials; t++) {
        uint32_t attempt = 0;
        do {
            for (int a = 0; a < space->axes; a++)
                value[(size_t)t * (size_t)space->axes + (size_t)a] =
                    draw(&space->axis[a], seed, t, attempt, arena);
            attempt++;
        } while (isfinite(combinations) && is_drawn(space, value, t));
    }
    return value;
}
