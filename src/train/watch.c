/* What a run learns from its validations. */
#include "train/watch.h"

#include <math.h>
#include <string.h>

Watch watch_begin(void)
{
    return (Watch){.best_weighted = -1, .schedule = schedule_begin(), .stop_best = -INFINITY};
}

static bool is_common(const char *name)
{
    return strcmp(name, "joint") == 0 || strcmp(name, "weighted") == 0 || strcmp(name, "loss") == 0;
}

bool watch_check(const Config *config, Error *err)
{
    return is_common(config->watch) || config_find_head(config, config->watch) >= 0 ||
           error_set(err, ERROR_USAGE,
                     "watch: must be joint, weighted, loss or the name of a head, not \"%s\"",
                     config->watch);
}

bool watch_observe(Watch *watch, const Config *config, double now, double weighted)
{
    if (config->schedule->observe)
        config->schedule->observe(config->schedule_options, &watch->schedule, now);
    if (now > watch->stop_best + config->stop_threshold) {
        watch->stop_best = now;
        watch->stop_bad = 0;
    } else {
        watch->stop_bad++;
    }
    bool improved = weighted > watch->best_weighted;
    if (improved) watch->best_weighted = weighted;
    return improved;
}

bool watch_is_over(const Watch *watch, const Config *config)
{
    return config->stop_patience > 0 && watch->stop_bad >= (uint64_t)config->stop_patience;
}

void watch_to_numbers(const Watch *watch, double number[WATCH_NUMBERS])
{
    const double all[WATCH_NUMBERS] = {watch->best_weighted,
                                       watch->schedule.scale,
                                       watch->schedule.best,
                                       (double)watch->schedule.bad,
                                       (double)watch->schedule.cooldown,
                                       watch->stop_best,
                                       (double)watch->stop_bad};
    memcpy(number, all, sizeof all);
}

/* A count that a damaged file may hold as any number. */
static uint64_t count_of(double number)
{
    return number >= 0 && number < 0x1p52 ? (uint64_t)number : 0;
}

Watch watch_from_numbers(const double number[WATCH_NUMBERS])
{
    return (Watch){.best_weighted = number[0],
                   .schedule = {.scale = number[1],
                                .best = number[2],
                                .bad = count_of(number[3]),
                                .cooldown = count_of(number[4])},
                   .stop_best = number[5],
                   .stop_bad = count_of(number[6])};
}
