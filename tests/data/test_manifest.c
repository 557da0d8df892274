/* Listings: CSV quoting, folders, and every mistake with its line. */
#include "folder.h"

#include "data/pack_write.h"

#include <unistd.h>

static bool read_text(Listing *listing, const char *text, const char *labels, const char *group,
                      Error *err)
{
    put_file("m.csv", text, strlen(text));
    *err = (Error){0};
    return manifest_read(listing, in_folder("m.csv"), labels, group, err);
}

/* The manifest must be refused with `part` in the text. */
static void refused_with(const char *text, const char *labels, const char *group, const char *part)
{
    Listing listing;
    Error err;
    assert_false(read_text(&listing, text, labels, group, &err));
    check_error(&err, part);
    listing_free(&listing);
}

static void refused(const char *text, const char *part)
{
    refused_with(text, NULL, NULL, part);
}

static Listing accepted(const char *text, const char *labels, const char *group)
{
    Listing listing;
    Error err;
    read_text(&listing, text, labels, group, &err);
    check_no_error(&err);
    return listing;
}

static void quoting(void **state)
{
    (void)state;
    static const struct {
        const char *text, *path, *label;
    } cases[] = {
        {"path,t\na.jpg,x\n", "a.jpg", "x"},
        {"path,t\na.jpg,x", "a.jpg", "x"},
        {"path,t\r\na.jpg,x\r\n", "a.jpg", "x"},
        {"path,t\ra.jpg,x\r", "a.jpg", "x"},
        {"\xEF\xBB\xBFpath,t\na.jpg,x\n", "a.jpg", "x"},
        {"path,t\n\n\na.jpg,x\n\n", "a.jpg", "x"},
        {"\"path\",\"t\"\n\"a.jpg\",\"x\"\n", "a.jpg", "x"},
        {"path,t\n\"a,b.jpg\",\"x,y\"\n", "a,b.jpg", "x,y"},
        {"path,t\na.jpg,\"say \"\"hi\"\"\"\n", "a.jpg", "say \"hi\""},
        {"path,t\na.jpg,\"\"\"\"\n", "a.jpg", "\""},
        {"path,t\na.jpg,\"two\nlines\"\n", "a.jpg", "two\nlines"},
        {"path,t\na.jpg, x \n", "a.jpg", " x "},
        {"path,t\na.jpg,gr\xC3\xBCn\n", "a.jpg", "gr\xC3\xBCn"},
        {"path,t\na.jpg,\xF0\x9F\x8C\xB1\n", "a.jpg", "\xF0\x9F\x8C\xB1"},
        {"path,t\na.jpg,\n", "a.jpg", NULL},
        {"path,t\na.jpg,\"\"\n", "a.jpg", NULL},
        {"t,path\nx,a/b/c.jpg\n", "a/b/c.jpg", "x"},
        {"path,t\n..a/b..jpg,x\n", "..a/b..jpg", "x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Listing listing = accepted(cases[i].text, NULL, NULL);
        assert_int_equal(listing.count, 1);
        assert_int_equal(listing.groups, 1);
        assert_string_equal(listing.group_name[0], "t");
        assert_string_equal(listing.path[0], cases[i].path);
        if (cases[i].label)
            assert_string_equal(listing.label[0][0], cases[i].label);
        else
            assert_null(listing.label[0][0]);
        assert_null(listing.split);
        assert_null(listing.keep_together);
        listing_free(&listing);
    }
}

static void lines_are_right_behind_quoted_breaks(void **state)
{
    (void)state;
    refused("path,t\na,\"1\n2\n3\"\n\n/b,x\n", "m.csv:6: the path /b leaves the root folder");
}

static void columns(void **state)
{
    (void)state;
    const char *text = "box,path,split,type,part\n1,a.jpg,val,x,y\n1,b.jpg,test,,z\n";
    Listing all = accepted(text, NULL, NULL);
    assert_int_equal(all.groups, 3);
    assert_string_equal(all.group_name[2], "part");
    assert_string_equal(all.split[1], "test");
    listing_free(&all);
    Listing some = accepted(text, "part,type", "box");
    assert_int_equal(some.groups, 2);
    assert_string_equal(some.group_name[0], "part");
    assert_string_equal(some.label[0][1], "z");
    assert_null(some.label[1][1]);
    assert_string_equal(some.keep_together[0], "1");
    listing_free(&some);
    refused_with(text, "tipe", NULL, "m.csv:1: has no column \"tipe\"; did you mean \"type\"?");
    refused_with(text, NULL, "bax", "m.csv:1: has no column \"bax\"; did you mean \"box\"?");
    refused_with(text, "part,type,part", NULL, "--labels: names \"part\" twice");
    refused("path,t,t\na,x,y\n", "m.csv:1: has two columns \"t\"");
    refused("file,t\na,x\n", "m.csv:1: has no column \"path\"");
    refused("path,split\na,val\n", "m.csv:1: has no label column besides path and split");
    refused("path,a/b\na,x\n", "m.csv:1: \"a/b\" cannot name a label group");
    refused("path,\na,x\n", "m.csv:1: \"\" cannot name a label group");
}

static void mistakes(void **state)
{
    (void)state;
    refused("", "m.csv: is empty");
    refused("path,t\n", "m.csv: lists no images");
    refused("path,t\n\"a,x\nb,y\n", "m.csv:2: a quoted field has no closing quote");
    refused("path,t\n\"a\"b,x\n", "m.csv:2: text behind the closing quote");
    refused("path,t\na,x\"y\n", "m.csv:2: a quote inside a field that does not begin with one");
    refused("path,t\na,x\nb\n", "m.csv:3: has 1 fields, the header has 2");
    refused("path,t\na,x,y\n", "m.csv:2: has 3 fields, the header has 2");
    refused("path,t\n,x\n", "m.csv:2: has no path");
    refused("path,t\n/a,x\n", "m.csv:2: the path /a leaves the root folder");
    refused("path,t\na/../../b,x\n", "m.csv:2: the path a/../../b leaves the root folder");
    refused("path,t\na/..,x\n", "m.csv:2: the path a/.. leaves the root folder");
    refused("path,t\nb,x\na,x\nb,y\n", "m.csv: the path b stands there twice");
    refused("path,t,split\na,x,Train\n",
            "m.csv:2: the split must be train, val or test, not \"Train\"");
    refused("path,t,split\na,x,\n", "m.csv:2: the split must be train, val or test, not \"\"");
    Listing listing;
    Error err = {0};
    put_file("m.csv", "path\0,t\na,x\n", 12);
    assert_false(manifest_read(&listing, in_folder("m.csv"), NULL, NULL, &err));
    check_error(&err, "is a binary file, not CSV");
    listing_free(&listing);
}

static void utf8(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "gr\xFCn",          /* Latin-1 */
        "\xC0\xAF",         /* overlong */
        "\xE0\x80\xAF",     /* overlong */
        "\xED\xA0\x80",     /* surrogate */
        "\xF0\x80\x80\xAF", /* overlong */
        "\xF4\x90\x80\x80", /* above U+10FFFF */
        "\xE2\x82",         /* cut */
        "\x80",             /* no first byte */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[64];
        snprintf(text, sizeof text, "path,t\na,x\nb,%s\n", wrong[i]);
        refused(text, "m.csv:3: is not in UTF-8");
    }
}

