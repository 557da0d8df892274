/* Learning-rate schedules. */
#include "optim/schedule.h"

#include "power.h"
#include "schedule_options.h"

#include <math.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

/* --- cosine: half a wave from 1 to end_factor --- */

typedef struct Cosine {
    ScheduleCommon common;
    double end_factor;
} Cosine;

static const Option cosine_options[] = {
    SCHEDULE_WARMUP(Cosine),
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

static double cosine_factor(const void *options, const ScheduleMoment *at)
{
    const Cosine *cosine = options;
    return cosine->end_factor + (1 - cosine->end_factor) * 0.5 * (1 + cos(PI * at->progress));
}

/* --- polynomial: (1 - progress)^power from 1 to end_factor --- */

typedef struct Polynomial {
    ScheduleCommon common;
    double power, end_factor;
} Polynomial;

static const Option polynomial_options[] = {
    SCHEDULE_WARMUP(Polynomial),
    {.key = "power",
     .type = OPTION_FLOAT,
     .scope = SCOPE_SCHEDULE,
     .offset = offsetof(Polynomial, power),
     .fallback = "1",
     .low = 0.01,
     .high = 100,
     .help = "exponent of what is left of the run; 1: a straight line"},
    {.key = "end_factor",
     .type = OPTION_FLOAT,
     .scope = SCOPE_SCHEDULE,
     .offset = offsetof(Polynomial, end_factor),
     .fallback = "0",
     .low = 0,
     .high = 1,
     .help = "share of the learning rate that is left at the end"},
    {.key = NULL},
};

static double polynomial_factor(const void *options, const ScheduleMoment *at)
{
    const Polynomial *polynomial = options;
    return polynomial->end_factor +
           (1 - polynomial->end_factor) * pow(1 - at->progress, polynomial->power);
}

/* --- step: times `factor` every `every_epochs` --- */

typedef struct Steps {
    ScheduleCommon common;
    double every_epochs, factor;
} Steps;

static const Option steps_options[] = {
    SCHEDULE_WARMUP(Steps),
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

static double steps_factor(const void *options, const ScheduleMoment *at)
{
    const Steps *steps = options;
    return power(steps->factor, (uint64_t)floor(at->epoch / steps->every_epochs));
}

/* --- exponential: times `factor` after each epoch --- */

typedef struct Exponential {
    ScheduleCommon common;
    double factor;
} Exponential;

static const Option exponential_options[] = {
    SCHEDULE_WARMUP(Exponential),
    {.key = "factor",
     .type = OPTION_FLOAT,
     .scope = SCOPE_SCHEDULE,
     .offset = offsetof(Exponential, factor),
     .fallback = "0.95",
     .low = 0,
     .high = 1,
     .help = "what each epoch multiplies by"},
    {.key = NULL},
};

static double exponential_factor(const void *options, const ScheduleMoment *at)
{
    const Exponential *exponential = options;
    return power(exponential->factor, (uint64_t)floor(at->epoch));
}

/* --- constant --- */

typedef struct Constant {
    ScheduleCommon common;
} Constant;

static const Option constant_options[] = {SCHEDULE_WARMUP(Constant), {.key = NULL}};

static double constant_factor(const void *options, const ScheduleMoment *at)
{
    (void)options;
    (void)at;
    return 1;
}

/* --- the table --- */

static const ScheduleType schedule_cosine = {"cosine", cosine_options, sizeof(Cosine),
                                             cosine_factor, NULL},
                          schedule_polynomial = {"polynomial", polynomial_options,
                                                 sizeof(Polynomial), polynomial_factor, NULL},
                          schedule_step = {"step", steps_options, sizeof(Steps), steps_factor,
                                           NULL},
                          schedule_exponential = {"exponential", exponential_options,
                                                  sizeof(Exponential), exponential_factor, NULL},
                          schedule_constant = {"constant", constant_options, sizeof(Constant),
                                               constant_factor, NULL};

extern const ScheduleType schedule_one_cycle, schedule_plateau;

static const ScheduleType *const schedules[] = {
    &schedule_cosine,    &schedule_polynomial, &schedule_step,    &schedule_exponential,
    &schedule_one_cycle, &schedule_plateau,    &schedule_constant};

const char *const schedule_names[] = {"cosine",    "polynomial", "step",     "exponential",
                                      "one_cycle", "plateau",    "constant", NULL};

const ScheduleType *schedule_find(const char *name)
{
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++)
        if (strcmp(schedules[i]->name, name) == 0) return schedules[i];
    return NULL;
}

ScheduleState schedule_begin(void)
{
    return (ScheduleState){.scale = 1, .best = -INFINITY};
}

double schedule_lr(const ScheduleType *type, const void *options, double base_lr, uint64_t step,
                   uint64_t steps_per_epoch, double epochs)
{
    const ScheduleCommon *common = options;
    double per_epoch = (double)steps_per_epoch, warmup = rint(common->warmup_epochs * per_epoch);
    double total = epochs * per_epoch, now = (double)step;
    if (now < warmup) return base_lr * (now + 1) / warmup;
    ScheduleMoment at = {.step = now - warmup, .steps = total - warmup, .epoch = now / per_epoch};
    at.progress = at.steps > 0 && at.step < at.steps ? at.step / at.steps : 1;
    return base_lr * type->factor(options, &at);
}
