/* Colour jitter as torchvision's: brightness, contrast, saturation and hue, in an order drawn anew. */
#include "augmentation.h"

#include <math.h>

enum { PARTS = 4 };

typedef struct Jitter {
    double brightness, contrast, saturation, hue, probability;
} Jitter;

#define PART(member, most, text)                                                                   \
    {                                                                                              \
        .key = "jitter." #member, .type = OPTION_FLOAT, .offset = offsetof(Jitter, member),        \
        .fallback = "0", .low = 0, .high = most, .help = text                                      \
    }
static const Option options[] = {
    PART(brightness, 10, "brightness is multiplied by 1 less or more at most this; 0: not at all"),
    PART(contrast, 10, "likewise contrast"),
    PART(saturation, 10, "likewise saturation"),
    PART(hue, 0.5, "hue turns by at most this share of the circle, either way"),
    {.key = "jitter.probability",
     .type = OPTION_FLOAT,
     .offset = offsetof(Jitter, probability),
     .fallback = "1",
     .low = 0,
     .high = 1,
     .help = "share of the pictures whose colours are changed"},
    {.key = NULL},
};
#undef PART

static bool is_on(const void *values)
{
    const Jitter *jitter = values;
    return jitter->brightness > 0 || jitter->contrast > 0 || jitter->saturation > 0 ||
           jitter->hue > 0;
}

static double draw_factor(Random *random, double most)
{
    return draw_between(random, fmax(0, 1 - most), 1 + most);
}

static void apply_part(const Jitter *jitter, int part, Random *random, Frame *frame)
{
    double amount = part == 0   ? jitter->brightness
                    : part == 1 ? jitter->contrast
                    : part == 2 ? jitter->saturation
                                : jitter->hue;
    if (amount == 0) return;
    if (part == 0) frame_brightness(frame, draw_factor(random, amount));
    if (part == 1) frame_contrast(frame, draw_factor(random, amount));
    if (part == 2) frame_saturation(frame, draw_factor(random, amount));
    if (part == 3) frame_hue(frame, draw_between(random, -amount, amount));
}

static void apply(const void *values, Random *random, Frame *frame)
{
    const Jitter *jitter = values;
    if (random_uniform(random) >= jitter->probability) return;
    int part[PARTS] = {0, 1, 2, 3};
    for (int i = PARTS; i-- > 1;) {
        int j = (int)random_below(random, (uint32_t)i + 1), kept = part[i];
        part[i] = part[j];
        part[j] = kept;
    }
    for (int i = 0; i < PARTS; i++) apply_part(jitter, part[i], random, frame);
}

const Augmentation augment_jitter = {.name = "jitter",
                                     .options = options,
                                     .options_bytes = sizeof(Jitter),
                                     .is_on = is_on,
                                     .picture = apply};
