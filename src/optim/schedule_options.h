/* What the option tables of schedules share; private to optim. */
#pragma once

#include "optim/schedule.h"

#include <stddef.h>

/* The row of ScheduleCommon in the table of `owner`, whose member `common` it is. */
#define SCHEDULE_WARMUP(owner)                                                                     \
    {                                                                                              \
        .key = "warmup_epochs", .type = OPTION_FLOAT, .scope = SCOPE_SCHEDULE,                     \
        .offset = offsetof(owner, common.warmup_epochs), .fallback = "0", .low = 0, .high = 1e6,   \
        .help = "epochs of linear warm-up"                                                         \
    }
