/* Event files: whole records with true checksums, whatever the disk and others do. What they say is read by
 * tests/train/tensorboard.sh. */
#include "check.h"

#include "base/crc32c.h"
#include "io/event_file.h"
#include "io/file.h"

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static char folder[] = "/tmp/umbel-events-XXXXXX", events[64];

static uint64_t number_at(const uint8_t *at, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--) value = value << 8 | at[i];
    return value;
}

static bool is_sum(const uint8_t *sum, const uint8_t *data, size_t bytes)
{
    uint32_t crc = (uint32_t)number_at(sum, 4) - 0xA282EAD8U;
    return (crc << 15 | crc >> 17) == crc32c(data, bytes);
}

/* Names of the folder in their order, into name (8); returns how many. */
static int list_files(char name[8][256])
{
    struct dirent **entry;
    int found = scandir(events, &entry, NULL, alphasort), count = 0;
    for (int i = 0; i < found; i++) {
        if (entry[i]->d_name[0] != '.' && count < 8)
            snprintf(name[count++], 256, "%s", entry[i]->d_name);
        free(entry[i]);
    }
    if (found >= 0) free(entry);
    return count;
}

/* Records of a file of the folder, all of which must be sound; *size: its bytes. */
static int count_records(const char *name, size_t *size)
{
    char path[512];
    uint8_t *data;
    size_t at = 0;
    int records = 0;
    Error err = {0};
    file_join(path, sizeof path, events, name);
    file_read(path, &data, size, &err);
    check_no_error(&err);
    for (; at + 16 <= *size; records++) {
        size_t bytes = number_at(data + at, 8);
        assert_true(is_sum(data + at + 8, data + at, 8));
        assert_true(bytes <= *size - at - 16);
        assert_true(is_sum(data + at + 12 + bytes, data + at + 12, bytes));
        at += 16 + bytes;
    }
    assert_int_equal(at, *size);
    free(data);
    return records;
}

static void write_scalar(EventFile *file, uint64_t step)
{
    Error err = {0};
    event_file_add_scalar(file, "loss", 1.5F);
    event_file_write(file, step, &err);
    check_no_error(&err);
}

/* Nothing is made before there is something to write; the names of files rise, even past one of the future. */
static void test_names(void **state)
{
    (void)state;
    char name[8][256], future[512];
    size_t size;
    Error err = {0};
    EventFile *first = event_file_create(events, 0);
    assert_true(event_file_write(first, 0, &err));
    assert_false(file_exists(events));
    write_scalar(first, 1);
    EventFile *second = event_file_create(events, 2);
    write_scalar(second, 2);
    assert_int_equal(list_files(name), 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(count_records(name[i], &size), 3); /* two begin it */
    uint64_t later = (uint64_t)time(NULL) + 1000;
    snprintf(future, sizeof future, "%s/events.out.tfevents.%llu.elsewhere", events,
             (unsigned long long)later);
    file_write(future, "", 0, &err);
    EventFile *third = event_file_create(events, 3);
    write_scalar(third, 3);
    assert_int_equal(list_files(name), 4);
    assert_non_null(strstr(name[2], "elsewhere"));
    assert_true(strtoull(strstr(name[3], "tfevents.") + 9, NULL, 10) == later + 1);
    event_file_destroy(first);
    event_file_destroy(second);
    event_file_destroy(third);
    event_file_destroy(NULL);
    file_remove_folder(events);
}

/* A file that is not allowed to grow further stands for a full disk. */
static void test_full_disk(void **state)
{
    (void)state;
    char name[8][256];
    size_t before, after;
    struct rlimit old;
    Error err = {0};
    EventFile *file = event_file_create(events, 0);
    write_scalar(file, 1);
    list_files(name);
    assert_int_equal(count_records(name[0], &before), 3);
    getrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t more = 0; more < 60; more += 7) {
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){before + more, old.rlim_max});
        event_file_add_text(file, "config", "a text that is longer than what is left on the disk");
        err = (Error){0};
        assert_false(event_file_write(file, 2, &err));
        check_error(&err, "cannot append to");
        assert_int_equal(count_records(name[0], &after), 3);
        assert_int_equal(after, before);
    }
    setrlimit(RLIMIT_FSIZE, &old);
    write_scalar(file, 3); /* what found no room is lost, and only that */
    assert_int_equal(count_records(name[0], &after), 4);
    event_file_destroy(file);
    file_remove_folder(events);
}

static void test_removed(void **state)
{
    (void)state;
    char name[8][256];
    size_t size;
    EventFile *file = event_file_create(events, 0);
    write_scalar(file, 1);
    file_remove_folder(events);
    write_scalar(file, 2);
    assert_int_equal(list_files(name), 1);
    assert_int_equal(count_records(name[0], &size), 3);
    event_file_destroy(file);
    file_remove_folder(events);
}

/* A folder that cannot be made is told, and values that are no numbers do no harm. */
static void test_odd(void **state)
{
    (void)state;
    char name[8][256];
    size_t size;
    Error err = {0};
    float odd[] = {NAN, INFINITY, 2, 2, -INFINITY};
    file_write(events, "", 0, &err);
    check_no_error(&err);
    EventFile *file = event_file_create(events, 0);
    event_file_add_scalar(file, "loss", 1);
    assert_false(event_file_write(file, 1, &err));
    check_error(&err, "cannot make folder");
    unlink(events);
    event_file_add_histogram(file, "none", odd, 2);
    err = (Error){0};
    assert_true(event_file_write(file, 2, &err));
    assert_false(file_exists(events));
    event_file_add_histogram(file, "some", odd, 5);
    assert_true(event_file_write(file, 3, &err));
    list_files(name);
    assert_int_equal(count_records(name[0], &size), 3);
    event_file_destroy(file);
    file_remove_folder(events);
}

int main(void)
{
    if (!mkdtemp(folder)) return 1;
    snprintf(events, sizeof events, "%s/tensorboard", folder);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names),
                                       cmocka_unit_test(test_full_disk),
                                       cmocka_unit_test(test_removed), cmocka_unit_test(test_odd)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    file_remove_folder(folder);
    return failed;
}
