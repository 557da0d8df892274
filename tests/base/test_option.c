/* Options: strict parsing with its texts, printing that reads back, nearest words; errors; arenas;
 * pool. */
#include "check.h"

#include "base/arena.h"
#include "base/option.h"
#include "base/pool.h"
#include "base/random.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef struct Values {
    int count, choice;
    long seed;
    double rate;
    bool on;
    char name[OPTION_TEXT_BYTES];
    OptionInts ints;
    OptionFloats floats;
} Values;

static const char *const choices[] = {"cosine", "step", "constant", NULL};

static const Option table[] = {
    {.key = "count",
     .type = OPTION_INT,
     .offset = offsetof(Values, count),
     .fallback = "3",
     .low = 1,
     .high = 4096},
    {.key = "choice",
     .type = OPTION_CHOICE,
     .offset = offsetof(Values, choice),
     .fallback = "step",
     .choices = choices},
    {.key = "seed",
     .type = OPTION_LONG,
     .offset = offsetof(Values, seed),
     .fallback = "1",
     .low = 0,
     .high = 1e15},
    {.key = "rate",
     .type = OPTION_FLOAT,
     .offset = offsetof(Values, rate),
     .fallback = "1e-3",
     .low = 0,
     .high = 10},
    {.key = "on", .type = OPTION_BOOL, .offset = offsetof(Values, on), .fallback = "true"},
    {.key = "name", .type = OPTION_TEXT, .offset = offsetof(Values, name)},
    {.key = "ints",
     .type = OPTION_INTS,
     .offset = offsetof(Values, ints),
     .fallback = "[1, 2]",
     .low = 1,
     .high = 9},
    {.key = "floats",
     .type = OPTION_FLOATS,
     .offset = offsetof(Values, floats),
     .fallback = "[]",
     .low = 0,
     .high = 1},
    {.key = NULL},
};

static void expect(const char *key, const char *text, const char *error)
{
    Values values = {0};
    Error err = {0};
    assert_false(option_parse(option_find(table, key), text, &values, &err));
    assert_int_equal(err.kind, ERROR_USAGE);
    assert_string_equal(err.text, error);
}

static void test_mistakes(void **state)
{
    (void)state;
    expect("count", "12x", "must be an integer from 1 to 4096, not \"12x\"");
    expect("count", "", "must be an integer from 1 to 4096, not \"\"");
    expect("count", " 3", "must be an integer from 1 to 4096, not \" 3\"");
    expect("count", "3.0", "must be an integer from 1 to 4096, not \"3.0\"");
    expect("count", "4097", "must be an integer from 1 to 4096, not \"4097\"");
    expect("count", "99999999999999999999",
           "must be an integer from 1 to 4096, not \"99999999999999999999\"");
    expect("rate", "nan", "must be a number from 0 to 10, not \"nan\"");
    expect("rate", "inf", "must be a number from 0 to 10, not \"inf\"");
    expect("rate", "-0.1", "must be a number from 0 to 10, not \"-0.1\"");
    expect("choice", "cosin",
           "must be one of cosine, step, constant, not \"cosin\"; did you mean \"cosine\"?");
    expect("on", "yes", "must be true or false, not \"yes\"");
    expect("ints", "[1, 10]", "must be a list of integers from 1 to 9, not \"[1, 10]\"");
    expect("ints", "1, 2", "must be a list of integers from 1 to 9, not \"1, 2\"");
    expect("ints", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "must have at most 16 elements");
    expect("floats", "[0.5, x]", "must be a list of numbers from 0 to 1, not \"[0.5, x]\"");
}

static void test_defaults(void **state)
{
    (void)state;
    Values values = {0};
    option_defaults(table, &values);
    assert_true(values.count == 3 && values.choice == 1 && values.rate == 1e-3 && values.on);
    assert_true(values.ints.count == 2 && values.ints.value[1] == 2 && values.floats.count == 0);
}

