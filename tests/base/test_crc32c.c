/* CRC-32C and numbers as text: published vectors, and digits that read back. */
#include "check.h"

#include "base/crc32c.h"
#include "base/number.h"

#include <stdlib.h>

/* RFC 3720, B.4, and the check value of the catalogues. */
static void test_vectors(void **state)
{
    (void)state;
    uint8_t data[32] = {0};
    assert_int_equal(crc32c(data, 0), 0);
    assert_int_equal(crc32c(data, 32), 0x8A9136AA);
    memset(data, 0xFF, 32);
    assert_int_equal(crc32c(data, 32), 0x62A8AB43);
    for (uint8_t i = 0; i < 32; i++) data[i] = i;
    assert_int_equal(crc32c(data, 32), 0x46DD794E);
    for (uint8_t i = 0; i < 32; i++) data[i] = 31 - i;
    assert_int_equal(crc32c(data, 32), 0x113FDB5C);
    assert_int_equal(crc32c("123456789", 9), 0xE3069283);
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.1, "0.1"}, {500, "500"}, {1281167, "1281167"}, {-1e-7, "-1e-07"}, {0, "0"}};
    char text[NUMBER_TEXT_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        number_print(text, sizeof text, cases[i].value);
        assert_string_equal(text, cases[i].text);
    }
    static const double odd[] = {1.0 / 3, 0.1 + 0.2, 5e-324, -1.7976931348623157e308};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        number_print(text, sizeof text, odd[i]);
        assert_true(strtod(text, NULL) == odd[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors),
                                       cmocka_unit_test(test_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
