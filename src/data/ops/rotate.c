/* Rotation about the centre by an angle drawn evenly. */
#include "augmentation.h"

typedef struct Rotate {
    double degrees, probability;
} Rotate;

static const Option options[] = {
    {.key = "rotate.degrees",
     .type = OPTION_FLOAT,
     .offset = offsetof(Rotate, degrees),
     .fallback = "0",
     .low = 0,
     .high = 180,
     .help = "largest angle of a rotation, either way; 0: none"},
    {.key = "rotate.probability",
     .type = OPTION_FLOAT,
     .offset = offsetof(Rotate, probability),
     .fallback = "1",
     .low = 0,
     .high = 1,
     .help = "share of the pictures that are rotated"},
    {.key = NULL},
};

static bool is_on(const void *values)
{
    const Rotate *rotate = values;
    return rotate->degrees > 0;
}

static void apply(const void *values, Random *random, Frame *frame)
{
    const Rotate *rotate = values;
    if (random_uniform(random) < rotate->probability)
        frame_rotate(frame, draw_between(random, -rotate->degrees, rotate->degrees));
}

const Augmentation augment_rotate = {.name = "rotate",
                                     .options = options,
                                     .options_bytes = sizeof(Rotate),
                                     .is_on = is_on,
                                     .picture = apply};
