/* Learning-rate schedules. */
#include "optim/schedule.h"

#include "power.h"

#include <math.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

#define WARMUP(owner)                                                                              \
    {                                                                                              \
        .key = "warmup_epochs", .type = OPTION_FLOAT, .scope = SCOPE_SCHEDULE,                     \
        .offset = offsetof(owner, common.warmup_epochs), .fallback = "0", .low = 0, .high = 1e6,   \
        .help = "epochs of linear warm-up"                                                         \
    }

/* --- cosine: half a wave from 1 to end_factor --- */

typedef struct Cosine {
    ScheduleCommon common;
    double end_factor;
} Cosine;

static const Option cosine_options[] = {
    WARMUP(Cosine),
    {.key = "end_factor",
     .type = OPTION_FLOAT,
     .scope = SCOPE_SCHEDULE,
     .offset = offsetof(Cosine, end_factor),
     .fallback = "0",
     .low = 0,
     .high = 1,
     .help = "share of the learning rate that is left at the end"},
    {.key = NULL},
};

static double cosine_factor(const void *options, double progress, double epoch, double epochs)
{
    (void)epoch;
    (void)epochs;
    const Cosine *cosine = options;
    return cosine->end_factor + (1 - cosine->end_factor) * 0.5 * (1 + cos(PI * progress));
}

/* --- step: times `factor` every `every_epochs` --- */

typedef struct Steps {
    ScheduleCommon common;
    double every_epochs, factor;
} Steps;

static const Option steps_options[] = {
    WARMUP(Steps),
    {.key = "every_epochs",
     .type = OPTION_FLOAT,
     .scope = SCOPE_SCHEDULE,
     .offset = offsetof(Steps, every_epochs),
     .fallback = "30",
     .low = 1e-3,
     .high = 1e6,
     .help = "epochs between two reductions, from the run's start"},
    {.key = "factor",
     .type = OPTION_FLOAT,
     .scope = SCOPE_SCHEDULE,
     .offset = offsetof(Steps, factor),
     .fallback = "0.1",
     .low = 0,
     .high = 1,
     .help = "what each reduction multiplies by"},
    {.key = NULL},
};

static double steps_factor(const void *options, double progress, double epoch, double epochs)
{
    (void)progress;
    (void)epochs;
    const Steps *steps = options;
    return power(steps->factor, (uint64_t)floor(epoch / steps->every_epochs));
}

/* --- constant --- */

typedef struct Constant {
    ScheduleCommon common;
} Constant;

static const Option constant_options[] = {WARMUP(Constant), {.key = NULL}};

static double constant_factor(const void *options, double progress, double epoch, double epochs)
{
    (void)options;
    (void)progress;
    (void)epoch;
    (void)epochs;
    return 1;
}

/* --- the table --- */

static const ScheduleType schedules[] = {
    {"cosine", cosine_options, sizeof(Cosine), cosine_factor},
    {"step", steps_options, sizeof(Steps), steps_factor},
    {"constant", constant_options, sizeof(Constant), constant_factor},
};

const char *const schedule_names[] = {"cosine", "step", "constant", NULL};

const ScheduleType *schedule_find(const char *name)
{
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++)
        if (strcmp(schedules[i].name, name) == 0) return &schedules[i];
    return NULL;
}

double schedule_lr(const ScheduleType *type, const void *options, double base_lr, uint64_t step,
                   uint64_t steps_per_epoch, double epochs)
{
    const ScheduleCommon *common = options;
    double per_epoch = (double)steps_per_epoch, warmup = rint(common->warmup_epochs * per_epoch);
    double total = epochs * per_epoch, now = (double)step;
    if (now < warmup) return base_lr * (now + 1) / warmup;
    double progress = total > warmup ? (now - warmup) / (total - warmup) : 1;
    if (progress > 1) progress = 1;
    return base_lr * type->factor(options, progress, now / per_epoch, epochs);
}
