/* Option tables of the sections that choose how a run is led: balance, sampling, progressive, early_stop. */
#include "config_tables.h"

#include <stddef.h>

#define AT(member) offsetof(Config, member)
const Option config_early_stop_options[] = {
    {.key = "patience",
     .type = OPTION_INT,
     .added = true,
     .scope = SCOPE_SCHEDULE,
     .offset = AT(stop_patience),
     .fallback = "0",
     .low = 0,
     .high = 1e6,
     .help =
         "validations in a row without a better value of `watch` after which the run ends; 0: it "
         "does not"},
    {.key = "threshold",
     .type = OPTION_FLOAT,
     .added = true,
     .scope = SCOPE_SCHEDULE,
     .offset = AT(stop_threshold),
     .fallback = "0",
     .low = 0,
     .high = 1e6,
     .help = "by how much a value must be better to count"},
    {.key = NULL},
};

static const char *const balance_choices[] = {"none", "sqrt", "full",
                                              NULL}; /* in the order of BalanceKind */

const Option config_sampling_options[] = {
    {.key = "balance",
     .type = OPTION_CHOICE,
     .added = true,
     .offset = AT(balance),
     .fallback = "none",
     .choices = balance_choices,
     .help =
         "how often classes are seen: as they come, by the square root of their images, equally"},
    {.key = "by",
     .type = OPTION_TEXT,
     .added = true,
     .offset = AT(balance_by),
     .fallback = "",
     .help =
         "the head whose classes are balanced; empty: combinations of the classes of all heads"},
    {.key = NULL},
};

const Option config_balance_options[] = {
    {.key = "interference",
     .type = OPTION_BOOL,
     .scope = SCOPE_RUN,
     .offset = AT(interference),
     .fallback = "true",
     .help =
         "watch how heads pull at the features they share, and against each other; the same bits"},
    {.key = NULL},
};

const Option config_progressive_options[] = {
    {.key = "sides",
     .type = OPTION_INTS,
     .added = true,
     .offset = AT(progressive_sides),
     .fallback = "[]",
     .low = 8,
     .high = 4096,
     .help =
         "sides of the input that training begins with, pixels, one after the other; then `image`"},
    {.key = "epochs",
     .type = OPTION_INT,
     .added = true,
     .offset = AT(progressive_epochs),
     .fallback = "1",
     .low = 1,
     .high = 1e6,
     .help = "epochs of each of these sides"},
    {.key = NULL},
};
#undef AT
