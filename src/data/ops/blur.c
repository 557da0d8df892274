/* Gaussian blur of a strength drawn evenly. */
#include "augmentation.h"

typedef struct Blur {
    double probability;
    OptionFloats sigma;
} Blur;

static const Option options[] = {
    {.key = "blur.probability",
     .type = OPTION_FLOAT,
     .offset = offsetof(Blur, probability),
     .fallback = "0",
     .low = 0,
     .high = 1,
     .help = "share of the pictures that are blurred"},
    {.key = "blur.sigma",
     .type = OPTION_FLOATS,
     .elements = 2,
     .offset = offsetof(Blur, sigma),
     .fallback = "[0.1, 2]",
     .low = 0.01,
     .high = 20,
     .help = "least and largest deviation of the Gaussian, pixels of the input"},
    {.key = NULL},
};

static bool is_on(const void *values)
{
    const Blur *blur = values;
    return blur->probability > 0;
}

static void apply(const void *values, Random *random, Frame *frame)
{
    const Blur *blur = values;
    if (random_uniform(random) < blur->probability)
        frame_gaussian(frame, draw_between(random, blur->sigma.value[0], blur->sigma.value[1]));
}

const Augmentation augment_blur = {.name = "blur",
                                   .options = options,
                                   .options_bytes = sizeof(Blur),
                                   .is_on = is_on,
                                   .picture = apply};