static size_t count_lines(const char *text)
{
    size_t lines = 1;
    for (; *text; text++) lines += *text == '\n';
    return lines;
}

static void problems_come_together(void **state)
{
    (void)state;
    char text[1024] = "path,t,split\n";
    for (int i = 0; i < 25; i++) strcat(text, i % 2 ? "/a,x,val\n" : "ok,x,dev\n");
    Listing listing;
    Error err;
    assert_false(read_text(&listing, text, NULL, NULL, &err));
    check_error(&err, "m.csv:2: the split must be");
    check_error(&err, "m.csv:3: the path /a leaves");
    check_error(&err, "more");
    assert_int_equal(count_lines(err.text), 21);
    listing_free(&listing);
}

static void folders(void **state)
{
    (void)state;
    static const char *const names[] = {"tree/b/1/z.JPG",     "tree/a/2/y.png",
                                        "tree/a/10/x.jpeg",   "tree/a/2/deep/w.jpg",
                                        "tree/a/2/notes.txt", "tree/.git/1/v.jpg"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) put_file(names[i], "x", 1);
    Listing listing;
    Error err = {0};
    folder_scan(&listing, in_folder("tree"), "{type}/{part}/**", false, &err);
    check_no_error(&err);
    assert_int_equal(listing.count, 4);
    static const char *const paths[] = {"a/10/x.jpeg", "a/2/deep/w.jpg", "a/2/y.png", "b/1/z.JPG"};
    static const char *const parts[] = {"10", "2", "2", "1"};
    for (int i = 0; i < 4; i++) {
        assert_string_equal(listing.path[i], paths[i]);
        assert_string_equal(listing.label[1][i], parts[i]);
    }
    assert_string_equal(listing.label[0][3], "b");
    listing_free(&listing);
}

