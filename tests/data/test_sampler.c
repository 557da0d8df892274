/* The order of an epoch against docs/formats.md, written down a second time from the bare
 * generator. */
#include "check.h"

#include "base/random.h"
#include "data/sampler.h"

#include <math.h>
#include <stdlib.h>

static void order_of(uint32_t *order, const uint32_t *records, size_t count, uint64_t seed,
                     uint64_t epoch)
{
    Arena *arena = arena_create("test");
    Sampler *sampler = sampler_create(records, count, BALANCE_NONE, NULL, 0, arena);
    sampler_order(sampler, order, seed, epoch);
    arena_destroy(arena);
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
}

/* Word number `n` of the order's draws. */
static uint32_t word(uint64_t seed, uint64_t epoch, uint32_t n)
{
    uint64_t key = mix(seed);
    uint32_t keys[2] = {(uint32_t)key, (uint32_t)(key >> 32)}, out[4];
    uint32_t counter[4] = {n / 4, 2U << 24 | (uint32_t)(epoch >> 32 & 0xFFFFFF), (uint32_t)epoch,
                           0};
    random_philox(counter, keys, out);
    return out[n % 4];
}

static void order_is_as_documented(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    static const uint64_t epochs[] = {0, 3, 0x123456789AULL};
    uint32_t records[COUNT], expected[COUNT], order[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) records[i] = 5 * i + 2;
    for (int e = 0; e < 3; e++) {
        uint32_t n = 0;
        memcpy(expected, records, sizeof expected);
        for (uint32_t i = COUNT - 1; i > 0; i--) {
            uint64_t limit = 0x100000000ULL / (i + 1) * (i + 1), drawn;
            do drawn = word(42, epochs[e], n++);
            while (drawn >= limit);
            uint32_t j = (uint32_t)(drawn % (i + 1)), kept = expected[i];
            expected[i] = expected[j];
            expected[j] = kept;
        }
        order_of(order, records, COUNT, 42, epochs[e]);
        assert_memory_equal(order, expected, sizeof order);
    }
}

static void few_records(void **state)
{
    (void)state;
    uint32_t record = 9, order = 0;
    order_of(&order, &record, 1, 1, 0);
    assert_int_equal(order, 9);
    order_of(&order, &record, 0, 1, 0);
    assert_int_equal(order, 9);
}

/* Each of the 24 orders of four records comes up about equally often over seeds. */
static void orders_are_uniform(void **state)
{
    (void)state;
    enum { DRAWS = 24000 };
    static const uint32_t records[4] = {0, 1, 2, 3};
    int count[256] = {0}, seen = 0;
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        uint32_t order[4];
        order_of(order, records, 4, seed, 1);
        count[order[0] | order[1] << 2 | order[2] << 4 | order[3] << 6]++;
    }
    for (int i = 0; i < 256; i++) {
        if (!count[i]) continue;
        seen++;
        assert_in_range(count[i], 850, 1150); /* 1000 and almost five deviations */
    }
    assert_int_equal(seen, 24);
}

/* --- balance --- */

/* 1000 records: 60 without a class, then classes of 600, 0, 240, 96 and 4 of them, mixed. */
enum { MANY = 1000, CLASSES = 5, NONE = 60, EPOCHS = 200 };
static const int sizes[CLASSES] = {600, 0, 240, 96, 4};

static void make_classes(uint32_t *records, int32_t *class_of)
{
    int at = 0;
    for (int i = 0; i < NONE; i++) class_of[at++] = -1;
    for (int k = 0; k < CLASSES; k++)
        for (int i = 0; i < sizes[k]; i++) class_of[at++] = k;
    assert_int_equal(at, MANY);
    for (int i = 0; i < MANY; i++) records[i] = 3 * (uint32_t)(i * 617 % MANY);
}

static double share_of(BalanceKind kind, int class)
{
    double sum = 0, own = 0;
    for (int k = 0; k < CLASSES; k++) {
        double part = sizes[k] == 0 ? 0 : kind == BALANCE_SQRT ? sqrt(sizes[k]) : 1;
        sum += part;
        if (k == class) own = part;
    }
    return (MANY - NONE) * own / sum;
}

/* Draws of each record in one epoch; each is one of `records`. */
static void count_draws(int *drawn, const uint32_t *order)
{
    memset(drawn, 0, sizeof *drawn * MANY);
    for (int i = 0; i < MANY; i++) {
        assert_true(order[i] % 3 == 0 && order[i] / 3 < MANY);
        drawn[order[i] / 3]++;
    }
}

static void check_epoch(const int *drawn, const int32_t *class_of, BalanceKind kind,
                        double total[CLASSES])
{
    int draws[CLASSES] = {0};
    for (int i = 0; i < MANY; i++) { /* record 3 * (i * 617 % MANY) has class_of[i] */
        int times = drawn[i * 617 % MANY];
        if (class_of[i] < 0)
            assert_int_equal(times, 1);
        else
            draws[class_of[i]] += times;
    }
    for (int k = 0; k < CLASSES; k++) {
        assert_true(fabs(draws[k] - share_of(kind, k)) < 1);
        total[k] += draws[k];
    }
    for (int i = 0; i < MANY; i++) {
        int k = class_of[i], times = drawn[i * 617 % MANY];
        if (k >= 0) assert_in_range(times, draws[k] / sizes[k], draws[k] / sizes[k] + 1);
    }
}

static void classes_have_their_shares(void **state)
{
    (void)state;
    uint32_t records[MANY], order[MANY];
    int32_t class_of[MANY];
    int drawn[MANY];
    make_classes(records, class_of);
    for (BalanceKind kind = BALANCE_SQRT; kind <= BALANCE_FULL; kind++) {
        Arena *arena = arena_create("test");
        Sampler *sampler = sampler_create(records, MANY, kind, class_of, CLASSES, arena);
        double total[CLASSES] = {0};
        for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
            sampler_order(sampler, order, 5, epoch);
            count_draws(drawn, order);
            check_epoch(drawn, class_of, kind, total);
        }
        /* the offset's mean: a deviation of 0.5 / sqrt(200) at most, five of them */
        for (int k = 0; k < CLASSES; k++)
            assert_true(fabs(total[k] / EPOCHS - share_of(kind, k)) < 0.18);
        arena_destroy(arena);
    }
}

static void balance_is_a_function_of_seed_and_epoch(void **state)
{
    (void)state;
    uint32_t records[MANY], first[MANY], order[MANY];
    int32_t class_of[MANY];
    make_classes(records, class_of);
    Arena *arena = arena_create("test");
    Sampler *one = sampler_create(records, MANY, BALANCE_SQRT, class_of, CLASSES, arena);
    Sampler *other = sampler_create(records, MANY, BALANCE_SQRT, class_of, CLASSES, arena);
    sampler_order(one, first, 5, 8);
    sampler_order(one, order, 5, 7);
    assert_memory_not_equal(first, order, sizeof order);
    sampler_order(other, order, 5, 8);
    assert_memory_equal(first, order, sizeof order);
    sampler_order(other, order, 6, 8);
    assert_memory_not_equal(first, order, sizeof order);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_as_documented),
        cmocka_unit_test(few_records),
        cmocka_unit_test(orders_are_uniform),
        cmocka_unit_test(classes_have_their_shares),
        cmocka_unit_test(balance_is_a_function_of_seed_and_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
