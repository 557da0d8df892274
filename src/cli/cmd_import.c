/* umbel import: a network of another program as a checkpoint. */
#include "arguments.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "data/names.h"
#include "train/import.h"

#include <argp.h>
#include <stdio.h>

enum { SETS_MAX = 256 };
enum { KEY_TRUNK = 1, KEY_OUT, KEY_HEAD, KEY_CLASSES, KEY_SET, KEY_ALLOW_UNUSED };

typedef struct Arguments {
    ImportOptions options;
    const char *set[SETS_MAX];
} Arguments;

static const struct argp_option options[] = {
    {"trunk", KEY_TRUNK, "KIND", 0, "What the network is, such as resnet50", 0},
    {"out", KEY_OUT, "CHECKPOINT", 0, "The checkpoint to write", 0},
    {"head", KEY_HEAD, "NAME", 0, "Name of the classifier's head (default: class)", 0},
    {"classes", KEY_CLASSES, "FILE", 0,
     "Names of its classes, one per line (default: those of the pack it is used on, in its order)",
     0},
    {"set", KEY_SET, "KEY=VALUE", 0,
     "A key of the configuration, such as image=384 or trunk.width=0.75; may be repeated", 0},
    {"allow-unused", KEY_ALLOW_UNUSED, NULL, 0, "Leave out tensors that the trunk has no place for",
     0},
    {0},
};

static const Argument kept[] = {
    KEEP_ONLY(options.path, "file", "no safetensors file given"),
    KEEP_NEEDED(KEY_TRUNK, options.kind, "--trunk must be given, such as --trunk resnet50"),
    KEEP_NEEDED(KEY_OUT, options.out, "--out must be given"),
    KEEP_TEXT(KEY_HEAD, options.head),
    KEEP_TEXT(KEY_CLASSES, options.classes),
    KEEP_FLAG(KEY_ALLOW_UNUSED, options.allow_unused),
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    Arguments *arguments = state->input;
    ImportOptions *given = &arguments->options;
    error_t kept_error = arguments_keep(kept, options, key, text, state);
    switch (key) {
    case KEY_SET:
        if (given->sets == SETS_MAX) argp_error(state, "more than %d --set", SETS_MAX);
        arguments->set[given->sets++] = text;
        return 0;
    case ARGP_KEY_END:
        if (!is_group_name(given->head))
            argp_error(state, "--head: \"%s\" cannot name a head", given->head);
        return 0;
    default:
        return kept_error;
    }
}

static const struct argp argp = {
    options,
    parse,
    "FILE.safetensors",
    "Make a checkpoint of a network that another program trained; names of timm, torchvision, "
    "Hugging Face, Keras and akamaster's CIFAR ResNets are known.\v"
    "Examples:\n"
    "  umbel import resnet50.safetensors --trunk resnet50 --out resnet50.h5\n"
    "  umbel train parts.yaml --set trunk.weights=resnet50.h5",
    NULL,
    NULL,
    NULL};

static void tell(const ImportOptions *given, const ImportReport *report)
{
    printf("%s: %s at %d x %d pixels, %zu parameters, by names of %s", given->out, given->kind,
           report->image, report->image, report->parameters, report->scheme);
    if (report->classes)
        printf("; head %s of %d classes\n", given->head, report->classes);
    else
        printf("; no classifier\n");
}

int cmd_import(int argc, char **argv)
{
    Arguments arguments = {.options = {.head = "class"}};
    arguments.options.set = arguments.set;
    cli_parse(&argp, argc, argv, &arguments);
    ImportReport report;
    Error err = {0};
    if (!import_weights(&arguments.options, &report, &err)) return cli_fail(&err);
    if (!log_is_terse()) tell(&arguments.options, &report);
    return EXIT_DONE;
}
