/* Labels of pictures that are turned over agree with how the pictures are. */
#include "check.h"

#include "train/label_flips.h"

enum { RECORDS = 300, HEADS = 2 };

static int32_t side[RECORDS], kind[RECORDS]; /* left, right, front; plain, text */
static const int32_t *const labels[HEADS] = {side, kind};
static const int32_t side_across[3] = {1, 0, 2}, kind_across[2] = {0, FLIP_FORBIDDEN};
static const int32_t side_down[3] = {0, 1, FLIP_FORBIDDEN};
static const int32_t *const across[HEADS] = {side_across, kind_across};
static const int32_t *const down[HEADS] = {side_down, NULL};

static LabelFlips make_flips(AugmentOptions *options, Arena *arena)
{
    *options = (AugmentOptions){0};
    option_defaults(augment_options, options);
    options->flip_vertical = 0.5;
    for (int r = 0; r < RECORDS; r++) {
        side[r] = r % 4 == 3 ? -1 : r % 4;
        kind[r] = r % 3 == 2 ? -1 : r % 3;
    }
    LabelFlips flips = {
        .augment = options, .seed = 4, .heads = HEADS, .label = labels, .turned = {across, down}};
    label_flips_find(&flips, RECORDS, arena);
    return flips;
}

static void labels_follow_the_picture(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    AugmentOptions options;
    LabelFlips flips = make_flips(&options, arena);
    int turned = 0;
    for (uint32_t r = 0; r < RECORDS; r++) {
        unsigned forbidden =
            (kind[r] == 1 ? FLIP_HORIZONTAL : 0U) | (side[r] == 2 ? FLIP_VERTICAL : 0U);
        assert_int_equal(flips.forbidden[r], forbidden);
        AugmentChoice choice =
            augment_draw(&options, 40, 30, (AugmentAddress){4, 6, r}, flips.forbidden[r]);
        int32_t expected = side[r];
        if (choice.flips & FLIP_HORIZONTAL && side[r] >= 0) expected = side_across[side[r]];
        assert_int_equal(label_flips_class(&flips, 0, r, 6), expected);
        assert_int_equal(label_flips_class(&flips, 1, r, 6), kind[r]);
        turned += expected != side[r];
    }
    assert_in_range(turned, 30, 90); /* of 150 left or right, a third of which are text, half */
    arena_destroy(arena);
}

static void without_rules_labels_stay(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    AugmentOptions options;
    LabelFlips flips = make_flips(&options, arena);
    options.enabled = false; /* then nothing is turned over */
    for (uint32_t r = 0; r < RECORDS; r++)
        assert_int_equal(label_flips_class(&flips, 0, r, 6), side[r]);
    options.enabled = true;
    flips.turned[0] = flips.turned[1] = NULL;
    flips.forbidden = NULL;
    label_flips_find(&flips, RECORDS, arena);
    assert_null(flips.forbidden);
    for (uint32_t r = 0; r < RECORDS; r++)
        assert_int_equal(label_flips_class(&flips, 0, r, 6), side[r]);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(labels_follow_the_picture),
                                       cmocka_unit_test(without_rules_labels_stay)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
