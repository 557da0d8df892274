/* umbel inspect: what is in a pack or a checkpoint, or what augmentation makes of training pictures. */
#include "arguments.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "inspect.h"
#include "io/seal.h"
#include "report/report.h"
#include "train/sheet.h"

#include <argp.h>

enum { SETS_MAX = 256 };
enum { KEY_JSON = 1, KEY_ALL, KEY_HTML, KEY_AUGMENT, KEY_SET };

typedef struct Arguments {
    PackArgument file; /* or packs */
    InspectOptions options;
    const char *html;   /* page about the pack; NULL: none */
    const char *config; /* of which a contact sheet is wanted; NULL: none is */
    const char *out;
    const char *set[SETS_MAX];
    int sets;
} Arguments;

static const struct argp_option options[] = {
    {"json", KEY_JSON, NULL, 0, "As JSON, complete", 0},
    {"all", KEY_ALL, NULL, 0, "Show every class", 0},
    {"html", KEY_HTML, "FILE", 0,
     "Write a page about the pack: label counts, which labels come together, sizes, pictures", 0},
    {"augment", KEY_AUGMENT, "CONFIG", 0,
     "Write a sheet of training pictures as the network sees them with this configuration", 0},
    {"out", 'o', "FILE.png", 0, "The sheet (default: augment.png)", 0},
    {"set", KEY_SET, "KEY=VALUE", 0, "Override a key of that configuration; may be repeated", 0},
    {0},
};

static const Argument kept[] = {
    KEEP_PACKS(ARGP_KEY_ARG, file, NULL),
    KEEP_FLAG(KEY_JSON, options.json),
    KEEP_FLAG(KEY_ALL, options.all),
    KEEP_TEXT(KEY_HTML, html),
    KEEP_TEXT(KEY_AUGMENT, config),
    KEEP_TEXT('o', out),
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    Arguments *arguments = state->input;
    switch (key) {
    case KEY_SET:
        if (arguments->sets == SETS_MAX) argp_error(state, "more than %d --set", SETS_MAX);
        arguments->set[arguments->sets++] = text;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->file.name && !arguments->config) argp_error(state, "no file given");
        if (arguments->file.name && arguments->config)
            argp_error(state, "%s: --augment goes without another file", arguments->file.name);
        if (arguments->html && !arguments->file.name) argp_error(state, "--html: no pack given");
        return 0;
    default:
        return arguments_keep(kept, options, key, text, state);
    }
}

static const struct argp argp = {
    options,
    parse,
    "FILE\nPACK...\nPACK... --html FILE\n--augment CONFIG",
    "Describe a pack, several packs as one or a checkpoint, or show what augmentation makes of "
    "training pictures: the first column is what evaluation sees, the "
    "others are epochs.\v"
    "Example: umbel inspect parts.h5",
    NULL,
    NULL,
    NULL};

static bool write_sheet(const Arguments *arguments, Error *err)
{
    Arena *arena = arena_create("sheet");
    Config config;
    bool ok =
        config_load(&config, arena, arguments->config, arguments->set, arguments->sets, err) &&
        sheet_write(&config, arguments->out, arena, err);
    arena_destroy(arena);
    return ok;
}

static bool write_page(const Arguments *arguments, Error *err)
{
    Arena *arena = arena_create("page");
    bool ok = report_pack(arguments->file.name, arguments->html, arena, err);
    arena_destroy(arena);
    return ok;
}

/* Several files can only be packs. */
static bool find_kind(const char *name, SealKind *kind, Error *err)
{
    Arena *arena = arena_create("names of packs");
    PackNames names;
    *kind = SEAL_PACK;
    bool ok = pack_names_expand(&names, name, arena, err) &&
              (names.files > 1 || seal_kind(names.file[0], kind, err));
    arena_destroy(arena);
    return ok;
}

static bool describe(const Arguments *arguments, Error *err)
{
    SealKind kind;
    if (!find_kind(arguments->file.name, &kind, err)) return false;
    if (arguments->html && kind != SEAL_PACK)
        return error_set(err, ERROR_USAGE,
                         "--html: %s is a checkpoint; for its run's page there is umbel report",
                         arguments->file.name);
    return arguments->html
               ? write_page(arguments, err)
               : (kind == SEAL_PACK
                      ? inspect_pack(arguments->file.name, &arguments->options, err)
                      : inspect_checkpoint(arguments->file.name, &arguments->options, err));
}

int cmd_inspect(int argc, char **argv)
{
    Arguments arguments = {.out = "augment.png"};
    cli_parse(&argp, argc, argv, &arguments);
    Error err = {0};
    bool ok = arguments.config ? write_sheet(&arguments, &err) : describe(&arguments, &err);
    return ok ? EXIT_DONE : cli_fail(&err);
}
