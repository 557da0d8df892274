/*
 * What a run learns from its validations: the best weighted accuracy, what a schedule makes of them, and
 * when they have stopped getting better. Part of a run's state.
 */
#pragma once

#include "train/config.h"

typedef struct Watch {
    double best_weighted;   /* -1: none */
    ScheduleState schedule; /* of schedules that go by validations */
    double stop_best;       /* of early stopping */
    uint64_t stop_bad;      /* validations since then */
} Watch;

Watch watch_begin(void);

/* Whether `watch` of the configuration names something that there is. Heads are known. */
bool watch_check(const Config *config, Error *err);

/* Takes in a validation: the value of `watch`, of which more is better, and the weighted accuracy. True if
 * the latter is the best so far. */
bool watch_observe(Watch *watch, const Config *config, double now, double weighted);
/* Whether the run is to end now because validations no longer get better. */
bool watch_is_over(const Watch *watch, const Config *config);

/* As numbers for checkpoints and the digest, and back. */
enum { WATCH_NUMBERS = 7 };
void watch_to_numbers(const Watch *watch, double number[WATCH_NUMBERS]);
Watch watch_from_numbers(const double number[WATCH_NUMBERS]);
