/* The rate falls when validations have stopped getting better, as with PyTorch's ReduceLROnPlateau with an
 * absolute threshold. */
#include "schedule_options.h"

#include <math.h>

typedef struct Plateau {
    ScheduleCommon common;
    double factor, threshold, end_factor;
    int patience, cooldown;
} Plateau;

#define AT(member) offsetof(Plateau, member)
static const Option options[] = {
    SCHEDULE_WARMUP(Plateau),
    {.key = "factor",
     .type = OPTION_FLOAT,
     .scope = SCOPE_SCHEDULE,
     .offset = AT(factor),
     .fallback = "0.1",
     .low = 0,
     .high = 1,
     .help = "what each reduction multiplies by"},
    {.key = "patience",
     .type = OPTION_INT,
     .scope = SCOPE_SCHEDULE,
     .offset = AT(patience),
     .fallback = "10",
     .low = 0,
     .high = 1e6,
     .help = "validations without a better value of `watch` that are borne; the next one reduces"},
    {.key = "threshold",
     .type = OPTION_FLOAT,
     .scope = SCOPE_SCHEDULE,
     .offset = AT(threshold),
     .fallback = "1e-4",
     .low = 0,
     .high = 1e6,
     .help = "by how much a value must be better to count"},
    {.key = "cooldown",
     .type = OPTION_INT,
     .scope = SCOPE_SCHEDULE,
     .offset = AT(cooldown),
     .fallback = "0",
     .low = 0,
     .high = 1e6,
     .help = "validations after a reduction that are not counted"},
    {.key = "end_factor",
     .type = OPTION_FLOAT,
     .scope = SCOPE_SCHEDULE,
     .offset = AT(end_factor),
     .fallback = "0",
     .low = 0,
     .high = 1,
     .help = "least share of the learning rate"},
    {.key = NULL},
};
#undef AT

static double factor(const void *values, const ScheduleMoment *at)
{
    (void)values;
    (void)at;
    return 1;
}

static void observe(const void *values, ScheduleState *state, double metric)
{
    const Plateau *plateau = values;
    if (metric > state->best + plateau->threshold) {
        state->best = metric;
        state->bad = 0;
    } else {
        state->bad++;
    }
    if (state->cooldown > 0) {
        state->cooldown--;
        state->bad = 0;
    }
    if (state->bad <= (uint64_t)plateau->patience) return;
    state->scale = fmax(state->scale * plateau->factor, plateau->end_factor);
    state->cooldown = (uint64_t)plateau->cooldown;
    state->bad = 0;
}

const ScheduleType schedule_plateau = {"plateau", options, sizeof(Plateau), factor, observe};
