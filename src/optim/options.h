/* Rows of option tables that optimizers have in common; AT(member) is the place of an option. */
#pragma once

#include "base/option.h"

#define OPTION_NUMBER(name, place, value, least, most, text)                                       \
    {                                                                                              \
        .key = (name), .type = OPTION_FLOAT, .offset = (place), .fallback = (value),               \
        .low = (least), .high = (most), .help = (text)                                             \
    }
#define OPTION_SWITCH(name, place, text)                                                           \
    {                                                                                              \
        .key = (name), .type = OPTION_BOOL, .offset = (place), .fallback = "false", .help = (text) \
    }

/* The learning rate may change on resume; first in every table. */
#define OPTION_LR(value, text)                                                                     \
    {                                                                                              \
        .key = "lr", .type = OPTION_FLOAT, .scope = SCOPE_SCHEDULE, .offset = AT(common.lr),       \
        .fallback = (value), .low = 0, .high = 1e3, .help = (text)                                 \
    }
#define OPTION_WEIGHT_DECAY(value, text)                                                           \
    OPTION_NUMBER("weight_decay", AT(common.weight_decay), value, 0, 1e3, text)
/* Decays of running means; that of squares may come closer to 1. */
#define OPTION_MOMENTUM                                                                            \
    OPTION_NUMBER("momentum", AT(momentum), "0.9", 0, 0.999999,                                    \
                  "share of the last step's direction")
#define OPTION_BETA1(text) OPTION_NUMBER("beta1", AT(beta1), "0.9", 0, 0.999999, text)
#define OPTION_BETA2(value, text) OPTION_NUMBER("beta2", AT(beta2), value, 0, 0.999999999, text)
