/* umbel unpack */
#include "arguments.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "data/unpack.h"

#include <argp.h>
#include <stdio.h>

enum { KEY_OUT = 1 };

typedef struct Arguments {
    PackArgument pack;
    const char *out;
} Arguments;

static const struct argp_option options[] = {
    {"out", KEY_OUT, "DIR", 0, "The folder to write", 0},
    {0},
};

static const Argument kept[] = {
    KEEP_PACKS(ARGP_KEY_ARG, pack, "no pack given"),
    KEEP_NEEDED(KEY_OUT, out, "--out must be given"),
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    return arguments_keep(kept, options, key, text, state);
}

static const struct argp argp = {
    options,
    parse,
    "PACK.h5...",
    "Write the images of a pack, or of several as one, into DIR/images, as they are in it, and "
    "DIR/manifest.csv with "
    "their "
    "splits and labels, of which umbel pack makes the same pack again.\v"
    "Example: umbel unpack parts.h5 --out parts",
    NULL,
    NULL,
    NULL};

int cmd_unpack(int argc, char **argv)
{
    enum { COMMAND_BYTES = 1 << 16 };
    static char command[COMMAND_BYTES];
    Arguments arguments = {0};
    cli_parse(&argp, argc, argv, &arguments);
    Error err = {0};
    if (!pack_unpack(arguments.pack.name, arguments.out, &err) ||
        !pack_again_command(command, sizeof command, arguments.pack.name, arguments.out, &err))
        return cli_fail(&err);
    if (!log_is_terse()) printf("the same pack again: %s\n", command);
    return EXIT_DONE;
}
