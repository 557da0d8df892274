/* Sets of hardware threads and their text. */
#include "check.h"

#include "base/cpu_set.h"

static void test_members(void **state)
{
    (void)state;
    CpuSet a = {0}, b = {0};
    cpu_set_add(&a, 0);
    cpu_set_add(&a, 63);
    cpu_set_add(&a, 64);
    cpu_set_add(&a, CPU_SET_MAX - 1);
    cpu_set_add(&a, CPU_SET_MAX);
    cpu_set_add(&a, -1);
    assert_int_equal(cpu_set_count(&a), 4);
    assert_true(cpu_set_has(&a, 64) && !cpu_set_has(&a, 65) && !cpu_set_has(&a, CPU_SET_MAX));
    cpu_set_add(&b, 65);
    assert_false(cpu_set_meet(&a, &b));
    cpu_set_unite(&b, &a);
    assert_true(cpu_set_meet(&a, &b));
    assert_int_equal(cpu_set_count(&b), 5);
}

static const char *print(const int *numbers, int count, size_t bytes)
{
    static char text[64];
    CpuSet set = {0};
    for (int i = 0; i < count; i++) cpu_set_add(&set, numbers[i]);
    return cpu_set_print(&set, text, bytes);
}

static void test_text(void **state)
{
    (void)state;
    const int numbers[] = {0, 1, 2, 3, 8, 10, 11, 1023};
    assert_string_equal(print(numbers, 0, 64), "");
    assert_string_equal(print(numbers, 8, 64), "0-3,8,10-11,1023");
    assert_string_equal(print(numbers, 8, 13), "0-3,8,…");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
