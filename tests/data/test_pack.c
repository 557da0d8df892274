/* Packs: what goes in comes out; damage and tables that contradict each other are errors by name;
 * the lane loader masks what cannot be read. */
#include "folder.h"
#include "pictures.h"

#include "base/arena.h"
#include "data/lane_loader.h"
#include "data/pack_write.h"
#include "io/h5.h"
#include "io/seal.h"

#include <math.h>
#include <unistd.h>

enum { IMAGES = 9 };

static Comm *comm;
static Bytes picture[IMAGES]; /* files 0.jpg, 1.png, … in the folder */

static const char *picture_name(int i)
{
    static char name[2][16];
    snprintf(name[i & 1], sizeof name[0], i % 2 ? "%d.png" : "%d.jpg", i);
    return name[i & 1];
}

/* --- round trip */

static const char manifest[] = "path,size,colour,split\n"
                               "0.jpg,10,red,train\n1.png,9,,val\n2.jpg,10,blue,test\n"
                               "3.png,100,red,train\n4.jpg,,green,train\n5.png,9,red,val\n"
                               "6.jpg,b,blue,train\n7.png,a,blue,train\n8.jpg,9,,train\n";

static bool write_pack(const char *text, const char *name, int max_side, Error *err)
{
    Listing listing;
    char out[512];
    snprintf(out, sizeof out, "%s", in_folder(name));
    PackOptions options = {
        .root = folder, .out = out, .max_side = max_side, .quality = 90, .allow_unseen = true};
    put_file("m.csv", text, strlen(text));
    *err = (Error){0};
    bool ok = manifest_read(&listing, in_folder("m.csv"), NULL, NULL, err) &&
              pack_write(&listing, &options, comm, err);
    listing_free(&listing);
    return ok;
}

static Pack *open_pack(const char *name)
{
    Error err = {0};
    Pack *pack = pack_open(in_folder(name), &err);
    check_no_error(&err);
    return pack;
}

static void round_trip(void **state)
{
    (void)state;
    Error err;
    write_pack(manifest, "good.h5", 0, &err);
    check_no_error(&err);
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

static void open_refused(const char *name, const char *part)
{
    Error err = {0};
    Pack *pack = pack_open(in_folder(name), &err);
    if (pack) fail_msg("%s: opened; expected \"%s\"", name, part);
    check_error(&err, part);
    assert_int_equal(err.kind, ERROR_DATA);
}

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

/* --- tables that a valid seal covers but that make no sense */

typedef struct Forged {
    uint64_t offset[4];
    uint64_t checksum[3];
    int32_t size[6];
    uint8_t split[3];
    int32_t label[3];
    int classes;
    size_t paths, labels, splits; /* lengths of the tables */
    uint64_t image_bytes;
    H5Type bytes_type;
    SealKind kind;
    uint32_t version;
    bool no_labels;
} Forged;

static Forged sound(void)
{
    return (Forged){
        .offset = {0, 10, 10, 24},
        .size = {3, 4, 5, 6, 7, 8},
        .split = {0, 1, 2},
        .label = {0, 1, -1},
        .classes = 2,
        .paths = 3,
        .labels = 3,
        .splits = 3,
        .image_bytes = 24,
        .bytes_type = H5_U8,
        .kind = SEAL_PACK,
        .version = PACK_VERSION,
    };
}

static void forge(const Forged *f)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    Error err = {0};
    uint64_t at;
    const char *path = in_folder("forged.h5");
    H5 *file = h5_create(path, &err);
    check_no_error(&err);
    h5_write(file, "/images/offset", H5_U64, (H5Shape){1, {4}}, f->offset, &err);
    h5_write(file, "/images/checksum", H5_U64, (H5Shape){1, {3}}, f->checksum, &err);
    h5_write(file, "/images/size", H5_I32, (H5Shape){2, {3, 2}}, f->size, &err);
    h5_write(file, "/split", H5_U8, (H5Shape){1, {f->splits}}, f->split, &err);
    h5_write_texts(file, "/images/path", names, f->paths, &err);
    if (!f->no_labels) {
        h5_write_texts(file, "/labels/t/class", names, (size_t)f->classes, &err);
        h5_write(file, "/labels/t/label", H5_I32, (H5Shape){1, {f->labels}}, f->label, &err);
    }
    h5_reserve(file, "/images/bytes", f->bytes_type, (H5Shape){1, {f->image_bytes}}, &at, &err);
    h5_close(file, &err);
    Seal seal = {
        .kind = f->kind, .version = f->version, .hole_begin = at, .hole_end = at + f->image_bytes};
    seal_write(path, &seal, &err);
    check_no_error(&err);
}

