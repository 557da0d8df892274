/* Labels of pictures that are turned over agree with how the pictures are. */
#include "check.h"

#include "train/label_flips.h"

#include <math.h>

enum { RECORDS = 300, HEADS = 5 };

/* left, right, front; plain, text; any of handle left, handle right, old; a number; an angle */
static int32_t side[RECORDS], kind[RECORDS], member[2 * RECORDS];
static uint64_t begin[RECORDS + 1];
static uint8_t known[RECORDS];
static double number[RECORDS], angle[RECORDS];
static const LabelGroup labels[HEADS] = {
    {.kind = LABEL_CLASS, .classes = 3, .label = side},
    {.kind = LABEL_CLASS, .classes = 2, .label = kind},
    {.kind = LABEL_MULTI, .classes = 3, .begin = begin, .member = member, .known = known},
    {.kind = LABEL_VALUE, .value = number},
    {.kind = LABEL_VALUE, .value = angle},
};
static int32_t side_across[3] = {1, 0, 2}, kind_across[2] = {0, FLIP_FORBIDDEN};
static int32_t parts_across[3] = {1, 0, 2}, side_down[3] = {0, 1, FLIP_FORBIDDEN};
static int32_t number_down[1] = {FLIP_FORBIDDEN}, allowed[1] = {0};
static const FlipRule across[HEADS] = {
    {.becomes = side_across},
    {.becomes = kind_across},
    {.becomes = parts_across},
    {0},
    {.becomes = allowed, .mirrored = true, .sum = 180, .period = 360}};
static const FlipRule down[HEADS] = {
    {.becomes = side_down},
    {0},
    {0},
    {.becomes = number_down},
    {.becomes = allowed, .mirrored = true, .sum = 0, .period = 360}};

/* Sets: none, {left}, {left, old}, {right, old}, {left, right}, missing. */
static void make_sets(void)
{
    static const int32_t sets[6][2] = {{0}, {0}, {0, 2}, {1, 2}, {0, 1}, {0}};
    static const int sizes[6] = {0, 1, 2, 2, 2, 0};
    for (int r = 0; r < RECORDS; r++) {
        begin[r + 1] = begin[r] + (uint64_t)sizes[r % 6];
        known[r] = r % 6 != 5;
        for (int j = 0; j < sizes[r % 6]; j++) member[begin[r] + (uint64_t)j] = sets[r % 6][j];
    }
}

static LabelFlips make_flips(AugmentOptions *options, Arena *arena)
{
    *options = (AugmentOptions){0};
    option_defaults(augment_options, options);
    options->flip_vertical = 0.5;
    for (int r = 0; r < RECORDS; r++) {
        side[r] = r % 4 == 3 ? -1 : r % 4;
        kind[r] = r % 3 == 2 ? -1 : r % 3;
        number[r] = r % 10 == 0 ? r : NAN;
        angle[r] = r % 7 == 0 ? NAN : r;
    }
    make_sets();
    LabelFlips flips = {
        .augment = options, .seed = 4, .heads = HEADS, .labels = labels, .rules = {across, down}};
    label_flips_find(&flips, RECORDS, arena);
    return flips;
}

/* The class of a record in a head of single classes, in epoch 6. */
static int32_t class_of(const LabelFlips *flips, int head, uint32_t record)
{
    return label_flips_group(flips, head, record, 6)->label[record];
}

static void labels_follow_the_picture(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    AugmentOptions options;
    LabelFlips flips = make_flips(&options, arena);
    int turned = 0;
    for (uint32_t r = 0; r < RECORDS; r++) {
        unsigned forbidden = (kind[r] == 1 ? FLIP_HORIZONTAL : 0U) |
                             (side[r] == 2 || r % 10 == 0 ? FLIP_VERTICAL : 0U);
        assert_int_equal(flips.forbidden[r], forbidden);
        AugmentChoice choice =
            augment_draw(&options, 40, 30, (AugmentAddress){4, 6, r}, flips.forbidden[r]);
        int32_t expected = side[r];
        if (choice.flips & FLIP_HORIZONTAL && side[r] >= 0) expected = side_across[side[r]];
        assert_int_equal(class_of(&flips, 0, r), expected);
        assert_int_equal(class_of(&flips, 1, r), kind[r]);
        turned += expected != side[r];
    }
    assert_in_range(turned, 30, 90); /* of 150 left or right, a third of which are text, half */
    arena_destroy(arena);
}

