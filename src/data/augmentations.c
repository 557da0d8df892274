/* The table of augmentations. */
#include "data/augment.h"
#include "ops/augmentation.h"

/* One row for each file ops/X.c, which defines augment_X; in the order of application. */
#define AUGMENTATION_ROWS(ROW)                                                                     \
    ROW(augment_randaugment)                                                                       \
    ROW(augment_trivialaugment)                                                                    \
    ROW(augment_rotate)                                                                            \
    ROW(augment_zoom)                                                                              \
    ROW(augment_shift)                                                                             \
    ROW(augment_jitter)                                                                            \
    ROW(augment_blur)                                                                              \
    ROW(augment_erase)

#define DECLARE(row) extern const Augmentation row;
AUGMENTATION_ROWS(DECLARE)

#define ADDRESS(row) &row,
const Augmentation *const augmentations[] = {AUGMENTATION_ROWS(ADDRESS)};
_Static_assert(sizeof augmentations / sizeof *augmentations == AUGMENTATIONS, "one each");

const Option *augment_more_options(int index)
{
    return augmentations[index]->options;
}

void augment_create(AugmentOptions *options, Arena *arena)
{
    for (int i = 0; i < AUGMENTATIONS; i++)
        options->more[i] = arena_alloc(arena, augmentations[i]->options_bytes);
}
