/* Packs: what goes in comes out, and damaged files are errors by name. */
#include "packs.h"

#include <unistd.h>

static void round_trip(void **state)
{
    (void)state;
    Error err = {0};
    Pack *pack = open_pack("good.h5");
    assert_int_equal(pack_records(pack), IMAGES);
    size_t largest = 0;
    for (int i = 0; i < IMAGES; i++) {
        int width, height;
        size_t bytes = pack_image_bytes(pack, i);
        uint8_t *buffer = malloc(bytes);
        assert_int_equal(bytes, picture[i].bytes);
        pack_read(pack, i, buffer, &err);
        check_no_error(&err);
        assert_memory_equal(buffer, picture[i].data, bytes);
        pack_image_size(pack, i, &width, &height);
        assert_int_equal(width, 30 + i);
        assert_int_equal(height, 25);
        assert_string_equal(pack_record_path(pack, i), picture_name(i));
        largest = bytes > largest ? bytes : largest;
        free(buffer);
    }
    assert_int_equal(pack_largest_image_bytes(pack), largest);
    pack_close(pack);
}

static void labels_and_splits(void **state)
{
    (void)state;
    Pack *pack = open_pack("good.h5");
    static const char *const sizes[] = {"9", "10", "100", "a",
                                        "b"}; /* numbers by value, then texts */
    static const int32_t size_label[IMAGES] = {1, 0, 1, 2, -1, 0, 4, 3, 0};
    static const char *const colours[] = {"blue", "green", "red"};
    static const int32_t colour_label[IMAGES] = {2, -1, 0, 2, 1, 2, 0, 0, -1};
    assert_int_equal(pack_groups(pack), 2);
    const LabelGroup *size = pack_group(pack, 0), *colour = pack_group(pack, 1);
    assert_string_equal(size->name, "size");
    assert_int_equal(size->classes, 5);
    assert_int_equal(colour->classes, 3);
    for (int k = 0; k < 5; k++) assert_string_equal(size->class_name[k], sizes[k]);
    for (int k = 0; k < 3; k++) assert_string_equal(colour->class_name[k], colours[k]);
    assert_memory_equal(size->label, size_label, sizeof size_label);
    assert_memory_equal(colour->label, colour_label, sizeof colour_label);
    assert_int_equal(pack_find_group(pack, "colour"), 1);
    assert_int_equal(pack_find_group(pack, "shape"), -1);
    size_t count;
    const uint32_t *val = pack_split(pack, SPLIT_VAL, &count);
    assert_int_equal(count, 2);
    assert_true(val[0] == 1 && val[1] == 5);
    assert_int_equal(pack_split_of(pack, 2), SPLIT_TEST);
    pack_close(pack);
}

static bool same_files(const char *a, const char *b)
{
    uint8_t *x, *y;
    size_t n, m;
    Error err = {0};
    assert_true(file_read(in_folder(a), &x, &n, &err));
    assert_true(file_read(in_folder(b), &y, &m, &err));
    bool same = n == m && memcmp(x, y, n) == 0;
    free(x);
    free(y);
    return same;
}

static void same_input_gives_the_same_bytes(void **state)
{
    (void)state;
    Error err;
    assert_true(write_pack(manifest, "again.h5", 0, &err));
    assert_true(same_files("good.h5", "again.h5"));
    char other[sizeof manifest];
    memcpy(other, manifest, sizeof manifest);
    memcpy(strstr(other, "blue"), "bleu", 4);
    assert_true(write_pack(other, "other.h5", 0, &err));
    assert_false(same_files("good.h5", "other.h5"));
    Pack *first = open_pack("good.h5"), *again = open_pack("again.h5"),
         *second = open_pack("other.h5");
    Hash128 a = pack_hash(first), b = pack_hash(again), c = pack_hash(second);
    assert_true(a.high == b.high && a.low == b.low);
    assert_true(a.high != c.high && a.low != c.low);
    pack_close(first);
    pack_close(again);
    pack_close(second);
}

static void reencoded(void **state)
{
    (void)state;
    Error err;
    write_pack(manifest, "small.h5", 20, &err);
    check_no_error(&err);
    Pack *pack = open_pack("small.h5");
    for (int i = 0; i < IMAGES; i++) {
        int width, height, true_width, true_height;
        uint8_t *buffer = malloc(pack_image_bytes(pack, i));
        assert_true(pack_read(pack, i, buffer, &err));
        assert_true(buffer[0] == 0xFF && buffer[1] == 0xD8); /* PNG too becomes JPEG */
        pack_image_size(pack, i, &width, &height);
        assert_true(image_size(buffer, pack_image_bytes(pack, i), &true_width, &true_height, &err));
        assert_int_equal(width, 20);
        assert_int_equal(height, (int)(25 * 20.0 / (30 + i) + 0.5));
        assert_true(width == true_width && height == true_height);
        free(buffer);
    }
    pack_close(pack);
    write_pack(manifest, "kept.h5", IMAGE_SIDE_MAX, &err);
    check_no_error(&err);
    pack = open_pack("kept.h5");
    int width, height;
    pack_image_size(pack, 3, &width, &height);
    assert_true(width == 33 && height == 25);
    pack_close(pack);
}

/* --- what cannot be packed */

