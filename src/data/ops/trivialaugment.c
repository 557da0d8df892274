/* TrivialAugment (Müller and Hutter 2021), its wide form: one change of 14, of a strength drawn evenly. */
#include "policy.h"

typedef struct TrivialAugment {
    bool enabled;
} TrivialAugment;

static const Option options[] = {
    {.key = "trivialaugment.enabled",
     .type = OPTION_BOOL,
     .offset = offsetof(TrivialAugment, enabled),
     .fallback = "false",
     .help = "each picture goes through one change, of any strength"},
    {.key = NULL},
};

static bool is_on(const void *values)
{
    const TrivialAugment *trivial = values;
    return trivial->enabled;
}

static void apply(const void *values, Random *random, Frame *frame)
{
    (void)values;
    int change = (int)random_below(random, POLICY_CHANGES);
    int level = (int)random_below(random, POLICY_LEVELS);
    policy_apply(frame, POLICY_TRIVIAL, change, level, random_below(random, 2));
}

const Augmentation augment_trivialaugment = {.name = "trivialaugment",
                                             .options = options,
                                             .options_bytes = sizeof(TrivialAugment),
                                             .is_on = is_on,
                                             .picture = apply};
