/* What --over says, and what trials get of it. */
#include "check.h"

#include "sweep/space.h"

#include <math.h>
#include <stdlib.h>

enum { TRIALS = 400 };

typedef struct Fixture {
    Arena *arena;
    Config config;
    Space space;
} Fixture;

static int setup(void **state)
{
    Fixture *fixture = calloc(1, sizeof *fixture);
    Error err = {0};
    fixture->arena = arena_create("test");
    config_for_kind(&fixture->config, fixture->arena, "resnet20", NULL, 0, &err);
    check_no_error(&err);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    Fixture *fixture = *state;
    arena_destroy(fixture->arena);
    free(fixture);
    return 0;
}

static const Axis *add(Fixture *fixture, const char *text)
{
    Error err = {0};
    space_add(&fixture->space, text, &fixture->config, fixture->arena, &err);
    check_no_error(&err);
    return &fixture->space.axis[fixture->space.axes - 1];
}

static const char **draw(Fixture *fixture, uint64_t seed, int trials)
{
    Error err = {0};
    const char **value = space_draw(&fixture->space, seed, trials, fixture->arena, &err);
    check_no_error(&err);
    return value;
}

static void refuse(Fixture *fixture, const char *text, const char *part)
{
    Error err = {0};
    int axes = fixture->space.axes;
    assert_false(space_add(&fixture->space, text, &fixture->config, fixture->arena, &err));
    check_error(&err, part);
    assert_int_equal(err.kind, ERROR_USAGE);
    assert_int_equal(fixture->space.axes, axes);
}

static void test_parse(void **state)
{
    Fixture *fixture = *state;
    const Axis *axis = add(fixture, "optimizer.lr=1e-4..1e-2:log");
    assert_string_equal(axis->key, "optimizer.lr");
    assert_true(axis->kind == AXIS_REAL && axis->log && axis->low == 1e-4 && axis->high == 1e-2);
    axis = add(fixture, "dropout=0..0.5");
    assert_true(axis->kind == AXIS_REAL && !axis->log && axis->low == 0 && axis->high == 0.5);
    axis = add(fixture, "trunk.freeze=1..3");
    assert_true(axis->kind == AXIS_INTEGER && axis->high == 3);
    axis = add(fixture, "optimizer.kind=sgd,adamw");
    assert_true(axis->kind == AXIS_LIST && axis->count == 2);
    assert_string_equal(axis->value[1], "adamw");
    axis = add(fixture, "heads[0].hidden=[], [64,32], [128]");
    assert_int_equal(axis->count, 3);
    assert_string_equal(axis->value[1], "[64,32]");
    axis = add(fixture, "trunk.weights=../a.h5,../b.h5"); /* dots in a text are no range */
    assert_true(axis->kind == AXIS_LIST && axis->count == 2);
    axis = add(fixture, "heads[0].weight=0.5..2"); /* of heads that the pack brings */
    assert_true(axis->kind == AXIS_REAL);
    axis = add(fixture, "optimizer.momentum=0.8..0.95"); /* of a kind that is not chosen */
    assert_true(axis->kind == AXIS_REAL);
}

static void test_refuse(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "dropout=0.1,0.2");
    refuse(fixture, "optimizer.lr", "--over optimizer.lr: must be KEY=LOW..HIGH");
    refuse(fixture, "=1,2", "must be KEY=LOW..HIGH");
    refuse(fixture, "optimizer.lr=", "must be KEY=LOW..HIGH");
    refuse(fixture, "optimizer.lr=1e-2..1e-4", "1e-2 is not below 1e-4");
    refuse(fixture, "optimizer.lr=0..1e-2:log", "must begin above 0");
    refuse(fixture, "optimizer.lr=1e-4..1e-2:exp", "not in :exp");
    refuse(fixture, "optimizer.lr=1e-4..x", "must be a number");
    refuse(fixture, "dropout=0.3..0.5", "dropout is varied already");
    refuse(fixture, "ema.decay=0.9..2", "must be a number from");
    refuse(fixture, "trunk.freeze=0.5..2", "must be an integer");
    refuse(fixture, "trunk.freeze=1,1", "1 stands there twice");
    refuse(fixture, "trunk.freeze=1,,2", "empty value");
    refuse(fixture, "conv=auto,winograd", "must be one of");
    refuse(fixture, "conv=auto..direct", "must be one of");
    refuse(fixture, "run=a,b", "cannot be varied");
    refuse(fixture, "epochs=1,2", "equal epochs");
}

