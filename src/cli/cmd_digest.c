/* umbel digest: one hexadecimal line that two runs share exactly if they hold the same numbers. */
#include "arguments.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "train/checkpoint.h"

#include <argp.h>
#include <stdio.h>

typedef struct Arguments {
    const char *checkpoint;
} Arguments;

static const Argument kept[] = {
    KEEP_ONLY(checkpoint, "checkpoint", "no checkpoint given"),
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    return arguments_keep(kept, NULL, key, text, state);
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
    Arguments arguments = {0};
    cli_parse(&argp, argc, argv, &arguments);
    Arena *arena = arena_create("checkpoint");
    Checkpoint checkpoint;
    Hash128 digest;
    Error err = {0};
    int code = EXIT_DONE;
    if (checkpoint_load(&checkpoint, arguments.checkpoint, arena, &err) &&
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
