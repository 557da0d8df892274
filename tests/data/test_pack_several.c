/* Several packs as one: what `umbel pack --merge` would make of them; shards are the pack that they are cut from. */
#include "folder.h"
#include "pictures.h"

#include "base/arena.h"
#include "data/pack_write.h"

#include <math.h>

enum { IMAGES = 9 };

static Comm *comm;
static Bytes picture[IMAGES]; /* files 0.png, 1.png, … */

static bool pack_listing(Listing *listing, const char *name, int shards, Error *err)
{
    char out[512];
    snprintf(out, sizeof out, "%s", in_folder(name));
    PackOptions options = {.root = folder, .out = out, .shards = shards, .allow_unseen = true};
    return pack_write(listing, &options, comm, err);
}

static bool write_pack(const char *text, const char *labels, const char *keep, const char *name,
                       int shards, Error *err)
{
    Listing listing;
    put_file("m.csv", text, strlen(text));
    *err = (Error){0};
    bool ok = manifest_read(&listing, in_folder("m.csv"), labels, keep, err) &&
              pack_listing(&listing, name, shards, err);
    listing_free(&listing);
    return ok;
}

static Pack *open_pack(const char *name)
{
    Error err = {0};
    Pack *pack = pack_open(name, &err);
    check_no_error(&err);
    return pack;
}

static void merge(char *const *names, int count, const char *out)
{
    Listing listing;
    Error err = {0};
    if (listing_merge(&listing, names, count, &err)) pack_listing(&listing, out, 0, &err);
    check_no_error(&err);
    listing_free(&listing);
}

/* --- the same tables and bytes --- */

static void check_groups(const LabelGroup *a, const LabelGroup *b, size_t records)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->classes, b->classes);
    for (int k = 0; k < a->classes; k++) assert_string_equal(a->class_name[k], b->class_name[k]);
    for (size_t r = 0; r < records; r++) {
        int count[2];
        const int32_t *class[2] = {label_classes(a, r, &count[0]), label_classes(b, r, &count[1])};
        assert_int_equal(label_is_known(a, r), label_is_known(b, r));
        assert_int_equal(count[0], count[1]);
        for (int k = 0; k < count[0]; k++) assert_int_equal(class[0][k], class[1][k]);
        if (a->kind == LABEL_VALUE && label_is_known(a, r)) assert_true(a->value[r] == b->value[r]);
    }
}

static void check_records(const Pack *a, const Pack *b)
{
    Error err = {0};
    uint8_t *x = malloc(pack_largest_image_bytes(a)), *y = malloc(pack_largest_image_bytes(b));
    for (size_t r = 0; r < pack_records(a); r++) {
        int size[4];
        size_t bytes = pack_image_bytes(a, r);
        pack_image_size(a, r, &size[0], &size[1]);
        pack_image_size(b, r, &size[2], &size[3]);
        assert_true(size[0] == size[2] && size[1] == size[3]);
        assert_string_equal(pack_record_path(a, r), pack_record_path(b, r));
        assert_int_equal(pack_split_of(a, r), pack_split_of(b, r));
        if (pack_record_group(b, r))
            assert_string_equal(pack_record_group(a, r), pack_record_group(b, r));
        assert_int_equal(bytes, pack_image_bytes(b, r));
        assert_true(pack_read(a, r, x, &err) && pack_read(b, r, y, &err));
        assert_memory_equal(x, y, bytes);
    }
    free(x);
    free(y);
}

static void check_same(const Pack *a, const Pack *b)
{
    assert_int_equal(pack_records(a), pack_records(b));
    assert_int_equal(pack_groups(a), pack_groups(b));
    assert_int_equal(pack_largest_image_bytes(a), pack_largest_image_bytes(b));
    assert_int_equal(pack_version(a), pack_version(b));
    assert_string_equal(pack_creator(a), pack_creator(b));
    for (int g = 0; g < pack_groups(a); g++)
        check_groups(pack_group(a, g), pack_group(b, g), pack_records(a));
    for (int s = 0; s < SPLIT_COUNT; s++) {
        size_t count[2];
        const uint32_t *record[2] = {pack_split(a, (Split)s, &count[0]),
                                     pack_split(b, (Split)s, &count[1])};
        assert_int_equal(count[0], count[1]);
        assert_memory_equal(record[0], record[1], count[0] * sizeof(uint32_t));
    }
    assert_int_equal(pack_record_group(a, 0) != NULL, pack_record_group(b, 0) != NULL);
    check_records(a, b);
}

