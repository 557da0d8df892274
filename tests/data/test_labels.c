/* Labels of every kind: cells of a manifest, what a pack makes of them, and tables that contradict each other. */
#include "folder.h"
#include "pictures.h"

#include "data/pack_write.h"
#include "io/h5.h"
#include "io/seal.h"

#include <math.h>

enum { IMAGES = 6 };

static Comm *comm;

static const char manifest[] = "path,type,tags,az,split\n"
                               "0.png,a,red;round,12.5,train\n1.png,b,;,-1e2,train\n"
                               "2.png,a,,,val\n3.png,,  round ; big,0,train\n"
                               "4.png,b,red, 7 ,train\n5.png,a,big; red;round,359.9,test\n";

static bool write_pack(const char *text, const char *labels, const char *name, Error *err)
{
    Listing listing;
    char out[512];
    snprintf(out, sizeof out, "%s", in_folder(name));
    PackOptions options = {.root = folder, .out = out, .allow_unseen = true};
    put_file("m.csv", text, strlen(text));
    *err = (Error){0};
    bool ok = manifest_read(&listing, in_folder("m.csv"), labels, NULL, err) &&
              pack_write(&listing, &options, comm, err);
    listing_free(&listing);
    return ok;
}

static void check_set(const LabelGroup *group, size_t record, const char *expected)
{
    char text[256] = "";
    int count;
    const int32_t *class = label_classes(group, record, &count);
    for (int k = 0; k < count; k++) {
        strcat(text, k ? ";" : "");
        strcat(text, group->class_name[class[k]]);
    }
    assert_string_equal(text, expected);
    assert_true(label_is_known(group, record));
}

static void kinds(void **state)
{
    (void)state;
    Error err;
    write_pack(manifest, "type,tags:multi,az:value", "kinds.h5", &err);
    check_no_error(&err);
    Pack *pack = pack_open(in_folder("kinds.h5"), &err);
    check_no_error(&err);
    assert_int_equal(pack_version(pack), 2);
    const LabelGroup *type = pack_group(pack, 0), *tags = pack_group(pack, 1),
                     *az = pack_group(pack, 2);
    assert_int_equal(type->kind, LABEL_CLASS);
    assert_false(label_is_known(type, 3));
    assert_int_equal(tags->kind, LABEL_MULTI);
    assert_int_equal(tags->classes, 3);
    check_set(tags, 0, "red;round");
    check_set(tags, 1, ""); /* known to have none */
    assert_false(label_is_known(tags, 2));
    check_set(tags, 3, "big;round");
    check_set(tags, 5, "big;red;round");
    assert_int_equal(az->kind, LABEL_VALUE);
    assert_int_equal(az->classes, 0);
    assert_true(az->value[0] == 12.5 && az->value[1] == -100 && isnan(az->value[2]));
    assert_true(az->value[4] == 7 && az->value[5] == 359.9);
    assert_false(label_is_known(az, 2));
    pack_close(pack);
}

/* Packs of classes alone stay what they were. */
static void classes_are_version_1(void **state)
{
    (void)state;
    Error err;
    assert_true(write_pack(manifest, "type,tags", "classes.h5", &err));
    Pack *pack = pack_open(in_folder("classes.h5"), &err);
    check_no_error(&err);
    assert_int_equal(pack_version(pack), 1);
    assert_int_equal(pack_group(pack, 1)->kind, LABEL_CLASS);
    assert_int_equal(pack_group(pack, 1)->classes, 5); /* "red;round" is one */
    pack_close(pack);
}

static void refused(const char *cell, const char *labels, const char *part)
{
    char text[256];
    Error err;
    snprintf(text, sizeof text, "path,t\n0.png,%s\n", cell);
    assert_false(write_pack(text, labels, "never.h5", &err));
    check_error(&err, part);
}

static void bad_cells(void **state)
{
    (void)state;
    refused("a;;b", "t:multi", "m.csv:2: column \"t\": \"a;;b\" has an empty name");
    refused("a;", "t:multi", "has an empty name");
    refused(";a", "t:multi", "has an empty name");
    refused(" ; ;", "t:multi", "has an empty name");
    refused("a;b; a", "t:multi", "\"a;b; a\" names \"a\" twice");
    refused("12a", "t:value", "m.csv:2: column \"t\": \"12a\" is no number");
    refused("\"12,5\"", "t:value", "\"12,5\" is no number; a value looks like 12.5");
    refused("nan", "t:value", "is no number");
    refused("inf", "t:value", "is no number");
    refused("0x10", "t:value", "is no number");
    refused("1e999", "t:value", "is no number");
    refused("-", "t:value", "is no number");
    refused("1 2", "t:value", "is no number");
    refused(";", "t:multi", "label group t: no image has a label");
    refused("a", "t:mutli", "--labels: \"t:mutli\": there is no kind \"mutli\" of label");
    refused("a", "u:multi", "m.csv:1: has no column \"u\"");
}

/* A colon may be part of a column's name. */
static void colons(void **state)
{
    (void)state;
    Listing listing;
    Error err = {0};
    static const char text[] = "path,t:value,u:x\n0.png,word,7\n";
    put_file("m.csv", text, strlen(text));
    assert_true(manifest_read(&listing, in_folder("m.csv"), "t:value,u:x:value", NULL, &err));
    assert_int_equal(listing.kind[0], LABEL_CLASS);
    assert_int_equal(listing.kind[1], LABEL_VALUE);
    assert_string_equal(listing.group_name[1], "u:x");
    listing_free(&listing);
}

