/* The order of an epoch against docs/formats.md, written down a second time from the bare
 * generator. */
#include "check.h"

#include "base/random.h"
#include "data/sampler.h"

#include <stdlib.h>

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
        sampler_order(order, records, COUNT, 42, epochs[e]);
        assert_memory_equal(order, expected, sizeof order);
    }
}

static void few_records(void **state)
{
    (void)state;
    uint32_t record = 9, order = 0;
    sampler_order(&order, &record, 1, 1, 0);
    assert_int_equal(order, 9);
    sampler_order(&order, &record, 0, 1, 0);
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
        sampler_order(order, records, 4, seed, 1);
        count[order[0] | order[1] << 2 | order[2] << 4 | order[3] << 6]++;
    }
    for (int i = 0; i < 256; i++) {
        if (!count[i]) continue;
        seen++;
        assert_in_range(count[i], 850, 1150); /* 1000 and almost five deviations */
    }
    assert_int_equal(seen, 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_as_documented),
        cmocka_unit_test(few_records),
        cmocka_unit_test(orders_are_uniform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
