/* Files, HDF5, seals, YAML and JSON. */
#include "check.h"

#include "io/file.h"
#include "io/h5.h"
#include "io/json.h"
#include "io/seal.h"
#include "io/yaml.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/umbel-io-XXXXXX";

static const char *in_folder(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* --- files --- */

static void test_files(void **state)
{
    (void)state;
    Error err = {0};
    uint8_t *data;
    size_t bytes;
    char text[64];
    file_write(in_folder("a"), "hello", 5, &err);
    file_read(in_folder("a"), &data, &bytes, &err);
    check_no_error(&err);
    assert_true(bytes == 5 && strcmp((char *)data, "hello") == 0);
    free(data);
    int fd = open(in_folder("a"), O_RDONLY);
    assert_true(file_pread(fd, text, 3, 2) && memcmp(text, "llo", 3) == 0);
    assert_false(file_pread(fd, text, 4, 2));
    close(fd);
    file_make_folders(in_folder("x/y/z"), &err);
    check_no_error(&err);
    assert_true(file_exists(in_folder("x/y/z")));
    file_link("a", in_folder("link"), &err);
    file_link("x", in_folder("link"), &err);
    check_no_error(&err);
    assert_int_equal(readlink(in_folder("link"), text, sizeof text), 1);
    assert_false(file_read(in_folder("none"), &data, &bytes, &err));
    check_error(&err, "cannot open");
    err = (Error){0};
    assert_false(file_read(in_folder("x"), &data, &bytes, &err));
    check_error(&err, "it is a folder");
    err = (Error){0};
    assert_false(file_write(in_folder("no/such/a"), "x", 1, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
    err = (Error){0};
    assert_false(file_make_folders(in_folder("a/b"), &err));
    file_join(text, sizeof text, "a/", "b");
    assert_string_equal(text, "a/b");
    file_join(text, sizeof text, "a", "/b");
    assert_string_equal(text, "/b");
    file_folder("a/b/c", text, sizeof text);
    assert_string_equal(text, "a/b");
}

/* --- HDF5 --- */

static const float floats[6] = {1, 2, 3, 4, 5.5F, -6};
static const char *const texts[] = {"größer", "", "c"};

static void write_h5(const char *path, uint64_t *offset)
{
    Error err = {0};
    H5 *file = h5_create(path, &err);
    int64_t i64[1] = {-7};
    uint64_t u64[2] = {UINT64_MAX, 1};
    double f64[1] = {0.1};
    int32_t i32[1] = {-1};
    h5_write(file, "/z/f32", H5_F32, (H5Shape){2, {2, 3}}, floats, &err);
    h5_write(file, "/z/a/i64", H5_I64, (H5Shape){1, {1}}, i64, &err);
    h5_write(file, "/z/u64", H5_U64, (H5Shape){1, {2}}, u64, &err);
    h5_write(file, "/b/f64", H5_F64, (H5Shape){1, {1}}, f64, &err);
    h5_write(file, "/b/i32", H5_I32, (H5Shape){1, {1}}, i32, &err);
    h5_write(file, "/b/none", H5_F32, (H5Shape){1, {0}}, NULL, &err);
    h5_write_texts(file, "/texts", texts, 3, &err);
    h5_write_attribute_text(file, "/", "format", "test", &err);
    h5_write_attribute_int(file, "/z", "version", 5, &err);
    h5_reserve(file, "/bytes", H5_U8, (H5Shape){1, {100}}, offset, &err);
    h5_close(file, &err);
    check_no_error(&err);
}

static void test_h5(void **state)
{
    (void)state;
    uint64_t offset, again, u64[2];
    Error err = {0};
    write_h5(in_folder("t.h5"), &offset);
    int fd = open(in_folder("t.h5"), O_RDWR);
    uint8_t ramp[100], back[100];
    for (int i = 0; i < 100; i++) ramp[i] = (uint8_t)i;
    assert_true(file_pwrite(fd, ramp, 100, offset));
    close(fd);
    H5 *file = h5_open(in_folder("t.h5"), &err);
    float f[6];
    char **names, *text;
    size_t count;
    int64_t version;
    h5_read(file, "/z/f32", H5_F32, (H5Shape){2, {2, 3}}, f, &err);
    h5_read(file, "/z/u64", H5_U64, (H5Shape){1, {2}}, u64, &err);
    h5_read(file, "/b/none", H5_F32, (H5Shape){1, {0}}, NULL, &err);
    h5_read_slice(file, "/bytes", H5_U8, 10, 20, back, &err);
    check_no_error(&err);
    assert_memory_equal(f, floats, sizeof f);
    assert_true(u64[0] == UINT64_MAX && back[0] == 10 && back[19] == 29);
    assert_true(h5_offset(file, "/bytes", &again) && again == offset);
    h5_list(file, "/", &names, &count, &err); /* in order of creation, not of names */
    assert_true(count == 4 && strcmp(names[0], "z") == 0 && strcmp(names[1], "b") == 0);
    free(names);
    h5_read_texts(file, "/texts", &names, &count, &err);
    assert_true(count == 3 && strcmp(names[0], "größer") == 0 && strcmp(names[1], "") == 0);
    free(names);
    h5_read_attribute_text(file, "/", "format", &text, &err);
    assert_string_equal(text, "test");
    free(text);
    h5_read_attribute_int(file, "/z", "version", &version, &err);
    assert_int_equal(version, 5);
    check_no_error(&err);
    assert_false(h5_read(file, "/z/f32", H5_F32, (H5Shape){2, {3, 2}}, f, &err));
    check_error(&err, "/z/f32: is float32 (2,3), not float32 (3,2)");
    err = (Error){0};
    assert_false(h5_read(file, "/z/f32", H5_F64, (H5Shape){2, {2, 3}}, f, &err));
    check_error(&err, "is float32 (2,3), not float64 (2,3)");
    err = (Error){0};
    assert_false(h5_read(file, "/none", H5_F32, (H5Shape){1, {1}}, f, &err));
    check_error(&err, "has no array /none");
    err = (Error){0};
    assert_false(h5_read_slice(file, "/bytes", H5_U8, 90, 20, back, &err));
    err = (Error){0};
    assert_false(h5_read_texts(file, "/z/f32", &names, &count, &err));
    check_error(&err, "is no list of fixed-length texts");
    assert_false(h5_has(file, "/q/r/s"));
    h5_close(file, &err);
}

static void test_h5_same_bytes(void **state)
{
    (void)state;
    uint64_t offset;
    uint8_t *a, *b;
    size_t a_bytes, b_bytes;
    Error err = {0};
    write_h5(in_folder("1.h5"), &offset);
    sleep(1); /* a time stamp would show */
    write_h5(in_folder("2.h5"), &offset);
    file_read(in_folder("1.h5"), &a, &a_bytes, &err);
    file_read(in_folder("2.h5"), &b, &b_bytes, &err);
    assert_true(a_bytes == b_bytes && memcmp(a, b, a_bytes) == 0);
    free(a);
    free(b);
}

/* Arrays that claim a terabyte which was never written: HDF5 gives them no place in the file. */
static void test_h5_claims(void **state)
{
    (void)state;
    Error err = {0};
    H5Type type;
    H5Shape shape;
    char command[512], **list;
    size_t count;
    snprintf(command, sizeof command,
             "/usr/bin/python3 -c \"import h5py; f = h5py.File('%s', 'w'); "
             "f.create_dataset('a', (1 << 38,), 'f4'); f.create_dataset('t', (1 << 37,), 'S8')\"",
             in_folder("claims.h5"));
    assert_int_equal(system(command), 0);
    H5 *file = h5_open(in_folder("claims.h5"), &err);
    check_no_error(&err);
    assert_false(h5_info(file, "/a", &type, &shape, &err));
    check_error(&err, "/a: claims to be larger than the file");
    err = (Error){0};
    assert_false(h5_read_texts(file, "/t", &list, &count, &err));
    check_error(&err, "/t: is no list of fixed-length texts");
    h5_close(file, &(Error){0});
}

static void test_h5_handles(void **state)
{
    (void)state;
    Error err = {0};
    uint64_t offset;
    write_h5(in_folder("h.h5"), &offset);
    int first = open("/dev/null", O_RDONLY), last;
    close(first);
    for (int i = 0; i < 500; i++) {
        H5 *file = h5_open(in_folder("h.h5"), &err);
        char **names;
        size_t count;
        h5_list(file, "/z", &names, &count, &err);
        free(names);
        h5_close(file, &err);
    }
    last = open("/dev/null", O_RDONLY);
    close(last);
    assert_int_equal(first, last);
}

/* --- seals --- */

static void expect_seal(const char *name, SealKind kind, uint32_t version, ErrorKind error,
                        const char *part)
{
    Seal seal;
    Error err = {0};
    assert_false(seal_check(in_folder(name), kind, version, &seal, &err));
    assert_int_equal(err.kind, error);
    check_error(&err, part);
}

static void flip(const char *name, long at, int whence)
{
    FILE *file = fopen(in_folder(name), "r+b");
    fseek(file, at, whence);
    int byte = fgetc(file);
    fseek(file, at, whence);
    fputc(byte ^ 1, file);
    fclose(file);
}

static void make_sealed(const char *name)
{
    uint64_t offset;
    Error err = {0};
    write_h5(in_folder(name), &offset);
    Seal seal = {.kind = SEAL_PACK, .version = 3, .hole_begin = offset, .hole_end = offset + 100};
    seal_write(in_folder(name), &seal, &err);
    check_no_error(&err);
}

static void test_seal(void **state)
{
    (void)state;
    Seal seal;
    SealKind kind;
    Error err = {0};
    make_sealed("s.h5");
    assert_true(seal_check(in_folder("s.h5"), SEAL_PACK, 3, &seal, &err));
    assert_true(seal_kind(in_folder("s.h5"), &kind, &err) && kind == SEAL_PACK);
    H5 *file = h5_open(in_folder("s.h5"), &err); /* HDF5 does not mind the trailer */
    assert_non_null(file);
    h5_close(file, &err);
    expect_seal("s.h5", SEAL_CHECKPOINT, 3, ERROR_DATA, "is a pack, not a checkpoint");
    expect_seal("s.h5", SEAL_PACK, 2, ERROR_DATA,
                "is a pack of version 3, this program reads up to version 2");
    flip("s.h5", (long)seal.hole_begin + 50, SEEK_SET);
    assert_true(seal_check(in_folder("s.h5"), SEAL_PACK, 3, &seal, &err));
    flip("s.h5", 700, SEEK_SET);
    expect_seal("s.h5", SEAL_PACK, 3, ERROR_DATA, "is damaged: its checksum does not match");
    flip("s.h5", 700, SEEK_SET);
    for (int at = -64; at < -8; at++) { /* each byte of the trailer but the reserved ones */
        flip("s.h5", at, SEEK_END);
        assert_false(seal_check(in_folder("s.h5"), SEAL_PACK, 3, &seal, &(Error){0}));
        flip("s.h5", at, SEEK_END);
    }
    assert_int_equal(truncate(in_folder("s.h5"), 1000), 0);
    expect_seal("s.h5", SEAL_PACK, 3, ERROR_DATA, "without umbel's seal");
    file_write(in_folder("text"), "hello", 5, &err);
    expect_seal("text", SEAL_PACK, 3, ERROR_DATA, "is neither a pack nor a checkpoint");
    file_write(in_folder("empty"), "", 0, &err);
    expect_seal("empty", SEAL_PACK, 3, ERROR_DATA, "is empty");
    expect_seal("x", SEAL_PACK, 3, ERROR_DATA, "is a folder");
    expect_seal("none", SEAL_PACK, 3, ERROR_SYSTEM, "No such file");
}

/* --- YAML --- */

static void test_yaml(void **state)
{
    (void)state;
    Settings settings = {.arena = arena_create("test")};
    Error err = {0};
    static const char text[] =
        "a: 1\nb: {c: two, d: [1, 2]}\nheads: [{name: x}, {name: y, w: 2}]\ne: []\nf: {}\n"
        "g: \"quoted: text\"\nh: &anchor 5\ni: *anchor\n";
    yaml_parse(&settings, text, strlen(text), "c.yaml", &err);
    check_no_error(&err);
    static const char *const expected[][3] = {
        {"a", "1", "c.yaml:1:4"},
        {"b.c", "two", "c.yaml:2:8"},
        {"b.d", "[1, 2]", "c.yaml:2:16"},
        {"heads[0].name", "x", "c.yaml:3:16"},
        {"heads[1].name", "y", "c.yaml:3:27"},
        {"heads[1].w", "2", "c.yaml:3:33"},
        {"e", "[]", "c.yaml:4:4"},
        {"f", "{}", "c.yaml:5:4"},
        {"g", "quoted: text", "c.yaml:6:4"},
        {"h", "5", "c.yaml:7:4"},
        {"i", "5", "c.yaml:7:4"},
    };
    assert_int_equal(settings.count, sizeof expected / sizeof *expected);
    for (int i = 0; i < settings.count; i++) {
        assert_string_equal(settings.list[i].key, expected[i][0]);
        assert_string_equal(settings.list[i].value, expected[i][1]);
        assert_string_equal(settings.list[i].where, expected[i][2]);
    }
    yaml_set(&settings, "heads=[{name: z}]", &err);
    yaml_set(&settings, "b.c=", &err);
    check_no_error(&err);
    assert_int_equal(settings.count, 9);
    assert_string_equal(settings.list[settings.count - 1].value, "");
    arena_destroy(settings.arena);
}

static void test_yaml_mistakes(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a: 1\na: 2\n", "c:2:1: a: is given twice, first at line 1"},
        {"a:\n\t- 1\n", "tab"},
        {"", "c: is empty"},
        {"# nothing\n", "c: is empty"},
        {"- 1\n", "c:1:1: must be `key: value` lines"},
        {"a: 1\n---\nb: 2\n", "a second document"},
        {"a: [1, {b: 2}]\n", "mixes words and maps"},
        {"a: {b: {c: {d: {e: {f: {g: {h: {i: {j: 1}}}}}}}}}\n", "nested too deep"},
        {"a: [1, 2\n", "c:"},
        {"? [a, b]\n: 1\n", "a key must be a plain word"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Settings settings = {.arena = arena_create("test")};
        Error err = {0};
        assert_false(yaml_parse(&settings, cases[i][0], strlen(cases[i][0]), "c", &err));
        check_error(&err, cases[i][1]);
        assert_int_equal(err.kind, ERROR_USAGE);
        arena_destroy(settings.arena);
    }
    Settings settings = {.arena = arena_create("test")};
    Error err = {0};
    assert_false(yaml_parse(&settings, "a\0b", 3, "c", &err));
    check_error(&err, "c: is a binary file");
    arena_destroy(settings.arena);
}

/* --- JSON --- */

static void test_json(void **state)
{
    (void)state;
    Json *json = json_create();
    json_add_integer(json, "i", INT64_MIN);
    json_add_real(json, "r", 0.1);
    json_add_real(json, "n", 0.0 / 0.0);
    json_begin(json, "o");
    json_add_text(json, "t", "\"ü\n");
    json_end(json);
    json_begin_array(json, "a");
    json_add_bool(json, NULL, true);
    json_end(json);
    char *text = json_print(json, false);
    assert_string_equal(text, "{\"i\":-9223372036854775808,\"r\":0.10000000000000001,\"n\":null,"
                              "\"o\":{\"t\":\"\\\"ü\\n\"},"
                              "\"a\":[true]}");
    free(text);
    json_destroy(json);
}

static void test_json_numbers(void **state)
{
    (void)state;
    static const char text[] = "{\"i\":-3,\"r\":0.1,\"n\":null,\"t\":\"1\"}";
    Error err = {0};
    JsonValue *root = json_parse(text, sizeof text - 1, &err);
    double real = 0;
    assert_true(json_get_real(json_member(root, "i"), &real) && real == -3);
    assert_true(json_get_real(json_member(root, "r"), &real) && real == 0.1);
    assert_false(json_get_real(json_member(root, "n"), &real));
    assert_false(json_get_real(json_member(root, "t"), &real));
    assert_false(json_get_real(json_member(root, "none"), &real));
    json_free(root);
}

int main(void)
{
    if (!mkdtemp(folder)) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),         cmocka_unit_test(test_h5),
        cmocka_unit_test(test_h5_same_bytes), cmocka_unit_test(test_h5_claims),
        cmocka_unit_test(test_h5_handles),    cmocka_unit_test(test_seal),
        cmocka_unit_test(test_yaml),          cmocka_unit_test(test_yaml_mistakes),
        cmocka_unit_test(test_json),          cmocka_unit_test(test_json_numbers),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[300];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0) fprintf(stderr, "cannot remove %s\n", folder);
    return failed;
}
