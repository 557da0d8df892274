/* umbel digest: one hexadecimal line that two runs share exactly if they hold the same numbers. */
#include "cli/commands.h"
#include "cli/fail.h"
#include "train/checkpoint.h"

#include <argp.h>
#include <stdio.h>

static error_t parse(int key, char *text, struct argp_state *state)
{
    const char **path = state->input;
    if (key == ARGP_KEY_ARG) {
        if (*path) argp_error(state, "%s: one checkpoint at a time", text);
        *path = text;
        return 0;
    }
    if (key == ARGP_KEY_END && !*path) argp_error(state, "no checkpoint given");
    return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
    NULL,
    parse,
    "CHECKPOINT",
    "Print the digest of a checkpoint: the same line for the same numbers.\v"
    "Example: umbel digest runs/parts/checkpoint/last",
    NULL,
    NULL,
    NULL};

int cmd_digest(int argc, char **argv)
{
    const char *path = NULL;
    cli_parse(&argp, argc, argv, &path);
    Arena *arena = arena_create("checkpoint");
    Checkpoint checkpoint;
    Hash128 digest;
    Error err = {0};
    int code = EXIT_DONE;
    if (checkpoint_load(&checkpoint, path, arena, &err) &&
        checkpoint_digest(&checkpoint, &digest, &err)) {
        char text[HASH_TEXT_BYTES];
        hash_print(digest, text);
        puts(text);
    } else {
        code = cli_fail(&err);
    }
    arena_destroy(arena);
    return code;
}
