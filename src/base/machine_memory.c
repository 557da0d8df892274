/*
 * Memory that this process could still get. A batch system limits a job by a cgroup: of version 2
 * (memory.max and memory.current on the way from the job's group to the root) or of version 1
 * (memory.limit_in_bytes, memory.usage_in_bytes).
 */
#include "base/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PATH_BYTES = 1024 };

static bool parse_number(const char *text, uint64_t *number)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (end == text || errno != 0) return false;
    *number = value;
    return true;
}

/* The number behind `label` at the beginning of a line of a file; false if there is no such file, line or number. */
static bool read_field(const char *path, const char *label, uint64_t *number)
{
    FILE *file = fopen(path, "r");
    char line[256];
    size_t length = strlen(label);
    bool found = false;
    while (!found && file && fgets(line, sizeof line, file))
        found = strncmp(line, label, length) == 0 && parse_number(line + length, number);
    if (file) fclose(file);
    return found;
}

/* The number that a file of a group begins with; "max" is none. */
static bool read_number(const char *folder, const char *name, uint64_t *number)
{
    char path[PATH_BYTES + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return read_field(path, "", number);
}

static uint64_t available_in_system(void)
{
    uint64_t kib;
    return read_field("/proc/meminfo", "MemAvailable:", &kib) ? kib * 1024 : UINT64_MAX;
}

uint64_t machine_memory_peak(void)
{
    uint64_t kib;
    return read_field("/proc/self/status", "VmHWM:", &kib) ? kib * 1024 : 0;
}

/* What a cgroup leaves: its limit, less what its processes hold beyond caches that could be given
 * back. */
static uint64_t left_in_group(const char *folder, const char *limit_name, const char *usage_name)
{
    uint64_t limit, usage, cache = 0;
    if (!read_number(folder, limit_name, &limit) || !read_number(folder, usage_name, &usage))
        return UINT64_MAX;
    char path[PATH_BYTES + 64];
    snprintf(path, sizeof path, "%s/memory.stat", folder);
    read_field(path, "inactive_file ", &cache);
    uint64_t held = usage > cache ? usage - cache : 0;
    return limit > held ? limit - held : 0;
}

/* The least that any group from `path` up to the root of its hierarchy leaves. */
static uint64_t left_on_the_way(const char *root, char *path, const char *limit_name,
                                const char *usage_name)
{
    uint64_t least = UINT64_MAX;
    for (;;) {
        char folder[PATH_BYTES];
        snprintf(folder, sizeof folder, "%s%s", root, path);
        uint64_t left = left_in_group(folder, limit_name, usage_name);
        if (left < least) least = left;
        char *slash = strrchr(path, '/');
        if (!slash || !path[1]) return least;
        slash[slash == path] = 0;
    }
}

/* Lines of /proc/self/cgroup: "0::/path" (version 2), "4:memory:/path" (version 1). */
static uint64_t left_in_groups(void)
{
    FILE *file = fopen("/proc/self/cgroup", "r");
    char line[PATH_BYTES / 2];
    uint64_t least = UINT64_MAX;
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        char *path = strchr(line, '/');
        uint64_t left = UINT64_MAX;
        if (!path) continue;
        if (strncmp(line, "0::", 3) == 0)
            left = left_on_the_way("/sys/fs/cgroup", path, "memory.max", "memory.current");
        else if (strstr(line, ":memory:"))
            left = left_on_the_way("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes",
                                   "memory.usage_in_bytes");
        if (left < least) least = left;
    }
    if (file) fclose(file);
    return least;
}

uint64_t machine_memory(void)
{
    uint64_t system = available_in_system(), groups = left_in_groups();
    return system < groups ? system : groups;
}

uint64_t machine_memory_of_process(void)
{
    struct rlimit limit;
    uint64_t pages;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
    if (!read_number("/proc/self", "statm", &pages)) return UINT64_MAX;
    uint64_t used = pages * (uint64_t)sysconf(_SC_PAGESIZE);
    return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}
