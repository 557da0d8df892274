/* Scaling about the centre, without the crop's change of aspect: below 1 the picture shrinks and its
 * surroundings are filled. */
#include "augmentation.h"

typedef struct Zoom {
    OptionFloats range;
} Zoom;

static const Option options[] = {
    {.key = "zoom.range",
     .type = OPTION_FLOATS,
     .elements = 2,
     .offset = offsetof(Zoom, range),
     .fallback = "[1, 1]",
     .low = 0.1,
     .high = 10,
     .help = "least and largest factor on the size of what is seen, after the crop; [1, 1]: none"},
    {.key = NULL},
};

static bool is_on(const void *values)
{
    const Zoom *zoom = values;
    return zoom->range.value[0] != 1 || zoom->range.value[1] != 1;
}

static void apply(const void *values, Random *random, Frame *frame)
{
    const Zoom *zoom = values;
    frame_zoom(frame, draw_between(random, zoom->range.value[0], zoom->range.value[1]));
}

const Augmentation augment_zoom = {.name = "zoom",
                                   .options = options,
                                   .options_bytes = sizeof(Zoom),
                                   .is_on = is_on,
                                   .picture = apply};
