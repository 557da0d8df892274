/* Learning-rate schedules: pure functions of the step and, for those that watch validations, of a small
 * state. They depend on `epochs` only, never on --steps. */
#pragma once

#include "base/option.h"

#include <stdint.h>

/* Every schedule's options begin with this. */
typedef struct ScheduleCommon {
    double warmup_epochs; /* linear from 0: step s of w warm-up steps has lr * (s + 1) / w */
} ScheduleCommon;

/* Where a run is, in steps and epochs. */
typedef struct ScheduleMoment {
    double step, steps; /* done since the warm-up; of all after it */
    double progress;    /* step / steps, at most 1 */
    double epoch;       /* done since the run's start */
} ScheduleMoment;

/* What a schedule has learnt from validations; part of a run's state. */
typedef struct ScheduleState {
    double scale;           /* on the rate that follows from the step alone */
    double best;            /* metric so far; -infinity: none */
    uint64_t bad, cooldown; /* validations since the best; those that do not count yet */
} ScheduleState;

/* Before the first validation. */
ScheduleState schedule_begin(void);

typedef struct ScheduleType {
    const char *name;
    const Option *options;
    size_t options_bytes;
    /* Factor on the base rate. */
    double (*factor)(const void *options, const ScheduleMoment *at);
    /* Takes in a validation's metric, of which more is better. NULL: it is of no interest. */
    void (*observe)(const void *options, ScheduleState *state, double metric);
} ScheduleType;

const ScheduleType *schedule_find(const char *name);
extern const char *const schedule_names[];

/* Learning rate of step `step` (0, 1, …) in a run of `epochs` x `steps_per_epoch`, without the scale of
 * the state. */
double schedule_lr(const ScheduleType *type, const void *options, double base_lr, uint64_t step,
                   uint64_t steps_per_epoch, double epochs);
