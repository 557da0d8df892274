/* Moving the picture by whole pixels, evenly drawn in both directions: the random crop of a padded picture with
 * which small pictures are trained, CIFAR's for example. */
#include "augmentation.h"

static const char *const edges[] = {"mean", "edge", "reflect", NULL}; /* as FrameEdge */

typedef struct Shift {
    int pixels, edge;
} Shift;

static const Option options[] = {
    {.key = "shift.pixels",
     .type = OPTION_INT,
     .added = true,
     .offset = offsetof(Shift, pixels),
     .fallback = "0",
     .low = 0,
     .high = 1024,
     .help = "largest distance that a picture is moved in x and in y, either way; 0: none"},
    {.key = "shift.edge",
     .type = OPTION_CHOICE,
     .added = true,
     .offset = offsetof(Shift, edge),
     .fallback = "mean",
     .choices = edges,
     .help = "what comes in: the mean colour, the nearest pixel, or the picture mirrored"},
    {.key = NULL},
};

static bool is_on(const void *values)
{
    const Shift *shift = values;
    return shift->pixels > 0;
}

static int draw_distance(Random *random, int most)
{
    return (int)random_below(random, 2 * (uint32_t)most + 1) - most;
}

static void apply(const void *values, Random *random, Frame *frame)
{
    const Shift *shift = values;
    int right = draw_distance(random, shift->pixels), down = draw_distance(random, shift->pixels);
    frame_shift(frame, right, down, (FrameEdge)shift->edge);
}

const Augmentation augment_shift = {.name = "shift",
                                    .options = options,
                                    .options_bytes = sizeof(Shift),
                                    .is_on = is_on,
                                    .picture = apply};