/* Each class of a set changes for itself, and the set stays sorted. */
static void sets_follow_the_picture(void **state)
{
    static const int32_t turned_sets[6][2] = {{0}, {1}, {1, 2}, {0, 2}, {0, 1}, {0}};
    (void)state;
    Arena *arena = arena_create("test");
    AugmentOptions options;
    LabelFlips flips = make_flips(&options, arena);
    int turned = 0;
    for (uint32_t r = 0; r < RECORDS; r++) {
        AugmentChoice choice =
            augment_draw(&options, 40, 30, (AugmentAddress){4, 6, r}, flips.forbidden[r]);
        bool is_turned = choice.flips & FLIP_HORIZONTAL;
        int before, count;
        const int32_t *was = label_classes(&labels[2], r, &before);
        const LabelGroup *group = label_flips_group(&flips, 2, r, 6);
        const int32_t *now = label_classes(group, r, &count);
        assert_int_equal(count, before);
        assert_int_equal(label_is_known(group, r), known[r]);
        for (int j = 0; j < count; j++)
            assert_int_equal(now[j], is_turned ? turned_sets[r % 6][j] : was[j]);
        turned += is_turned && count > 0;
        assert_ptr_equal(label_flips_group(&flips, 3, r, 6)->value, number);
    }
    assert_in_range(turned, 50, 110); /* of 200 with a class, a third of which are text, half */
    arena_destroy(arena);
}

/* Across, an angle x is 180 - x, down it is -x, and both ways 180 + x: of 360. */
static void angles_follow_the_picture(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    AugmentOptions options;
    LabelFlips flips = make_flips(&options, arena);
    int seen[LABEL_VIEWS] = {0};
    for (uint32_t r = 0; r < RECORDS; r++) {
        AugmentChoice choice =
            augment_draw(&options, 40, 30, (AugmentAddress){4, 6, r}, flips.forbidden[r]);
        double turned[LABEL_VIEWS] = {r, fmod(540.0 - r, 360), fmod(360.0 - r, 360),
                                      fmod(180.0 + r, 360)};
        double now = label_flips_group(&flips, 4, r, 6)->value[r];
        unsigned view =
            (choice.flips & FLIP_HORIZONTAL ? 1U : 0U) | (choice.flips & FLIP_VERTICAL ? 2U : 0U);
        if (r % 7 == 0)
            assert_true(isnan(now));
        else
            assert_true(now == turned[view]);
        seen[view]++;
    }
    for (int v = 0; v < LABEL_VIEWS; v++) assert_true(seen[v] > 30);
    arena_destroy(arena);
}

static void without_rules_labels_stay(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    AugmentOptions options;
    LabelFlips flips = make_flips(&options, arena);
    options.enabled = false; /* then nothing is turned over */
    for (uint32_t r = 0; r < RECORDS; r++) assert_int_equal(class_of(&flips, 0, r), side[r]);
    options.enabled = true;
    flips.rules[0] = flips.rules[1] = NULL;
    flips.forbidden = NULL;
    label_flips_find(&flips, RECORDS, arena);
    assert_null(flips.forbidden);
    for (uint32_t r = 0; r < RECORDS; r++) assert_int_equal(class_of(&flips, 0, r), side[r]);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_follow_the_picture), cmocka_unit_test(sets_follow_the_picture),
        cmocka_unit_test(angles_follow_the_picture), cmocka_unit_test(without_rules_labels_stay)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