/* --- three packs, each with labels that another lacks --- */

static const char *const manifests[3][3] = {
    {"path,size,tags,object,split\n"
     "0.png,10,red;round,o1,train\n1.png,9,,o1,train\n2.png,10,;,,val\n",
     "size,tags:multi", "object"},
    {"path,az,size,split\n3.png,0.1,100,train\n4.png,-1e-3,,test\n5.png,,a,train\n",
     "az:value,size", NULL},
    {"path,tags,colour,split\n0.png,big;red,blue,train\n7.png,amber,,val\n8.png,,red,train\n",
     "tags:multi,colour", NULL},
};

static char *part[3]; /* their paths */
static Arena *arena;

static void parts_are_as_merged(void **state)
{
    (void)state;
    for (int first = 0; first < 3; first++) {
        char *turned[3] = {part[first], part[(first + 1) % 3], part[(first + 2) % 3]};
        merge(turned, 3, "merged.h5");
        Pack *whole = open_pack(in_folder("merged.h5"));
        Pack *parts =
            open_pack(arena_printf(arena, "[%s, %s, %s]", turned[0], turned[1], turned[2]));
        check_same(parts, whole);
        assert_int_equal(pack_files(whole), 1);
        assert_int_equal(pack_files(parts), 3);
        PackPart last = pack_part(parts, 2);
        assert_string_equal(last.path, turned[2]);
        assert_true(last.first == 6 && last.records == 3);
        pack_close(parts);
        pack_close(whole);
    }
}

static void paths_that_come_again(void **state)
{
    (void)state;
    Pack *pack = open_pack(arena_printf(arena, "[%s, %s]", part[0], part[2]));
    assert_string_equal(pack_record_path(pack, 0), "0.png");
    assert_string_equal(pack_record_path(pack, 3), "part2/0.png");
    assert_string_equal(pack_record_path(pack, 4), "7.png");
    pack_close(pack);
    Error err = {0};
    static const char *const copies[] = {"other/part0.h5", "more/part0.h5"};
    for (int i = 0; i < 2; i++) {
        file_make_folders(in_folder(i ? "more" : "other"), &err);
        merge(part, 1, copies[i]);
    }
    char *name =
        arena_printf(arena, "[%s, %s/%s, %s/%s]", part[0], folder, copies[0], folder, copies[1]);
    assert_null(pack_open(name, &err));
    check_error(&err, "more/part0.h5: has an image part0/0.png, as another pack of this file name");
}

static void identities(void **state)
{
    (void)state;
    Hash128 hash[3];
    const char *name[3] = {part[0], arena_printf(arena, "[%s, %s]", part[0], part[1]),
                           arena_printf(arena, "[%s, %s]", part[1], part[0])};
    for (int i = 0; i < 3; i++) {
        Pack *pack = open_pack(name[i]);
        hash[i] = pack_hash(pack);
        assert_string_equal(pack_path(pack), name[i]);
        pack_close(pack);
    }
    assert_true(hash[0].low != hash[1].low && hash[1].low != hash[2].low);
    Pack *alone = open_pack(arena_printf(arena, "[%s]", part[0]));
    Hash128 same = pack_hash(alone);
    pack_close(alone);
    assert_true(same.low == hash[0].low && same.high == hash[0].high);
}

static void refused(const char *second, const char *message)
{
    Error err = {0};
    assert_null(pack_open(arena_printf(arena, "[%s, %s]", part[0], second), &err));
    check_error(&err, message);
    assert_int_equal(err.count, 1);
}

static void contradictions(void **state)
{
    (void)state;
    Error err;
    write_pack("path,size\n3.png,1.5\n", "size:value", NULL, "value.h5", 0, &err);
    check_no_error(&err);
    refused(in_folder("value.h5"), "value.h5: label group size is of the kind value; in ");
    refused(in_folder("value.h5"), "/part0.h5 it is of the kind class");
    refused(in_folder("none.h5"), "none.h5: No such file or directory");
    put_file("text.h5", "no pack", 7);
    refused(in_folder("text.h5"), "text.h5: ");
}

