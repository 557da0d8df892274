/* Configurations: the file's text; behind each zero byte a --set. What is accepted must come back the
 * same from its own print, since that is what a checkpoint keeps. */
#include "fuzz.h"
#include "train/config.h"

#include <stdlib.h>
#include <string.h>

/* Three bytes can ask for a head, which has two dozen keys with values; at most 256 times. */
enum { FACTOR = 2048, SETS_MAX = 8 };

static void check_print(const Config *config, Arena *arena)
{
    Config again;
    Error err = {0};
    const char *text = config_print(config, arena);
    if (!config_parse(&again, arena, text, "print", &err))
        fuzz_fail("cannot read its own print: %s\n%s", err.text, text);
    FUZZ_REQUIRE(strcmp(text, config_print(&again, arena)) == 0);
    FUZZ_REQUIRE(config_compatible(&again, config, &err));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char *text = malloc(bytes + 1), *set[SETS_MAX];
    memcpy(text, data, bytes);
    text[bytes] = 0;
    int sets = 0;
    for (char *at = text + strlen(text); at < text + bytes && sets < SETS_MAX; at += strlen(at))
        set[sets++] = ++at;
    Arena *arena = arena_create("fuzz");
    Config config;
    Error err = {0};
    const char *path = fuzz_file(data, strlen(text));
    fuzz_allow(bytes, FACTOR);
    bool ok = config_load(&config, arena, path, (const char *const *)set, sets, &err);
    fuzz_check_error(ok, &err);
    if (ok) check_print(&config, arena);
    arena_destroy(arena);
    free(text);
    return 0;
}