static void bad_images_are_named(void **state)
{
    (void)state;
    put_file("cut.jpg", picture[0].data, picture[0].bytes / 2);
    put_file("zero.jpg", "", 0);
    put_file("text.png", "hello", 5);
    Error err;
    assert_false(write_pack("path,t\n0.jpg,a\ncut.jpg,a\nzero.jpg,a\ntext.png,b\nnone.jpg,b\n",
                            "bad.h5", 0, &err));
    assert_int_equal(err.kind, ERROR_DATA);
    check_error(&err, "/cut.jpg: is a damaged JPEG");
    check_error(&err, "/zero.jpg: is empty");
    check_error(&err, "/text.png: is no JPEG, PNG or WebP picture");
    check_error(&err, "/none.jpg: No such file or directory");
    assert_false(file_exists(in_folder("bad.h5")));
}

static void packing_stops_at_twenty_problems(void **state)
{
    (void)state;
    char text[8192] = "path,t\n";
    for (int i = 0; i < 400; i++) snprintf(text + strlen(text), 16, "n%d,a\n", i);
    Error err;
    assert_false(write_pack(text, "bad.h5", 0, &err));
    check_error(&err, "stopped at the 20th image that cannot be packed");
    check_error(&err, "/n19: ");
    assert_null(strstr(err.text, "/n20: "));
    char command[600];
    snprintf(command, sizeof command, "! ls %s | grep -q 'bad.h5\\|tmp-'", folder);
    assert_int_equal(system(command), 0);
}

static void bad_labels_are_named(void **state)
{
    (void)state;
    Error err;
    assert_false(write_pack("path,t,u\n0.jpg,a,\n1.png,a,\n", "bad.h5", 0, &err));
    check_error(&err, "label group u: no image has a label");
}

static void too_many_classes(void **state)
{
    (void)state;
    enum { COUNT = 65537 };
    Arena *arena = arena_create("test");
    Listing listing = {.count = COUNT, .groups = 1, .memory = arena};
    listing.path = arena_new(arena, char *, COUNT);
    listing.group_name = arena_new(arena, char *, 1);
    listing.group_name[0] = "id";
    listing.label = arena_new(arena, char **, 1);
    listing.label[0] = arena_new(arena, char *, COUNT);
    for (int i = 0; i < COUNT; i++) {
        listing.path[i] = "0.jpg";
        listing.label[0][i] = arena_printf(arena, "%d", i);
    }
    Error err = {0};
    PackOptions options = {.root = folder, .out = in_folder("bad.h5")};
    assert_false(pack_write(&listing, &options, comm, &err));
    check_error(&err, "label group id: has 65537 classes; at most 65536 are possible");
    listing_free(&listing);
}

/* --- damaged files */

static void truncated_packs(void **state)
{
    (void)state;
    uint8_t *data;
    size_t bytes;
    Error err = {0};
    assert_true(file_read(in_folder("good.h5"), &data, &bytes, &err));
    for (size_t length = 100; length < bytes; length += bytes / 37) {
        put_file("cut.h5", data, length);
        open_refused("cut.h5", "without umbel's seal at its end: it was truncated");
    }
    put_file("cut.h5", data, bytes - 1);
    open_refused("cut.h5", "without umbel's seal");
    put_file("cut.h5", data, 0);
    open_refused("cut.h5", "is empty");
    put_file("cut.h5", manifest, sizeof manifest);
    open_refused("cut.h5", "is neither a pack nor a checkpoint: no HDF5 file");
    free(data);
}

/* A changed byte is found when the pack is opened, or, among the image bytes, when its image is
 * read. */
static void flipped_bytes_are_found(void **state)
{
    (void)state;
    uint8_t *data;
    size_t bytes, found_opening = 0, found_reading = 0;
    Error err = {0};
    assert_true(file_read(in_folder("good.h5"), &data, &bytes, &err));
    for (size_t at = 3; at < bytes - 8; at += 61) { /* the seal's last 8 bytes are unused */
        data[at] ^= 0x10;
        put_file("flip.h5", data, bytes);
        data[at] ^= 0x10;
        Error problem = {0};
        Pack *pack = pack_open(in_folder("flip.h5"), &problem);
        if (!pack) {
            assert_int_equal(problem.kind, ERROR_DATA);
            found_opening++;
            continue;
        }
        int damaged = 0;
        for (int i = 0; i < IMAGES; i++) {
            uint8_t *buffer = malloc(pack_image_bytes(pack, i));
            Error reason = {0};
            if (!pack_read(pack, i, buffer, &reason)) {
                damaged++;
                check_error(&reason, "is damaged: its checksum does not match");
            }
            free(buffer);
        }
        if (damaged != 1) fail_msg("byte %zu: %d images are damaged", at, damaged);
        found_reading++;
        pack_close(pack);
    }
    assert_true(found_opening > 20 && found_reading > 20);
    free(data);
}

static void missing_pack(void **state)
{
    (void)state;
    Error err = {0};
    assert_null(pack_open(in_folder("nothing.h5"), &err));
    check_error(&err, "nothing.h5: No such file or directory");
    assert_int_equal(err.kind, ERROR_SYSTEM);
    pack_close(NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(labels_and_splits),
        cmocka_unit_test(same_input_gives_the_same_bytes),
        cmocka_unit_test(reencoded),
        cmocka_unit_test(bad_images_are_named),
        cmocka_unit_test(packing_stops_at_twenty_problems),
        cmocka_unit_test(bad_labels_are_named),
        cmocka_unit_test(too_many_classes),
        cmocka_unit_test(truncated_packs),
        cmocka_unit_test(flipped_bytes_are_found),
        cmocka_unit_test(missing_pack),
    };
    comm = comm_open(&argc, &argv);
    int failed = cmocka_run_group_tests(tests, packs_make, packs_remove);
    comm_close(comm);
    return failed;
}