/* --- shards --- */

static const char whole_text[] =
    "path,size,tags,az,object,split\n"
    "0.png,10,red;round,,o1,train\n1.png,9,,0.5,o1,train\n2.png,10,;,,,val\n3.png,,big,1e-9,o2,"
    "test\n4.png,a,red,7,o2,train\n5.png,,,,o3,train\n6.png,9,amber;red,-2,o3,val\n"
    "7.png,100,,3,,train\n8.png,10,,,o4,train\n";
static const char whole_labels[] = "size,tags:multi,az:value";

static void shards_are_the_pack(void **state)
{
    (void)state;
    Error err;
    write_pack(whole_text, whole_labels, "object", "whole.h5", 0, &err);
    check_no_error(&err);
    Pack *whole = open_pack(in_folder("whole.h5"));
    static const int numbers[] = {1, 2, 4, IMAGES};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char name[64];
        write_pack(whole_text, whole_labels, "object", "cut.h5", numbers[i], &err);
        check_no_error(&err);
        snprintf(name, sizeof name, "cut-*-of-%05d.h5", numbers[i]);
        Pack *cut = open_pack(in_folder(name));
        assert_int_equal(pack_files(cut), numbers[i]);
        check_same(cut, whole);
        pack_close(cut);
    }
    /* Each has all groups and classes, whatever its own labels. */
    Pack *alone = open_pack(in_folder("cut-00006-of-00009.h5"));
    assert_int_equal(pack_groups(alone), 3);
    assert_int_equal(pack_group(alone, 0)->classes, 4);
    assert_int_equal(pack_group(alone, 1)->classes, 4);
    assert_false(label_is_known(pack_group(alone, 0), 0));
    pack_close(alone);
    pack_close(whole);
    assert_false(write_pack(whole_text, whole_labels, NULL, "cut.h5", IMAGES + 1, &err));
    check_error(&err, "--shards: 10 are more than the 9 images");
}

static void damage_is_told_by_file(void **state)
{
    (void)state;
    uint8_t *data, buffer[1 << 16];
    size_t bytes;
    Error err = {0};
    assert_true(file_read(in_folder("cut-00002-of-00004.h5"), &data, &bytes, &err));
    uint8_t *at = memmem(data, bytes, picture[3].data, picture[3].bytes);
    assert_non_null(at);
    at[picture[3].bytes / 2] ^= 1;
    put_file("cut-00002-of-00004.h5", data, bytes);
    free(data);
    Pack *pack = open_pack(in_folder("cut-*-of-00004.h5"));
    assert_true(pack_read(pack, 2, buffer, &err));
    assert_false(pack_read(pack, 3, buffer, &err));
    check_error(&err, "image 1 of /tmp/umbel-test-");
    check_error(&err, "cut-00002-of-00004.h5 is damaged");
    pack_close(pack);
}

/* --- */

static int setup(void **state)
{
    if (folder_make(state) != 0) return -1;
    arena = arena_create("test");
    for (int i = 0; i < IMAGES; i++) {
        Image drawn = paint(30 + i, 25, (uint32_t)i + 1);
        char name[16];
        snprintf(name, sizeof name, "%d.png", i);
        picture[i] = make_rgb_png(&drawn);
        put_file(name, picture[i].data, picture[i].bytes);
        image_free(&drawn);
    }
    for (int p = 0; p < 3; p++) {
        Error err;
        const char *name = arena_printf(arena, "part%d.h5", p);
        write_pack(manifests[p][0], manifests[p][1], manifests[p][2], name, 0, &err);
        check_no_error(&err);
        part[p] = arena_strdup(arena, in_folder(name));
    }
    return 0;
}

static int teardown(void **state)
{
    for (int i = 0; i < IMAGES; i++) free(picture[i].data);
    arena_destroy(arena);
    return folder_remove(state);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_as_merged), cmocka_unit_test(paths_that_come_again),
        cmocka_unit_test(identities),          cmocka_unit_test(contradictions),
        cmocka_unit_test(shards_are_the_pack), cmocka_unit_test(damage_is_told_by_file),
    };
    comm = comm_open(&argc, &argv);
    int failed = cmocka_run_group_tests(tests, setup, teardown);
    comm_close(comm);
    return failed;
}
