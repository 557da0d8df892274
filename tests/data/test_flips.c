/* Rules of flips. */
#include "check.h"

#include "data/flips.h"

#include <math.h>

static const char *const names[] = {"left", "right", "front", "far left"};
static const LabelGroup group = {.name = "angle", .classes = 4, .class_name = names};

static void check(const char *rules, int32_t a, int32_t b, int32_t c, int32_t d)
{
    int32_t becomes[4];
    FlipRule rule = {.becomes = becomes};
    Error err = {0};
    assert_true(flips_parse(rules, &group, &rule, &err));
    check_no_error(&err);
    assert_false(rule.mirrored);
    assert_memory_equal(becomes, ((int32_t[]){a, b, c, d}), sizeof becomes);
}

static void rules_are_read(void **state)
{
    (void)state;
    enum { NO = FLIP_FORBIDDEN };
    check("", 0, 1, 2, 3);
    check("[]", 0, 1, 2, 3);
    check("never", NO, NO, NO, NO);
    check("left<->right", 1, 0, 2, 3);
    check("[left<->right, !far left]", 1, 0, 2, NO);
    check("  !front ,left<->far left", 3, 1, NO, 0);
    check("front<->front", 0, 1, 2, 3);
}

static const LabelGroup values = {.name = "azimuth", .kind = LABEL_VALUE};

/* What becomes of 30 by rules for a turn of `period`; -1: pictures are not turned over. */
static double turned(const char *rules, double period)
{
    int32_t becomes[1];
    FlipRule rule = {.becomes = becomes, .period = period};
    Error err = {0};
    assert_true(flips_parse(rules, &values, &rule, &err));
    check_no_error(&err);
    assert_true(isnan(flips_value(&rule, NAN)));
    return becomes[0] == FLIP_FORBIDDEN ? -1 : flips_value(&rule, 30);
}

static void numbers_are_mirrored(void **state)
{
    (void)state;
    assert_true(turned("", 360) == 30);
    assert_true(turned("x", 360) == 30);
    assert_true(turned("never", 360) == -1);
    assert_true(turned("-x", 360) == 330);
    assert_true(turned("-x", 0) == -30);
    assert_true(turned("180 - x", 360) == 150);
    assert_true(turned("180-x", 180) == 150);
    assert_true(turned(" -90 -x", 360) == 240);
    assert_true(turned("0.5 -  x", 0) == -29.5);
    assert_true(turned("30 - x", 360) == 0);
    /* Rounded, 360 less next to nothing is a full turn, which is none. */
    FlipRule rule = {.mirrored = true, .period = 360};
    assert_true(flips_value(&rule, 1e-20) == 0);
}

static void no_rules_of_numbers(void **state)
{
    (void)state;
    static const char *const wrong[] = {"[left<->right]", "180", "180 - y", "- 180 - x", "x - 180",
                                        "nan - x",        "-xx", "--x",     "!x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int32_t becomes[1];
        Error err = {0};
        assert_false(flips_parse(wrong[i], &values, &(FlipRule){.becomes = becomes}, &err));
        check_error(&err, "the labels of group azimuth are numbers");
    }
}

static void refuse(const char *rules, const char *part)
{
    int32_t becomes[4];
    Error err = {0};
    assert_false(flips_parse(rules, &group, &(FlipRule){.becomes = becomes}, &err));
    check_error(&err, part);
}

static void mistakes_are_told(void **state)
{
    (void)state;
    refuse("left<->rigt", "no class \"rigt\"; did you mean \"right\"?");
    refuse("left", "\"left\" is no rule");
    refuse("left<->right, !left", "class \"left\" has two rules");
    refuse("!", "no class \"\"");
    refuse("<->", "no class \"\"");
    refuse("[!front", "\"[!front\" is no rule");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_read), cmocka_unit_test(numbers_are_mirrored),
        cmocka_unit_test(no_rules_of_numbers), cmocka_unit_test(mistakes_are_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
