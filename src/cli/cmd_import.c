/* umbel import: a network of another program as a checkpoint. */
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

static void check(const ImportOptions *given, struct argp_state *state)
{
    if (!given->path) argp_error(state, "no safetensors file given");
    if (!given->kind) argp_error(state, "--trunk must be given, such as --trunk resnet50");
    if (!given->out) argp_error(state, "--out must be given");
    if (!is_group_name(given->head))
        argp_error(state, "--head: \"%s\" cannot name a head", given->head);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    Arguments *arguments = state->input;
    ImportOptions *given = &arguments->options;
    switch (key) {
    case KEY_TRUNK:
        given->kind = text;
        return 0;
    case KEY_OUT:
        given->out = text;
        return 0;
    case KEY_HEAD:
        given->head = text;
        return 0;
    case KEY_CLASSES:
        given->classes = text;
        return 0;
    case KEY_SET:
        if (given->sets == SETS_MAX) argp_error(state, "more than %d --set", SETS_MAX);
        arguments->set[given->sets++] = text;
        return 0;
    case KEY_ALLOW_UNUSED:
        given->allow_unused = true;
        return 0;
    case ARGP_KEY_ARG:
        if (given->path) argp_error(state, "%s: one file at a time", text);
        given->path = text;
        return 0;
    case ARGP_KEY_END:
        check(given, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
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

int cmd_import(int argc, char **argv)
{
    Arguments arguments = {.options = {.head = "class"}};
    arguments.options.set = arguments.set;
    cli_parse(&argp, argc, argv, &arguments);
    ImportReport report;
    Error err = {0};
    if (!import_weights(&arguments.options, &report, &err)) return cli_fail(&err);
    printf("%s: %s at %d x %d pixels, %zu parameters, by names of %s", arguments.options.out,
           arguments.options.kind, report.image, report.image, report.parameters, report.scheme);
    if (report.classes)
        printf("; head %s of %d classes\n", arguments.options.head, report.classes);
    else
        printf("; no classifier\n");
    return EXIT_DONE;
}
