/* HDF5 files on a disk that gets full at any byte of them: an error, nothing stays open, and the next
 * file is written. pwrite stands for the disk: the library and our own code call it. */
#include "check.h"

#include "io/h5.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char folder[] = "/tmp/umbel-full-XXXXXX", path[64];
static long room = LONG_MAX; /* bytes that the file at `path` may have */

static bool is_ours(int fd)
{
    struct stat ours, other;
    return stat(path, &ours) == 0 && fstat(fd, &other) == 0 && ours.st_ino == other.st_ino &&
           ours.st_dev == other.st_dev;
}

__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void *data, size_t bytes,
                                                      off_t at)
{
    if (room == LONG_MAX || at + (long)bytes <= room || !is_ours(fd))
        return syscall(SYS_pwrite64, fd, data, bytes, at);
    errno = ENOSPC;
    return -1;
}

static int open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;
    while (readdir(dir)) count++;
    closedir(dir);
    return count;
}

/* Some kilobytes of every kind of object. */
static bool write_file(Error *err)
{
    static const char *const texts[] = {"bolt", "nut"};
    static float values[1000];
    H5 *file = h5_create(path, err);
    if (!file) return false;
    bool ok = h5_write_attribute_int(file, "/", "version", 1, err) &&
              h5_write_texts(file, "/heads/type/class", texts, 2, err);
    for (int i = 0; ok && i < 20; i++) {
        char name[32];
        snprintf(name, sizeof name, "/param/%d", i);
        ok = h5_write(file, name, H5_F32, (H5Shape){1, {i % 2 ? 1000 : 10}}, values, err);
    }
    return h5_close(file, ok ? err : &(Error){0}) && ok;
}

static long file_length(void)
{
    struct stat info;
    return stat(path, &info) == 0 ? info.st_size : -1;
}

static void full_at_any_byte(void **state)
{
    (void)state;
    Error err = {0};
    assert_true(write_file(&err));
    long whole = file_length();
    int descriptors = open_descriptors();
    for (long limit = 0; limit < whole; limit += limit < 4096 ? 16 : 512) {
        err = (Error){0};
        unlink(path);
        room = limit;
        bool ok = write_file(&err);
        room = LONG_MAX;
        if (ok) fail_msg("%ld bytes of room for %ld", limit, whole);
        assert_int_equal(err.kind, ERROR_SYSTEM);
        check_error(&err, "No space left on device");
        assert_int_equal(open_descriptors(), descriptors);
    }
    err = (Error){0};
    assert_true(write_file(&err));
    assert_int_equal(file_length(), whole);
}

int main(void)
{
    if (!mkdtemp(folder)) return 1;
    snprintf(path, sizeof path, "%s/a.h5", folder);
    const struct CMUnitTest tests[] = {cmocka_unit_test(full_at_any_byte)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    rmdir(folder);
    return failed;
}
