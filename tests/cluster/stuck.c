/*
 * A file system that gets stuck, or slow, for LD_PRELOAD: once the file UMBEL_STUCK_TRIGGER exists,
 * reads, writes and syncs of files whose path contains UMBEL_STUCK_FILE never return; if it holds a
 * number, they take so many milliseconds longer while it exists. UMBEL_STUCK_RANK: on that rank only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool is_stuck(int fd)
{
    const char *trigger = getenv("UMBEL_STUCK_TRIGGER"), *file = getenv("UMBEL_STUCK_FILE");
    const char *wanted = getenv("UMBEL_STUCK_RANK"), *rank = getenv("OMPI_COMM_WORLD_RANK");
    char name[64], path[4096];
    if (!trigger || !file || (wanted && (!rank || strcmp(wanted, rank) != 0))) return false;
    if (access(trigger, F_OK) != 0) return false;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, path, sizeof path - 1);
    if (length <= 0) return false;
    path[length] = 0;
    return strstr(path, file) != NULL;
}

/* The number in the trigger; 0: none. */
static long milliseconds(void)
{
    long number = 0;
    FILE *trigger = fopen(getenv("UMBEL_STUCK_TRIGGER"), "r");
    if (!trigger) return 0;
    if (fscanf(trigger, "%ld", &number) != 1) number = 0;
    fclose(trigger);
    return number;
}

/* A signal does not cut it short. */
static void delay(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static void get_stuck(int fd)
{
    while (is_stuck(fd)) {
        long ms = milliseconds();
        if (ms > 0) {
            delay(ms);
            return;
        }
        sleep(1000);
    }
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pread(int fd, void *buffer, size_t bytes, off_t offset)
{
    get_stuck(fd);
    return REAL(pread)(fd, buffer, bytes, offset);
}

ssize_t pread64(int fd, void *buffer, size_t bytes, off64_t offset)
{
    get_stuck(fd);
    return REAL(pread64)(fd, buffer, bytes, offset);
}

ssize_t pwrite(int fd, const void *buffer, size_t bytes, off_t offset)
{
    get_stuck(fd);
    return REAL(pwrite)(fd, buffer, bytes, offset);
}

ssize_t pwrite64(int fd, const void *buffer, size_t bytes, off64_t offset)
{
    get_stuck(fd);
    return REAL(pwrite64)(fd, buffer, bytes, offset);
}

int fsync(int fd)
{
    get_stuck(fd);
    return REAL(fsync)(fd);
}
