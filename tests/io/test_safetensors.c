/* safetensors: writing and reading back, half precisions, and what is said of hostile files. */
#include "check.h"

#include "io/file.h"
#include "io/json.h"
#include "io/safetensors.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

static char path[64];

static int make_path(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/umbel-safetensors-%ld", (long)getpid());
    return 0;
}

static int remove_path(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

/* Writes a file of `header`, with its length in front, and `data_bytes` bytes 0, 1, 2, … */
static void write_raw(const char *header, size_t header_bytes, size_t data_bytes)
{
    uint8_t *bytes = calloc(1, 8 + header_bytes + data_bytes);
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)((uint64_t)header_bytes >> (8 * i));
    memcpy(bytes + 8, header, header_bytes);
    for (size_t i = 0; i < data_bytes; i++) bytes[8 + header_bytes + i] = (uint8_t)i;
    Error err = {0};
    file_write(path, bytes, 8 + header_bytes + data_bytes, &err);
    check_no_error(&err);
    free(bytes);
}

static void refused(const char *header, size_t data_bytes, const char *part)
{
    Error err = {0};
    write_raw(header, strlen(header), data_bytes);
    assert_null(safetensors_open(path, &err));
    assert_int_equal(err.kind, ERROR_DATA);
    assert_int_equal(err.count, 1);
    assert_non_null(strstr(err.text, path));
    assert_null(strchr(err.text, '\n'));
    check_error(&err, part);
}

#define ARRAY(name, dtype, shape, begin, end)                                                      \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" begin "," end \
    "]}"

static void test_places(void **state)
{
    (void)state;
    refused("{" ARRAY("a", "F32", "2", "0", "8") "," ARRAY("b", "F32", "2", "4", "12") "}", 12,
            "tensor \"b\": its data overlap those of \"a\"");
    refused("{" ARRAY("a", "F32", "2", "0", "8") "," ARRAY("b", "F32", "2", "0", "8") "}", 8,
            "overlap");
    refused("{" ARRAY("a", "F32", "2", "0", "8") "," ARRAY("b", "F32", "1", "12", "16") "}", 16,
            "tensor \"b\": 4 bytes before its data belong to no tensor");
    refused("{" ARRAY("a", "F32", "2", "4", "12") "}", 12, "4 bytes before its data");
    refused("{" ARRAY("a", "F32", "2", "0", "8") "}", 12, "4 bytes at the end belong to no tensor");
    refused("{" ARRAY("a", "F32", "2", "0", "8") "}", 7, "beyond the end of the file");
    refused("{" ARRAY("a", "F32", "2", "0", "9223372036854775807") "}", 8, "beyond the end");
    refused("{" ARRAY("a", "F32", "2", "8", "0") "}", 8, "no begin and end");
    refused("{" ARRAY("a", "F32", "2", "-8", "0") "}", 8, "no begin and end");
    refused("{" ARRAY("a", "F32", "2", "0", "99999999999999999999") "}", 8, "bad JSON");
}

