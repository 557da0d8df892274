/* One cycle (Smith and Topin 2017), as PyTorch's OneCycleLR without its cycle of momentum: up to the full
 * rate, then down to almost nothing. */
#include "schedule_options.h"

#include <math.h>

enum { ANNEAL_COSINE, ANNEAL_LINEAR };
static const char *const anneals[] = {"cosine", "linear", NULL};

typedef struct OneCycle {
    ScheduleCommon common;
    double peak, start_factor, end_factor;
    int anneal;
} OneCycle;

#define AT(member) offsetof(OneCycle, member)
static const Option options[] = {
    SCHEDULE_WARMUP(OneCycle),
    {.key = "peak",
     .type = OPTION_FLOAT,
     .scope = SCOPE_SCHEDULE,
     .offset = AT(peak),
     .fallback = "0.3",
     .low = 0,
     .high = 1,
     .help = "share of the run at which the rate is at its largest"},
    {.key = "start_factor",
     .type = OPTION_FLOAT,
     .scope = SCOPE_SCHEDULE,
     .offset = AT(start_factor),
     .fallback = "0.04",
     .low = 0,
     .high = 1,
     .help = "share of the learning rate at the start"},
    {.key = "end_factor",
     .type = OPTION_FLOAT,
     .scope = SCOPE_SCHEDULE,
     .offset = AT(end_factor),
     .fallback = "4e-6",
     .low = 0,
     .high = 1,
     .help = "share of the learning rate in the last step"},
    {.key = "anneal",
     .type = OPTION_CHOICE,
     .scope = SCOPE_SCHEDULE,
     .offset = AT(anneal),
     .fallback = "cosine",
     .choices = anneals,
     .help = "shape of rise and fall"},
    {.key = NULL},
};
#undef AT

static double between(int anneal, double from, double to, double share)
{
    static const double PI = 3.14159265358979323846;
    if (anneal == ANNEAL_LINEAR) return from + (to - from) * share;
    return to + (from - to) / 2 * (1 + cos(PI * share));
}

/* The largest and the last rate fall on whole steps, which is why one is taken off. */
static double factor(const void *values, const ScheduleMoment *at)
{
    const OneCycle *cycle = values;
    double top = cycle->peak * at->steps - 1, last = at->steps - 1;
    double step = at->step < last ? at->step : last;
    if (step <= top)
        return between(cycle->anneal, cycle->start_factor, 1, top > 0 ? step / top : 1);
    return between(cycle->anneal, 1, cycle->end_factor,
                   last > top ? (step - top) / (last - top) : 1);
}

const ScheduleType schedule_one_cycle = {"one_cycle", options, sizeof(OneCycle), factor, NULL};
