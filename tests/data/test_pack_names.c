/* Names of packs: which files they stand for, and what is told of those that stand for none. */
#include "folder.h"

#include "data/pack_names.h"

#include <unistd.h>

static Arena *arena;

static const char *put_empty(const char *name)
{
    put_file(name, "", 0);
    return in_folder(name);
}

/* The files, without the folder, in one text. */
static const char *expand(const char *name, Error *err)
{
    PackNames names;
    char *text = arena_strdup(arena, "");
    *err = (Error){0};
    if (!pack_names_expand(&names, name, arena, err)) return NULL;
    for (int f = 0; f < names.files; f++) {
        bool is_here = strncmp(names.file[f], folder, strlen(folder)) == 0;
        text = arena_printf(arena, "%s%s%s", text, f ? " " : "",
                            names.file[f] + (is_here ? strlen(folder) + 1 : 0));
    }
    return text;
}

static void stands_for(const char *name, const char *files)
{
    Error err;
    const char *found = expand(name, &err);
    check_no_error(&err);
    assert_string_equal(found, files);
}

static void is_refused(const char *name, ErrorKind kind, const char *part)
{
    Error err;
    assert_null(expand(name, &err));
    check_error(&err, part);
    assert_int_equal(err.kind, kind);
    assert_int_equal(err.count, 1);
}

/* "[NAME, NAME]" of names in the folder. */
static const char *list(const char *a, const char *b)
{
    return arena_printf(arena, "[%s/%s,%s/%s ]", folder, a, folder, b);
}

static void one_file(void **state)
{
    (void)state;
    stands_for("none.h5", "none.h5"); /* that it is missing is told when it is opened */
    stands_for("a, b.h5", "a, b.h5");
    stands_for(put_empty("all*.h5"), "all*.h5");
    put_empty("all1.h5");
    stands_for(in_folder("all*.h5"), "all*.h5");
    put_empty("[a.h5, b.h5]");
    assert_int_equal(chdir(folder), 0);
    stands_for("[a.h5, b.h5]", "[a.h5, b.h5]");
    assert_int_equal(unlink("[a.h5, b.h5]"), 0);
    stands_for("[a.h5, b.h5]", "a.h5 b.h5");
}

static void lists(void **state)
{
    (void)state;
    stands_for("[a.h5]", "a.h5");
    stands_for("[ b.h5,a.h5 ,  c c.h5]", "b.h5 a.h5 c c.h5");
    is_refused("[]", ERROR_USAGE, "[]: names no pack");
    is_refused("[a.h5, , b.h5]", ERROR_USAGE, "has an empty name in it");
    is_refused("[a.h5, b.h5, a.h5]", ERROR_USAGE, "[a.h5, b.h5, a.h5]: names a.h5 twice");
}

static void patterns(void **state)
{
    (void)state;
    put_empty("p/b2.h5"), put_empty("p/B1.h5"), put_empty("p/a10.h5"), put_empty("p/a9.h5");
    put_empty("p/a9.h5.rejected.csv");
    stands_for(in_folder("p/*.h5"), "p/B1.h5 p/a10.h5 p/a9.h5 p/b2.h5"); /* by their bytes */
    stands_for(in_folder("p/[ab]?.h5"), "p/a9.h5 p/b2.h5");
    stands_for(list("p/b*.h5", "p/a*.h5"), "p/b2.h5 p/a10.h5 p/a9.h5");
    is_refused(list("p/a9.h5", "p/a*.h5"), ERROR_USAGE, "a9.h5 twice");
    is_refused(in_folder("p/c*.h5"), ERROR_SYSTEM, "no file matches /tmp/umbel-test-");
}

static void put_shards(const char *name, int shards, int missing)
{
    for (int s = 0; s < shards; s++)
        if (s + 1 != missing) put_empty(pack_shard_path(name, s, shards, arena));
}

static void shards(void **state)
{
    (void)state;
    assert_string_equal(pack_shard_path("x.y/parts", 11, 12, arena), "x.y/parts-00012-of-00012");
    assert_string_equal(pack_shard_path("x/.h5", 0, 2, arena), "x/.h5-00001-of-00002");
    assert_string_equal(pack_shard_pattern("x/p.h5", 4, arena), "x/p-*-of-00004.h5");
    put_shards("s/p.h5", 3, 0);
    put_empty("s/p-more.h5");
    stands_for(in_folder("s/p-*-of-*.h5"),
               "s/p-00001-of-00003.h5 s/p-00002-of-00003.h5 s/p-00003-of-00003.h5");
    stands_for(in_folder("s/p-0000?-*.h5"),
               "s/p-00001-of-00003.h5 s/p-00002-of-00003.h5 s/p-00003-of-00003.h5");
    /* Some of them are meant only where they are listed. */
    stands_for(list("s/p-00003-of-00003.h5", "s/p-00001-of-00003.h5"),
               "s/p-00003-of-00003.h5 s/p-00001-of-00003.h5");
    is_refused(in_folder("s/p-*2-of-*.h5"), ERROR_SYSTEM,
               "s/p-00001-of-00003.h5 is missing, one of 3 shards");
    put_shards("t/p.h5", 4, 2);
    is_refused(in_folder("t/p-*.h5"), ERROR_SYSTEM,
               "t/p-00002-of-00004.h5 is missing, one of 4 shards");
    put_shards("t/p.h5", 4, 1);
    put_shards("t/q.h5", 2, 2);
    is_refused(in_folder("t/*.h5"), ERROR_SYSTEM, "t/q-00002-of-00002.h5 is missing");
    put_empty("t/p-00005-of-00004.h5"), put_empty("t/q-00002-of-00002.h5");
    stands_for(in_folder("t/q*"), "t/q-00001-of-00002.h5 t/q-00002-of-00002.h5");
    stands_for(in_folder("t/p-00005*"), "t/p-00005-of-00004.h5"); /* no shard */
}

static void shards_of_two_numbers(void **state)
{
    (void)state;
    put_shards("u/p.h5", 2, 0);
    put_shards("u/p.h5", 3, 0);
    is_refused(in_folder("u/p-*.h5"), ERROR_DATA, "shards of 2 and of 3; remove the old ones");
    stands_for(in_folder("u/p-*-of-00002.h5"), "u/p-00001-of-00002.h5 u/p-00002-of-00002.h5");
}

static void names_are_added(void **state)
{
    (void)state;
    char name[40] = "a.h5";
    assert_true(pack_names_add(name, sizeof name, "b b.h5"));
    assert_string_equal(name, "[a.h5, b b.h5]");
    assert_true(pack_names_add(name, sizeof name, "c*.h5"));
    assert_string_equal(name, "[a.h5, b b.h5, c*.h5]");
    assert_true(pack_names_add(name, sizeof name, "[d, e]"));
    assert_string_equal(name, "[a.h5, b b.h5, c*.h5, d, e]");
    assert_false(pack_names_add(name, sizeof name, "0123456789.h5"));
    assert_true(pack_name_is_file("a, b.h5"));
    assert_false(pack_name_is_file("[a.h5, b.h5]"));
    assert_false(pack_name_is_file("nothing-*.h5"));
}

static int setup(void **state)
{
    arena = arena_create("test");
    return folder_make(state);
}

static int teardown(void **state)
{
    arena_destroy(arena);
    return folder_remove(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_file),
        cmocka_unit_test(lists),
        cmocka_unit_test(patterns),
        cmocka_unit_test(shards),
        cmocka_unit_test(shards_of_two_numbers),
        cmocka_unit_test(names_are_added),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