static void test_round_trip(void **state)
{
    (void)state;
    Random random = random_at(1, RANDOM_MIX, 0, 0, 0);
    const Option *rate = option_find(table, "rate"), *floats = option_find(table, "floats");
    for (int i = 0; i < 10000; i++) {
        Values values = {.rate =
                             random_uniform(&random) * pow(10, -(double)random_below(&random, 30))},
               again = {0};
        values.floats = (OptionFloats){2, {random_uniform(&random), 1.0 / (1 + i)}};
        char text[256];
        Error err = {0};
        option_print(rate, &values, text, sizeof text);
        assert_true(option_parse(rate, text, &again, &err) && again.rate == values.rate);
        option_print(floats, &values, text, sizeof text);
        assert_true(option_parse(floats, text, &again, &err));
        assert_memory_equal(&again.floats.value, &values.floats.value, 2 * sizeof(double));
    }
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"batch", "lane", "image", "epochs"};
    assert_string_equal(option_nearest("bacth", names, 4), "batch");
    assert_string_equal(option_nearest("lanes", names, 4), "lane");
    assert_string_equal(option_nearest("epoch", names, 4), "epochs");
    assert_null(option_nearest("zzzzzz", names, 4));
}

/* --- errors --- */

static void test_errors(void **state)
{
    (void)state;
    Error err = {0};
    assert_false(error_set(&err, ERROR_DATA, "first %d", 1));
    error_set(&err, ERROR_SYSTEM, "second");
    assert_int_equal(err.kind, ERROR_DATA);
    assert_string_equal(err.text, "first 1\nsecond");
    error_context(&err, "file %s", "x");
    assert_string_equal(err.text, "file x: first 1\nfile x: second");
    for (int i = 0; i < 10000; i++)
        error_set(&err, ERROR_DATA, "a line that fills the text: %d", i);
    assert_true(strlen(err.text) < ERROR_TEXT_BYTES && err.count == 10002);
    error_context(&err, "a context that no longer fits");
    assert_true(strlen(err.text) < ERROR_TEXT_BYTES);
}

/* --- arenas --- */

static void test_arena(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    for (int round = 0; round < 3; round++) {
        for (size_t bytes = 0; bytes < 5000000; bytes = bytes * 3 + 7) {
            unsigned char *piece = arena_alloc(arena, bytes);
            assert_int_equal((uintptr_t)piece % 64, 0);
            for (size_t i = 0; i < bytes; i += 97) assert_int_equal(piece[i], 0);
            memset(piece, 0xAB, bytes);
        }
        assert_true(arena_bytes(arena) > 2500000);
        arena_reset(arena);
        assert_int_equal(arena_bytes(arena), 0);
    }
    assert_string_equal(arena_printf(arena, "%s-%d", "a", 5), "a-5");
    arena_destroy(arena);
    arena_destroy(NULL);
}

static void test_lists(void **state)
{
    (void)state;
    typedef struct Triple {
        int a, b, c;
    } Triple;
    Arena *arena = arena_create("test");
    Triple *list = NULL;
    double *row = NULL; /* of three */
    for (int i = 0; i < 1000; i++) {
        list = arena_extend(arena, list, i);
        row = arena_extend_rows(arena, row, (size_t)i, 3 * sizeof *row);
        list[i] = (Triple){i, 2 * i, 3 * i};
        for (int k = 0; k < 3; k++) row[3 * i + k] = i + k;
    }
    for (int i = 0; i < 1000; i++) {
        assert_true(list[i].a == i && list[i].b == 2 * i && list[i].c == 3 * i);
        for (int k = 0; k < 3; k++) assert_true(row[3 * i + k] == i + k);
    }
    arena_destroy(arena);
}

/* --- pool --- */

typedef struct Tally {
    atomic_int calls;
    int seen[4]; /* each written by its worker alone */
    int value;   /* written by the caller before a run */
} Tally;

static void count_call(void *context, int worker)
{
    Tally *tally = context;
    atomic_fetch_add(&tally->calls, 1);
    tally->seen[worker] = tally->value;
}

static void test_pool(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers++) {
        Pool *pool = pool_create(workers);
        Tally tally = {0};
        for (tally.value = 1; tally.value <= 2000; tally.value++) {
            pool_run(pool, count_call, &tally);
            for (int w = 0; w < workers; w++) assert_int_equal(tally.seen[w], tally.value);
        }
        assert_int_equal(tally.calls, 2000 * workers);
        pool_destroy(pool);
    }
    assert_true(pool_cores() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes),   cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_errors),     cmocka_unit_test(test_arena),
        cmocka_unit_test(test_lists),      cmocka_unit_test(test_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
