/* umbel heads: heads added, dropped and renamed. */
#include "arguments.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "train/surgery.h"

#include <argp.h>
#include <stdio.h>
#include <string.h>

enum { EDITS_MAX = 256 };
enum { KEY_ADD = 1, KEY_DROP, KEY_RENAME, KEY_OUT };

typedef struct Arguments {
    const char *checkpoint, *out;
    HeadEdit edit[EDITS_MAX];
    int edits;
} Arguments;

static const struct argp_option options[] = {
    {"add", KEY_ADD, "NAME:CLASSES[:KIND]", 0,
     "A new head; CLASSES is their number, or a file of their names, one per line; KIND is "
     "softmax, "
     "sigmoid or ordinal. NAME:circular adds one for angles",
     0},
    {"drop", KEY_DROP, "NAME", 0, "Leave this head out", 0},
    {"rename", KEY_RENAME, "OLD=NEW", 0, "Call the head OLD by the name NEW", 0},
    {"out", KEY_OUT, "FILE", 0, "The checkpoint to write", 0},
    {0},
};

/* Cuts "NAME:CLASSES" or "OLD=NEW" at `sign`; only --drop has a single part. */
static void add_edit(Arguments *arguments, HeadEditKind kind, char *text, char sign,
                     struct argp_state *state)
{
    char *cut = sign ? strchr(text, sign) : NULL;
    if (arguments->edits == EDITS_MAX) argp_error(state, "more than %d edits", EDITS_MAX);
    if (sign && (!cut || cut == text || !cut[1]))
        argp_error(state, "%s: must be %s, not \"%s\"", kind == HEAD_ADD ? "--add" : "--rename",
                   kind == HEAD_ADD ? "NAME:CLASSES" : "OLD=NEW", text);
    if (cut) *cut = 0;
    arguments->edit[arguments->edits++] = (HeadEdit){kind, text, cut ? cut + 1 : NULL};
}

static const Argument kept[] = {
    KEEP_ONLY(checkpoint, "checkpoint", "no checkpoint given"),
    KEEP_NEEDED(KEY_OUT, out, "--out must be given"),
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    Arguments *arguments = state->input;
    error_t kept_error = arguments_keep(kept, options, key, text, state);
    switch (key) {
    case KEY_ADD:
        add_edit(arguments, HEAD_ADD, text, ':', state);
        return 0;
    case KEY_DROP:
        add_edit(arguments, HEAD_DROP, text, 0, state);
        return 0;
    case KEY_RENAME:
        add_edit(arguments, HEAD_RENAME, text, '=', state);
        return 0;
    case ARGP_KEY_END:
        if (arguments->edits == 0)
            argp_error(state, "nothing to do; give --add, --drop or --rename");
        return 0;
    default:
        return kept_error;
    }
}

static const struct argp argp = {
    options,
    parse,
    "CHECKPOINT",
    "Add, drop and rename heads of a checkpoint, in the order given. What the others answer stays "
    "the "
    "same to the last bit.\v"
    "Example: umbel heads last.h5 --add colour:12 --drop angle --rename type=family --out new.h5",
    NULL,
    NULL,
    NULL};

int cmd_heads(int argc, char **argv)
{
    Arguments arguments = {0};
    cli_parse(&argp, argc, argv, &arguments);
    Error err = {0};
    if (!surgery(arguments.checkpoint, arguments.out, arguments.edit, arguments.edits, &err))
        return cli_fail(&err);
    return EXIT_DONE;
}
