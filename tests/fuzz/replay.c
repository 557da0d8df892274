/* Runs a fuzz target on each file of its corpus, as a test of that name: every finding stays found,
 * also where there is no clang. A file "good-…" must be accepted. The Makefile tells the target's name. */
#include "check.h"
#include "fuzz.h"
#include "io/file.h"

#include <dirent.h>
#include <stdlib.h>

enum { FILES_MAX = 512 };

static const char folder[] = "tests/fuzz/corpus/" FUZZ_TARGET;

static void replay(void **state)
{
    char path[512];
    uint8_t *data;
    size_t bytes;
    Error err = {0};
    file_join(path, sizeof path, folder, *state);
    file_read(path, &data, &bytes, &err);
    check_no_error(&err);
    fuzz_refusals = 0;
    LLVMFuzzerTestOneInput(data, bytes);
    free(data);
    if (strncmp(*state, "good-", 5) == 0) assert_int_equal(fuzz_refusals, 0);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct CMUnitTest *)a)->name, ((const struct CMUnitTest *)b)->name);
}

int main(void)
{
    static struct CMUnitTest tests[FILES_MAX];
    size_t count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir)) && count < FILES_MAX;) {
        if (entry->d_name[0] == '.') continue;
        char *name = strdup(entry->d_name);
        tests[count++] = (struct CMUnitTest){name, replay, NULL, NULL, name};
    }
    if (dir) closedir(dir);
    if (count == 0) {
        fprintf(stderr, "no files in %s\n", folder);
        return EXIT_FAILURE;
    }
    qsort(tests, count, sizeof *tests, by_name);
    int failed = _cmocka_run_group_tests(FUZZ_TARGET, tests, count, NULL, NULL);
    for (size_t i = 0; i < count; i++) free((void *)tests[i].initial_state);
    return failed;
}
