/* RandAugment (Cubuk et al. 2020): a few changes drawn from 14, all of one strength. */
#include "policy.h"

typedef struct RandAugment {
    int changes, magnitude;
} RandAugment;

static const Option options[] = {
    {.key = "randaugment.changes",
     .type = OPTION_INT,
     .offset = offsetof(RandAugment, changes),
     .fallback = "0",
     .low = 0,
     .high = 16,
     .help = "changes that each picture goes through (usual: 2); 0: no RandAugment"},
    {.key = "randaugment.magnitude",
     .type = OPTION_INT,
     .offset = offsetof(RandAugment, magnitude),
     .fallback = "9",
     .low = 0,
     .high = POLICY_LEVELS - 1,
     .help = "their strength"},
    {.key = NULL},
};

static bool is_on(const void *values)
{
    const RandAugment *rand = values;
    return rand->changes > 0;
}

static void apply(const void *values, Random *random, Frame *frame)
{
    const RandAugment *rand = values;
    for (int i = 0; i < rand->changes; i++) {
        int change = (int)random_below(random, POLICY_CHANGES);
        bool negative = random_below(random, 2);
        policy_apply(frame, POLICY_RAND, change, rand->magnitude, negative);
    }
}

const Augmentation augment_randaugment = {.name = "randaugment",
                                          .options = options,
                                          .options_bytes = sizeof(RandAugment),
                                          .is_on = is_on,
                                          .picture = apply};