static void forged_refused(const Forged *forged, const char *part)
{
    forge(forged);
    open_refused("forged.h5", part);
}

static void contradicting_tables(void **state)
{
    (void)state;
    Forged f = sound();
    forge(&f);
    pack_close(open_pack("forged.h5"));
#define REFUSED(part, ...)                                                                         \
    do {                                                                                           \
        f = sound();                                                                               \
        __VA_ARGS__;                                                                               \
        forged_refused(&f, part);                                                                  \
    } while (0)
    REFUSED("image 1 lies outside the image bytes", f.offset[2] = 9);
    REFUSED("image 0 lies outside the image bytes", f.offset[1] = UINT64_MAX);
    REFUSED("its offsets do not cover its image bytes", f.offset[0] = 1);
    REFUSED("its offsets do not cover its image bytes", f.offset[3] = 25);
    REFUSED("its offsets do not cover its image bytes", f.image_bytes = 23);
    REFUSED("image 1 has the size 0 x 6", f.size[2] = 0);
    REFUSED("image 2 has the size 7 x -8", f.size[5] = -8);
    REFUSED("image 0 has the size 32769 x 4; sides from 1 to 32768", f.size[0] = 32769);
    REFUSED("image 2 is in split 3, which does not exist", f.split[2] = 3);
    REFUSED("image 1 has label 2 of group t, which has 2 classes", f.label[1] = 2);
    REFUSED("image 2 has label -2 of group t", f.label[2] = -2);
    REFUSED("label group t has 0 classes", f.classes = 0);
    REFUSED("has 2 paths for 3 images", f.paths = 2);
    REFUSED("/labels/t/label: is int32 (2), not int32 (3)", f.labels = 2);
    REFUSED("/split: is uint8 (2), not uint8 (3)", f.splits = 2);
    REFUSED("/images/bytes is no list of bytes", f.bytes_type = H5_I32);
    REFUSED("is a checkpoint, not a pack", f.kind = SEAL_CHECKPOINT);
    REFUSED("is a pack of version 2, this program reads up to version 1", f.version = 2);
    REFUSED("/labels", f.no_labels = true);
#undef REFUSED
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

/* --- loading lanes */

enum { SIDE = 12, PIXELS = SIDE * SIDE * 3 };

/* The last report of a loader. */
static char reported[512];

static void remember_report(void *context, uint32_t record, const char *reason)
{
    (void)context;
    snprintf(reported, sizeof reported, "%u: %s", record, reason);
}

static LaneLoader *make_loader(const Pack *pack, AugmentOptions *augment, uint64_t seed,
                               Arena *arena)
{
    *augment = (AugmentOptions){0};
    option_defaults(augment_options, augment);
    LaneLoaderOptions options = {
        .pack = pack, .augment = augment, .seed = seed, .report = remember_report};
    return lane_loader_create(&options, arena);
}

/* A record's image is the same beside whatever others and in whatever place. */
static void records_are_loaded_alone(void **state)
{
    (void)state;
    static const uint32_t all[IMAGES] = {0, 1, 2, 3, 4, 5, 6, 7, 8}, some[3] = {7, 0, 4};
    static float first[IMAGES * PIXELS], second[3 * PIXELS];
    Pack *pack = open_pack("good.h5");
    Arena *arena = arena_create("test");
    AugmentOptions augment;
    LaneLoader *loader = make_loader(pack, &augment, 1, arena);
    bool bad[IMAGES];
    for (int training = 0; training < 2; training++) {
        assert_int_equal(lane_loader_load(loader, first, SIDE, bad, all, IMAGES, training, 2), 0);
        assert_int_equal(lane_loader_load(loader, second, SIDE, bad, some, 3, training, 2), 0);
        for (int i = 0; i < 3; i++)
            assert_memory_equal(second + i * PIXELS, first + some[i] * PIXELS,
                                PIXELS * sizeof(float));
    }
    /* Another epoch is another crop in training, and the same one in evaluation. */
    lane_loader_load(loader, second, SIDE, bad, all, 3, true, 3);
    assert_memory_not_equal(second, first, PIXELS * sizeof(float));
    lane_loader_load(loader, first, SIDE, bad, all, 3, false, 3);
    lane_loader_load(loader, second, SIDE, bad, all, 3, false, 4);
    assert_memory_equal(second, first, 3 * PIXELS * sizeof(float));
    augment.enabled = false;
    lane_loader_load(loader, second, SIDE, bad, all, 3, true, 5);
    assert_memory_equal(second, first, 3 * PIXELS * sizeof(float));
    lane_loader_destroy(loader);
    arena_destroy(arena);
    pack_close(pack);
}

static void bad_records_are_zero_and_told(void **state)
{
    (void)state;
    uint8_t *data;
    size_t bytes;
    Error err = {0};
    /* A changed byte in the middle of image 4. */
    assert_true(file_read(in_folder("good.h5"), &data, &bytes, &err));
    uint8_t *at = memmem(data, bytes, picture[4].data, picture[4].bytes);
    assert_non_null(at);
    at[picture[4].bytes / 2] ^= 1;
    put_file("one.h5", data, bytes);
    free(data);
    static const uint32_t records[3] = {3, 4, 5};
    static float images[3 * PIXELS];
    Pack *pack = open_pack("one.h5");
    Arena *arena = arena_create("test");
    AugmentOptions augment;
    LaneLoader *loader = make_loader(pack, &augment, 1, arena);
    bool bad[3];
    for (int i = 0; i < 3 * PIXELS; i++) images[i] = NAN;
    assert_int_equal(lane_loader_load(loader, images, SIDE, bad, records, 3, true, 0), 1);
    assert_true(!bad[0] && bad[1] && !bad[2]);
    for (int i = 0; i < PIXELS; i++) {
        assert_true(images[PIXELS + i] == 0);
        assert_true(isfinite(images[i]) && isfinite(images[2 * PIXELS + i]));
    }
    assert_non_null(strstr(reported, "4: image 4 of"));
    assert_non_null(strstr(reported, "its checksum does not match"));
    lane_loader_destroy(loader);
    arena_destroy(arena);
    pack_close(pack);
}

/* --- */

static int setup(void **state)
{
    static const JpegKind kind = {"4:2:0", JCS_YCbCr, 2, 2, false, 0};
    if (folder_make(state) != 0) return -1;
    for (int i = 0; i < IMAGES; i++) {
        Image drawn = paint(30 + i, 25, (uint32_t)i + 1);
        picture[i] = i % 2 ? make_rgb_png(&drawn) : make_jpeg(&drawn, &kind, 85);
        put_file(picture_name(i), picture[i].data, picture[i].bytes);
        image_free(&drawn);
    }
    return 0;
}

static int teardown(void **state)
{
    for (int i = 0; i < IMAGES; i++) free(picture[i].data);
    return folder_remove(state);
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
        cmocka_unit_test(contradicting_tables),
        cmocka_unit_test(missing_pack),
        cmocka_unit_test(records_are_loaded_alone),
        cmocka_unit_test(bad_records_are_zero_and_told),
    };
    comm = comm_open(&argc, &argv);
    int failed = cmocka_run_group_tests(tests, setup, teardown);
    comm_close(comm);
    return failed;
}
