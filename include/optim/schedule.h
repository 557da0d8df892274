/* Learning-rate schedules: pure functions of the step; depend on `epochs` only, never on --steps.
 */
#pragma once

#include "base/option.h"

#include <stdint.h>

/* Every schedule's options begin with this. */
typedef struct ScheduleCommon {
    double warmup_epochs; /* linear from 0: step s of w warm-up steps has lr * (s + 1) / w */
} ScheduleCommon;

typedef struct ScheduleType {
    const char *name;
    const Option *options;
    size_t options_bytes;
    /* Factor on the base rate at `progress` in [0,1) of the epochs after warm-up. */
    double (*factor)(const void *options, double progress, double epoch, double epochs);
} ScheduleType;

const ScheduleType *schedule_find(const char *name);
extern const char *const schedule_names[];

/* Learning rate of step `step` (0, 1, …) in a run of `epochs` x `steps_per_epoch`. */
double schedule_lr(const ScheduleType *type, const void *options, double base_lr, uint64_t step,
                   uint64_t steps_per_epoch, double epochs);
