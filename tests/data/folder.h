/* A temporary folder for tests, and small files in it. */
#pragma once

#include "check.h"

#include "io/file.h"

#include <stdlib.h>

/* Made by the group set-up, removed by its tear-down. */
static char folder[] = "/tmp/umbel-test-XXXXXX";

static inline int folder_make(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static inline int folder_remove(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* Path of a file in the folder; four can be in use at once. */
static inline const char *in_folder(const char *name)
{
    static char path[4][512];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

/* Writes a file, and the folders above it. */
static inline void put_file(const char *name, const void *data, size_t bytes)
{
    char path[512], above[512];
    Error err = {0};
    snprintf(path, sizeof path, "%s", in_folder(name));
    file_folder(path, above, sizeof above);
    file_make_folders(above, &err);
    file_write(path, data, bytes, &err);
    check_no_error(&err);
}