/* Real numbers fill their range, by the logarithm if so asked: halves, as far as 400 draws tell. */
static void test_reals(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "optimizer.lr=1e-4..1e-2:log");
    add(fixture, "dropout=0.2..0.4");
    const char **value = draw(fixture, 1, TRIALS);
    int low_rates = 0, low_shares = 0;
    for (int t = 0; t < TRIALS; t++) {
        double rate = strtod(value[2 * t], NULL), share = strtod(value[2 * t + 1], NULL);
        assert_true(rate >= 1e-4 && rate <= 1e-2 && share >= 0.2 && share <= 0.4);
        assert_true(strlen(value[2 * t]) <= strlen("0.0001234"));
        low_rates += rate < 1e-3;
        low_shares += share < 0.3;
    }
    assert_in_range(low_rates, 160, 240);
    assert_in_range(low_shares, 160, 240);
}

/* What four digits cannot tell apart stays within the range. */
static void test_narrow(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "dropout=0.123451..0.123452");
    const char **value = draw(fixture, 1, 20);
    for (int t = 0; t < 20; t++) assert_string_equal(value[t], "0.123452");
}

static void test_integers(void **state)
{
    Fixture *fixture = *state;
    int seen[4] = {0};
    add(fixture, "trunk.freeze=1..3");
    add(fixture, "seed=1000..1000000000:log");
    const char **value = draw(fixture, 2, TRIALS);
    int small = 0;
    for (int t = 0; t < TRIALS; t++) {
        long stage = strtol(value[2 * t], NULL, 10), seed = strtol(value[2 * t + 1], NULL, 10);
        assert_true(stage >= 1 && stage <= 3 && seed >= 1000 && seed <= 1000000000);
        seen[stage]++;
        small += seed < 1000000;
    }
    for (int s = 1; s <= 3; s++) assert_in_range(seen[s], 95, 172);
    assert_in_range(small, 160, 240);
}

static void check_equal(const char **a, const char **b, int count)
{
    for (int i = 0; i < count; i++) assert_string_equal(a[i], b[i]);
}

/* A draw depends on seed, trial and key: not on how many trials there are, nor on other keys. */
static void test_address(void **state)
{
    Fixture *fixture = *state;
    Fixture other = *fixture;
    add(fixture, "dropout=0.2..0.4");
    const char **value = draw(fixture, 1, 50);
    check_equal(value, draw(fixture, 1, 80), 50);
    add(&other, "ema.decay=0.9..0.99");
    add(&other, "dropout=0.2..0.4");
    const char **both = draw(&other, 1, 50), **another = draw(fixture, 2, 50);
    int same = 0;
    for (int t = 0; t < 50; t++) {
        assert_string_equal(value[t], both[2 * t + 1]);
        same += strcmp(value[t], another[t]) == 0;
    }
    assert_true(same < 5);
}

/* All six combinations come, none twice; a seventh trial is refused. */
static void test_distinct(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "optimizer.kind=sgd,adamw");
    add(fixture, "trunk.freeze=0..2");
    for (uint64_t seed = 1; seed <= 20; seed++) {
        const char **value = draw(fixture, seed, 6);
        for (int t = 0; t < 6; t++)
            for (int u = 0; u < t; u++)
                assert_false(strcmp(value[2 * t], value[2 * u]) == 0 &&
                             strcmp(value[2 * t + 1], value[2 * u + 1]) == 0);
        check_equal(value, draw(fixture, seed, 4), 8);
    }
    Error err = {0};
    assert_null(space_draw(&fixture->space, 1, 7, fixture->arena, &err));
    check_error(&err, "only 6 combinations");
}

/* Values that a recorded sweep has must stay. */
static void test_golden(void **state)
{
    Fixture *fixture = *state;
    static const char *const golden[] = {"0.0007102", "4",         "lamb", "0.0001997", "2",
                                         "adamw",     "0.0001476", "5",    "lamb"};
    add(fixture, "optimizer.lr=1e-4..1e-2:log");
    add(fixture, "trunk.freeze=0..9");
    add(fixture, "optimizer.kind=sgd,adamw,lamb");
    const char **value = draw(fixture, 1, 3);
    for (int i = 0; i < 9; i++) assert_string_equal(value[i], golden[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parse, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuse, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_narrow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_integers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_address, setup, teardown),
        cmocka_unit_test_setup_teardown(test_distinct, setup, teardown),
        cmocka_unit_test_setup_teardown(test_golden, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
