/* The ledger of unreadable images: each once, in order, over the parts of a run; a damaged file; a file
 * that cannot be written. */
#include "check.h"

#include "base/arena.h"
#include "data/image.h"
#include "data/pack_write.h"
#include "io/file.h"
#include "train/ledger.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IMAGES = 40, SIDE = 8 };

#define HEADER "record,split,path,reason\n"
#define LINE_2 "2,train,\"2.jpg\",\"is empty\"\n"
#define LINE_3 "3,train,\"a \"\"b\"\", c.jpg\",\"says \"\"no\"\"\"\n"
#define LINE_4 "4,train,\"d\n7,train,e.jpg\",\"first\nsecond\"\n"
#define LINE_9 "9,val,\"9.jpg\",\"is empty\"\n"

static Comm *comm;
static Pack *pack;
static char folder[] = "/tmp/umbel-ledger-XXXXXX", path[128];

/* Two paths have everything that CSV must quote. */
static void make_listing(Listing *listing)
{
    Arena *arena = arena_create("test");
    *listing = (Listing){.count = IMAGES, .groups = 1, .memory = arena};
    listing->path = arena_new(arena, char *, IMAGES);
    listing->split = arena_new(arena, char *, IMAGES);
    listing->group_name = arena_new(arena, char *, 1);
    listing->group_name[0] = "type";
    listing->label = arena_new(arena, char **, 1);
    listing->label[0] = arena_new(arena, char *, IMAGES);
    for (int i = 0; i < IMAGES; i++) {
        listing->path[i] = arena_printf(arena, "%d.jpg", i);
        listing->split[i] = i % 10 == 9 ? "val" : "train";
        listing->label[0][i] = i % 2 ? "bolt" : "nut";
    }
    listing->path[3] = "a \"b\", c.jpg";
    listing->path[4] = "d\n7,train,e.jpg";
}

static void make_pack(const char *out)
{
    static uint8_t pixels[SIDE * SIDE * 4];
    Image image = {.width = SIDE, .height = SIDE, .pixels = pixels, .capacity = sizeof pixels};
    Listing listing;
    uint8_t *data;
    size_t bytes;
    Error err = {0};
    make_listing(&listing);
    image_encode_jpeg(&image, 90, &data, &bytes, &err);
    for (int i = 0; i < IMAGES; i++) {
        char file[256];
        snprintf(file, sizeof file, "%s/%s", folder, listing.path[i]);
        file_write(file, data, bytes, &err);
    }
    free(data);
    pack_write(&listing, &(PackOptions){.root = folder, .out = out}, comm, &err);
    check_no_error(&err);
    listing_free(&listing);
}

static Ledger *open_ledger(void)
{
    Error err = {0};
    Ledger *ledger = ledger_open(pack, path, comm, &err);
    check_no_error(&err);
    return ledger;
}

static void collect(Ledger *ledger)
{
    Error err = {0};
    assert_true(ledger_collect(ledger, &err));
    check_no_error(&err);
}

static void check_file(const char *text)
{
    uint8_t *data;
    size_t bytes;
    Error err = {0};
    file_read(path, &data, &bytes, &err);
    check_no_error(&err);
    assert_string_equal((char *)data, text);
    assert_int_equal(bytes, strlen(text));
    free(data);
}

static void put_file(const char *text, size_t bytes)
{
    Error err = {0};
    assert_true(file_write(path, text, bytes, &err));
}

/* Opens a ledger with this file, which afterwards must hold `text` and so many records. */
static void check_mended(const char *before, size_t bytes, const char *text, size_t records)
{
    put_file(before, bytes);
    Ledger *ledger = open_ledger();
    check_file(text);
    assert_int_equal(ledger_records(ledger), records);
    ledger_close(ledger);
}

static int forget(void **state)
{
    (void)state;
    remove(path);
    return 0;
}

/* --- what is noted */

static void nothing_noted_no_file(void **state)
{
    (void)state;
    Ledger *ledger = open_ledger();
    collect(ledger);
    assert_false(file_exists(path));
    assert_int_equal(ledger_records(ledger), 0);
    ledger_close(ledger);
    ledger_close(NULL);
}

