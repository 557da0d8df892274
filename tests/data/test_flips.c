/* Rules of flips. */
#include "check.h"

#include "data/flips.h"

static const char *const names[] = {"left", "right", "front", "far left"};
static const LabelGroup group = {.name = "angle", .classes = 4, .class_name = names};

static void check(const char *rules, int32_t a, int32_t b, int32_t c, int32_t d)
{
    int32_t becomes[4];
    Error err = {0};
    assert_true(flips_parse(rules, &group, becomes, &err));
    check_no_error(&err);
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

static void refuse(const char *rules, const char *part)
{
    int32_t becomes[4];
    Error err = {0};
    assert_false(flips_parse(rules, &group, becomes, &err));
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(rules_are_read),
                                       cmocka_unit_test(mistakes_are_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
