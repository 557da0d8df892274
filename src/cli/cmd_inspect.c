/* umbel inspect: what is in a pack or a checkpoint. */
#include "cli/commands.h"
#include "cli/fail.h"
#include "inspect.h"
#include "io/seal.h"

#include <argp.h>

enum { KEY_JSON = 1, KEY_ALL };

typedef struct Arguments {
    const char *path;
    InspectOptions options;
} Arguments;

static const struct argp_option options[] = {
    {"json", KEY_JSON, NULL, 0, "As JSON, complete", 0},
    {"all", KEY_ALL, NULL, 0, "Show every class", 0},
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    Arguments *arguments = state->input;
    switch (key) {
    case KEY_JSON:
        arguments->options.json = true;
        return 0;
    case KEY_ALL:
        arguments->options.all = true;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->path) argp_error(state, "%s: one file at a time", text);
        arguments->path = text;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->path) argp_error(state, "no file given");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {options,
                                 parse,
                                 "FILE",
                                 "Describe a pack or a checkpoint.\v"
                                 "Example: umbel inspect parts.h5",
                                 NULL,
                                 NULL,
                                 NULL};

int cmd_inspect(int argc, char **argv)
{
    Arguments arguments = {0};
    cli_parse(&argp, argc, argv, &arguments);
    Error err = {0};
    SealKind kind;
    bool ok = seal_kind(arguments.path, &kind, &err) &&
              (kind == SEAL_PACK ? inspect_pack(arguments.path, &arguments.options, &err)
                                 : inspect_checkpoint(arguments.path, &arguments.options, &err));
    return ok ? EXIT_DONE : cli_fail(&err);
}