static void each_once_in_order(void **state)
{
    (void)state;
    Ledger *ledger = open_ledger();
    ledger_note(ledger, 9, "is empty");
    ledger_note(ledger, 3, "says \"no\"");
    ledger_note(ledger, 9, "is empty");
    ledger_note(ledger, 4, "first\nsecond");
    assert_int_equal(ledger_records(ledger), 0);
    collect(ledger);
    check_file(HEADER LINE_3 LINE_4 LINE_9);
    assert_int_equal(ledger_records(ledger), 3);
    ledger_note(ledger, 3, "another reason");
    ledger_note(ledger, 2, "is empty");
    collect(ledger);
    collect(ledger);
    check_file(HEADER LINE_3 LINE_4 LINE_9 LINE_2);
    assert_int_equal(ledger_records(ledger), 4);
    ledger_close(ledger);
}

static void goes_on_with_the_run(void **state)
{
    (void)state;
    put_file(HEADER LINE_4 LINE_3, strlen(HEADER LINE_4 LINE_3));
    Ledger *ledger = open_ledger();
    assert_int_equal(ledger_records(ledger), 2);
    ledger_note(ledger, 3, "again");
    ledger_note(ledger, 4, "again");
    ledger_note(ledger, 9, "is empty");
    collect(ledger);
    check_file(HEADER LINE_4 LINE_3 LINE_9);
    assert_int_equal(ledger_records(ledger), 3);
    ledger_close(ledger);
}

static void long_reasons_are_cut(void **state)
{
    (void)state;
    char reason[600], line[400];
    memset(reason, 'x', sizeof reason);
    reason[sizeof reason - 1] = 0;
    Ledger *ledger = open_ledger();
    ledger_note(ledger, 0, reason);
    collect(ledger);
    snprintf(line, sizeof line, HEADER "0,train,\"0.jpg\",\"%.251s\"\n", reason);
    check_file(line);
    ledger_close(ledger);
}

enum { THREADS = 4 };

static void *note_all(void *ledger)
{
    for (uint32_t r = 0; r < IMAGES; r++) ledger_note(ledger, (r * 7 + 3) % IMAGES, "is empty");
    return NULL;
}

static void threads_note_at_once(void **state)
{
    (void)state;
    Ledger *ledger = open_ledger();
    pthread_t thread[THREADS];
    for (int t = 0; t < THREADS; t++)
        assert_int_equal(pthread_create(&thread[t], NULL, note_all, ledger), 0);
    for (int t = 0; t < THREADS; t++) pthread_join(thread[t], NULL);
    collect(ledger);
    assert_int_equal(ledger_records(ledger), IMAGES);
    ledger_close(ledger);
    ledger = open_ledger(); /* every line is whole, and none comes twice */
    assert_int_equal(ledger_records(ledger), IMAGES);
    ledger_close(ledger);
}

/* --- a damaged file */

static void torn_lines_are_cut_off(void **state)
{
    (void)state;
    static const char whole[] = HEADER LINE_9 LINE_4;
    size_t first = strlen(HEADER), second = strlen(HEADER LINE_9);
    for (size_t bytes = 0; bytes < sizeof whole - 1; bytes++) {
        bool has_first = bytes >= second;
        check_mended(whole, bytes, has_first ? HEADER LINE_9 : HEADER, has_first);
    }
    check_mended(whole, sizeof whole - 1, whole, 2);
    check_mended(whole, first, HEADER, 0);
}

/* The image of a line that is dropped is noted again. */
static void damaged_lines_are_dropped(void **state)
{
    (void)state;
    static const char whole[] = HEADER LINE_2 LINE_3 LINE_9;
    size_t begin = strlen(HEADER), end = strlen(HEADER LINE_2);
    for (size_t at = begin; at < end - strlen("empty\"\n"); at++) {
        char text[sizeof whole];
        memcpy(text, whole, sizeof whole);
        text[at] ^= 1;
        bool reason = at >= begin + strlen("2,train,\"2.jpg\",\""); /* any text is a reason */
        if (reason)
            check_mended(text, sizeof text - 1, text, 3);
        else
            check_mended(text, sizeof text - 1, HEADER LINE_3 LINE_9, 2);
    }
    static const char endless[] = HEADER "2,train,\"2.jpg\",\"no end\n" LINE_3;
    check_mended(endless, sizeof endless - 1, HEADER LINE_3, 1);
    put_file(HEADER "x" LINE_2, strlen(HEADER LINE_2) + 1);
    Ledger *ledger = open_ledger();
    ledger_note(ledger, 2, "is empty");
    collect(ledger);
    check_file(HEADER LINE_2);
    ledger_close(ledger);
}