static void kinds_in_patterns(void **state)
{
    (void)state;
    put_file("named/a;b_12.5.jpg", "x", 1);
    put_file("named/c_-3.jpg", "x", 1);
    put_file("named/c_west.jpg", "x", 1);
    Listing listing;
    Error err = {0};
    assert_true(folder_scan(&listing, in_folder("named"), "{tags:multi}_{az:value}.*", true, &err));
    assert_int_equal(listing.count, 2);
    assert_string_equal(listing.group_name[0], "tags");
    assert_int_equal(listing.kind[0], LABEL_MULTI);
    assert_int_equal(listing.kind[1], LABEL_VALUE);
    assert_string_equal(listing.label[0][0], "a;b");
    assert_string_equal(listing.label[1][1], "-3");
    assert_int_equal(listing.rejects, 1);
    assert_non_null(strstr(listing.reject[0].reason, "label az: \"west\" is no number"));
    listing_free(&listing);
}

/* --- tables that contradict each other --- */

typedef struct Forged {
    uint64_t begin[4];
    int32_t member[3];
    uint8_t known[3];
    double value[3];
    size_t members;
} Forged;

static Forged sound(void)
{
    return (Forged){{0, 2, 2, 3}, {0, 1, 1}, {1, 0, 1}, {1, (double)NAN, -2}, 3};
}

static void forge(const Forged *f)
{
    static const char *const names[] = {"a", "b", "c"};
    static const uint64_t offset[4] = {0, 8, 16, 24}, checksum[3] = {0};
    static const int32_t size[6] = {3, 4, 5, 6, 7, 8};
    static const uint8_t split[3] = {0};
    Error err = {0};
    uint64_t at;
    const char *path = in_folder("forged.h5");
    H5 *file = h5_create(path, &err);
    check_no_error(&err);
    h5_write(file, "/images/offset", H5_U64, (H5Shape){1, {4}}, offset, &err);
    h5_write(file, "/images/checksum", H5_U64, (H5Shape){1, {3}}, checksum, &err);
    h5_write(file, "/images/size", H5_I32, (H5Shape){2, {3, 2}}, size, &err);
    h5_write(file, "/split", H5_U8, (H5Shape){1, {3}}, split, &err);
    h5_write_texts(file, "/images/path", names, 3, &err);
    h5_write_texts(file, "/labels/t/class", names, 2, &err);
    h5_write(file, "/labels/t/known", H5_U8, (H5Shape){1, {3}}, f->known, &err);
    h5_write(file, "/labels/t/begin", H5_U64, (H5Shape){1, {4}}, f->begin, &err);
    h5_write(file, "/labels/t/member", H5_I32, (H5Shape){1, {f->members}}, f->member, &err);
    h5_write(file, "/labels/v/value", H5_F64, (H5Shape){1, {3}}, f->value, &err);
    h5_reserve(file, "/images/bytes", H5_U8, (H5Shape){1, {24}}, &at, &err);
    h5_close(file, &err);
    Seal seal = {.kind = SEAL_PACK, .version = PACK_VERSION, .hole_begin = at, .hole_end = at + 24};
    seal_write(path, &seal, &err);
    check_no_error(&err);
}

static void contradicting_tables(void **state)
{
    (void)state;
    Forged f = sound();
    Error err = {0};
    forge(&f);
    pack_close(pack_open(in_folder("forged.h5"), &err));
    check_no_error(&err);
#define REFUSED(part, ...)                                                                         \
    do {                                                                                           \
        f = sound();                                                                               \
        __VA_ARGS__;                                                                               \
        forge(&f);                                                                                 \
        err = (Error){0};                                                                          \
        assert_null(pack_open(in_folder("forged.h5"), &err));                                      \
        check_error(&err, part);                                                                   \
    } while (0)
    REFUSED("the sets of label group t contradict each other", f.begin[0] = 1);
    REFUSED("the sets of label group t contradict each other", f.begin[1] = 4);
    REFUSED("the sets of label group t contradict each other", f.begin[2] = 1);
    REFUSED("the sets of label group t contradict each other", f.begin[3] = UINT64_MAX);
    REFUSED("the sets of label group t contradict each other", f.known[0] = 0);
    REFUSED("the sets of label group t contradict each other", f.members = 2);
    REFUSED("image 2 has label 2 of group t, which has 2 classes", f.member[2] = 2);
    REFUSED("image 2 has label -1 of group t", f.member[2] = -1);
    REFUSED("image 0 has label 0 of group t", f.member[1] = 0); /* twice the same */
    REFUSED("image 2 has an infinite value of group v", f.value[2] = (double)INFINITY);
#undef REFUSED
}

int main(int argc, char **argv)
{
    comm = comm_open(&argc, &argv);
    folder_make(NULL);
    for (int i = 0; i < IMAGES; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d.png", i);
        Image drawn = paint(30 + i, 25, (uint32_t)i + 1);
        Bytes picture = make_rgb_png(&drawn);
        put_file(name, picture.data, picture.bytes);
        free(picture.data);
        image_free(&drawn);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),
        cmocka_unit_test(classes_are_version_1),
        cmocka_unit_test(bad_cells),
        cmocka_unit_test(colons),
        cmocka_unit_test(kinds_in_patterns),
        cmocka_unit_test(contradicting_tables),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    comm_close(comm);
    return folder_remove(NULL) || failed;
}