static void scan_refused(const char *name, const char *pattern, const char *part)
{
    Listing listing;
    Error err = {0};
    assert_false(folder_scan(&listing, in_folder(name), pattern, false, &err));
    check_error(&err, part);
    listing_free(&listing);
}

static void folder_mistakes(void **state)
{
    (void)state;
    put_file("flat/a.jpg", "x", 1);
    put_file("none/a.txt", "x", 1);
    scan_refused("flat", "{type}/**", "flat/a.jpg: does not match the pattern {type}/**");
    scan_refused("none", "{type}/**", "none: holds no images (.jpg, .jpeg, .png, .webp)");
    scan_refused("absent", "{type}/**", "absent/: No such file or directory");
    scan_refused("flat", "{a}/{b}/{a}/**", "names \"a\" twice");
    scan_refused("flat", "{a b}/{c/d}/**", "\"c/d\" cannot name a label group");
    scan_refused("flat", "{a", "a { without its }");
    scan_refused("flat", "*.jpg", "names no label group");
    char many[2048] = "{a}";
    for (int i = 0; i < 300; i++) strcat(many, "*x");
    scan_refused("flat", many, "has more than 513 pieces");
    scan_refused("flat", "{split}.jpg", "names no label group");
    scan_refused("flat", "{split}{a}.jpg", "does not match");
    scan_refused("flat", "{split}.{a}", "the split must be train, val or test, not \"a\"");
    put_file("encoding/a/gr\xFCn.jpg", "x", 1);
    scan_refused("encoding", "{type}/**", "its name is not in UTF-8; rename it");
}

/* Each would be entered from within the other, 2^32 folders in all. */
static void links_upwards(void **state)
{
    (void)state;
    put_file("cycle/a.jpg", "x", 1);
    assert_int_equal(symlink(".", in_folder("cycle/one")), 0);
    assert_int_equal(symlink(".", in_folder("cycle/two")), 0);
    scan_refused("cycle", "{type}/**",
                 "nested deeper than 32; does a link point to a folder above");
}

static void levels(void **state)
{
    (void)state;
    char pattern[64];
    Error err = {0};
    assert_true(folder_pattern(pattern, sizeof pattern, "type,part", &err));
    assert_string_equal(pattern, "{type}/{part}/**");
    assert_false(folder_pattern(pattern, sizeof pattern, "", &err));
    check_error(&err, "--levels: names no folder level");
    err = (Error){0};
    assert_false(folder_pattern(pattern, 12, "type,part", &err));
    check_error(&err, "is too long");
}

/* A piece takes as much as leaves a match for the rest. */
static void patterns(void **state)
{
    (void)state;
    put_file("named/x/m3_long_045.jpg", "x", 1);
    put_file("named/x/m4_090.png", "x", 1);
    put_file("named/odd.png", "x", 1);
    Listing listing;
    Error err = {0};
    assert_true(folder_scan(&listing, in_folder("named"), "*/{part}_{angle}.*", true, &err));
    assert_int_equal(listing.count, 2);
    assert_string_equal(listing.label[0][0], "m3_long");
    assert_string_equal(listing.label[1][0], "045");
    assert_string_equal(listing.label[0][1], "m4");
    assert_int_equal(listing.rejects, 1);
    assert_string_equal(listing.reject[0].path, "odd.png");
    listing_free(&listing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_upwards),
        cmocka_unit_test(patterns),
        cmocka_unit_test(levels),
        cmocka_unit_test(quoting),
        cmocka_unit_test(lines_are_right_behind_quoted_breaks),
        cmocka_unit_test(columns),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(utf8),
        cmocka_unit_test(problems_come_together),
        cmocka_unit_test(folders),
        cmocka_unit_test(folder_mistakes),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