static void test_shapes(void **state)
{
    (void)state;
    refused("{" ARRAY("a", "F32", "3", "0", "8") "}", 8, "do not fit its dtype and shape");
    refused("{" ARRAY("a", "F64", "2", "0", "8") "}", 8, "do not fit its dtype and shape");
    refused("{" ARRAY("a", "F33", "2", "0", "8") "}", 8, "dtype is missing or unknown");
    refused("{" ARRAY("a", "F32", "-2", "0", "8") "}", 8, "no whole number");
    refused("{" ARRAY("a", "F32", "1.5", "0", "8") "}", 8, "no whole number");
    refused("{" ARRAY("a", "F32", "4294967296,4294967296,4294967296", "0", "8") "}", 8,
            "more elements than a file can hold");
    /* 2^62 elements of 4 bytes: the product of shape fits, that with the size does not */
    refused("{" ARRAY("a", "F32", "4611686018427387904", "0", "0") "}", 0, "do not fit");
    refused("{" ARRAY("a", "F32", "1,1,1,1,1,1,1,1,2", "0", "8") "}", 8, "at most 8 dimensions");
    refused("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "its shape is no list");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "its data_offsets are no begin");
    refused("{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "dtype is missing");
    refused("{\"a\":7}", 0, "dtype is missing");
}

static void test_header(void **state)
{
    (void)state;
    refused("{" ARRAY("a", "F32", "2", "0", "8") "," ARRAY("a", "F32", "2", "8", "16") "}", 16,
            "duplicate object key");
    refused("[1, 2]", 0, "no object");
    refused("{\"a\":", 0, "bad JSON");
    refused("", 0, "bad JSON");
    refused("{\"\\u0000\":1}", 0, "bad JSON");
    refused("{" ARRAY("a\\nb", "F32", "2", "0", "8") "}", 8, "not printable");
    refused("{" ARRAY("", "F32", "2", "0", "8") "}", 8, "name is empty");
    refused("{\"a\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}", 0, "nested deeper than 16");
}

static void test_lengths(void **state)
{
    (void)state;
    static const struct {
        size_t bytes;
        uint8_t data[9];
        const char *part;
    } cases[] = {{0, {0}, "shorter than a header"},
                 {7, {1}, "shorter than a header"},
                 {9, {2, 0, 0, 0, 0, 0, 0, 0, '{'}, "more than the file"},
                 {9, {1, 0xe1, 0xf5, 5, 0, 0, 0, 0, '{'}, "more than 100 MB"},
                 {9, {255, 255, 255, 255, 255, 255, 255, 255, '{'}, "more than 100 MB"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Error err = {0};
        file_write(path, cases[i].data, cases[i].bytes, &err);
        assert_null(safetensors_open(path, &err));
        check_error(&err, cases[i].part);
    }
    Error err = {0};
    assert_null(safetensors_open("/nowhere/x.safetensors", &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
}

/* A header of many tiny values must not take many times its size: it is refused before the
 * tree is built. */
static void test_many_values(void **state)
{
    (void)state;
    enum { VALUES = 20000000 };
    char *header = malloc(2 * VALUES + 16);
    size_t bytes = (size_t)sprintf(header, "{\"a\":[1");
    for (int i = 0; i < VALUES; i++) bytes += (size_t)sprintf(header + bytes, ",1");
    bytes += (size_t)sprintf(header + bytes, "]}");
    write_raw(header, bytes, 0);
    free(header);
    Error err = {0};
    assert_null(safetensors_open(path, &err));
    check_error(&err, "more than 1048576 values");
}

static void test_half(void **state)
{
    (void)state;
    static const char header[] = "{" ARRAY("half", "F16", "6", "0", "12") "," ARRAY(
        "brain", "BF16", "2", "12", "16") "," ARRAY("int", "I64", "", "16", "24") "}";
    static const uint8_t data[24] = {0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0xff, 0x7b, 0x00,
                                     0x7c, 0x00, 0x80, 0x80, 0x3f, 0x49, 0xc0, 9};
    uint8_t file[8 + sizeof header - 1 + sizeof data] = {sizeof header - 1};
    assert_true(sizeof header - 1 < 256);
    memcpy(file + 8, header, sizeof header - 1);
    memcpy(file + 8 + sizeof header - 1, data, sizeof data);
    Error err = {0};
    file_write(path, file, sizeof file, &err);
    Safetensors *open = safetensors_open(path, &err);
    check_no_error(&err);
    float half[6], brain[2], integer[1];
    safetensors_read(open, safetensors_find(open, "half"), half, &err);
    safetensors_read(open, safetensors_find(open, "brain"), brain, &err);
    check_no_error(&err);
    assert_true(half[0] == 1 && half[1] == -2 && half[2] == 0x1p-24F && half[3] == 65504);
    assert_true(isinf(half[4]) && half[5] == 0 && signbit(half[5]));
    assert_true(brain[0] == 1 && brain[1] == -3.140625F);
    assert_false(safetensors_read(open, safetensors_find(open, "int"), integer, &err));
    check_error(&err, "\"int\" has dtype I64; only F32, F16 and BF16 can be read");
    assert_null(safetensors_find(open, "other"));
    safetensors_close(open);
}

static void test_round_trip(void **state)
{
    (void)state;
    enum { LARGE = 70000 };
    float *large = malloc(sizeof(float) * LARGE), *back = malloc(sizeof(float) * LARGE);
    for (int i = 0; i < LARGE; i++) large[i] = (float)i * 0.37F - 5;
    const float small[] = {1, -0.0F, 3e-42F};
    const char *const metadata[] = {"format", "pt", "note", "\"x\"", NULL};
    Error err = {0};
    uint8_t *first = NULL, *second = NULL;
    size_t first_bytes, second_bytes;
    for (int turn = 0; turn < 2; turn++) {
        SafetensorsItem items[] = {
            {"z", 2, {7, 10000}, large}, {"a.b", 1, {3}, small}, {"none", 2, {0, 4}, NULL}};
        if (turn) {
            SafetensorsItem swap = items[0];
            items[0] = items[1];
            items[1] = swap;
        }
        safetensors_write(path, items, 3, metadata, &err);
        check_no_error(&err);
        file_read(path, turn ? &second : &first, turn ? &second_bytes : &first_bytes, &err);
    }
    check_no_error(&err);
    assert_int_equal(first_bytes, second_bytes);
    assert_memory_equal(first, second, first_bytes);
    assert_int_equal((8 + (size_t)first[0] + 256 * (size_t)first[1]) % 8, 0);
    Safetensors *file = safetensors_open(path, &err);
    check_no_error(&err);
    assert_int_equal(safetensors_count(file), 3);
    assert_string_equal(safetensors_at(file, 0)->name, "a.b");
    const SafetensorsArray *z = safetensors_find(file, "z");
    assert_true(z->rank == 2 && z->dim[0] == 7 && z->dim[1] == 10000 && z->count == LARGE);
    safetensors_read(file, z, back, &err);
    check_no_error(&err);
    assert_memory_equal(back, large, sizeof(float) * LARGE);
    safetensors_read(file, safetensors_find(file, "a.b"), back, &err);
    assert_memory_equal(back, small, sizeof small);
    safetensors_close(file);
    free(first);
    free(second);
    free(large);
    free(back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),      cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_header),      cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_many_values), cmocka_unit_test(test_half),
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