static void what_is_not_ours_is_dropped(void **state)
{
    (void)state;
    static const char zeros[512];
    check_mended(zeros, sizeof zeros, HEADER, 0);
    check_mended("\n\n\n", 3, HEADER, 0);
#define MENDED(before, text, records) check_mended(before, strlen(before), text, records)
    MENDED(LINE_2 LINE_9, HEADER LINE_2 LINE_9, 2);               /* no header */
    MENDED(HEADER LINE_2 LINE_9 LINE_2, HEADER LINE_2 LINE_9, 2); /* twice */
    MENDED(HEADER "2,train,\"other.jpg\",\"is empty\"\n" LINE_9, HEADER LINE_9, 1);
    MENDED(HEADER "2,val,\"2.jpg\",\"is empty\"\n" LINE_9, HEADER LINE_9, 1);
    MENDED(HEADER "40,train,\"40.jpg\",\"is empty\"\n", HEADER, 0); /* no such record */
    MENDED(HEADER "-2,train,\"2.jpg\",\"is empty\"\n", HEADER, 0);
    MENDED(HEADER " 2,train,\"2.jpg\",\"is empty\"\n", HEADER, 0);
    MENDED(HEADER "4294967298,train,\"2.jpg\",\"is empty\"\n", HEADER, 0); /* 2^32 + 2 */
    MENDED(HEADER "2,train,\"2.jpg\",is empty\n", HEADER, 0);              /* no quotes */
    MENDED(HEADER "2,train,\"2.jpg\",\"is empty\",\n", HEADER, 0);
#undef MENDED
}

/* --- a file that cannot be read or written */

static void a_folder_in_its_place(void **state)
{
    (void)state;
    Error err = {0};
    assert_int_equal(mkdir(path, 0777), 0);
    assert_null(ledger_open(pack, path, comm, &err));
    check_error(&err, "it is a folder");
    assert_int_equal(rmdir(path), 0);
}

static void unwritten_notes_are_kept(void **state)
{
    (void)state;
    Ledger *ledger = open_ledger();
    assert_int_equal(mkdir(path, 0777), 0); /* nobody can write there, not even root */
    for (int i = 0; i < 3; i++) {
        Error err = {0};
        ledger_note(ledger, 9, "is empty");
        if (i == 1) ledger_note(ledger, 2, "is empty");
        assert_false(ledger_collect(ledger, &err));
        check_error(&err, "cannot append to");
        assert_int_equal(err.kind, ERROR_SYSTEM);
        assert_int_equal(ledger_records(ledger), 0);
    }
    assert_int_equal(rmdir(path), 0);
    collect(ledger); /* without anything new */
    check_file(HEADER LINE_9 LINE_2);
    assert_int_equal(ledger_records(ledger), 2);
    ledger_close(ledger);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, forget, forget)
        TEST(nothing_noted_no_file),     TEST(each_once_in_order),
        TEST(goes_on_with_the_run),      TEST(long_reasons_are_cut),
        TEST(threads_note_at_once),      TEST(torn_lines_are_cut_off),
        TEST(damaged_lines_are_dropped), TEST(what_is_not_ours_is_dropped),
        TEST(a_folder_in_its_place),     TEST(unwritten_notes_are_kept),
#undef TEST
    };
    char file[128], command[128];
    Error err = {0};
    comm = comm_open(&argc, &argv);
    if (!mkdtemp(folder)) return 1;
    snprintf(path, sizeof path, "%s/bad_images.csv", folder);
    snprintf(file, sizeof file, "%s/pack.h5", folder);
    make_pack(file);
    pack = pack_open(file, &err);
    int failed = pack ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
    pack_close(pack);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0) fprintf(stderr, "cannot remove %s\n", folder);
    comm_close(comm);
    return failed;
}
