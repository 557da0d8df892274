/* umbel lint: what is wrong with the images and labels of a pack. */
#include "arguments.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "frame.h"
#include "io/json.h"
#include "lint/lint.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEY_JSON = 1, KEY_DISTANCE, KEY_TINY, KEY_IMBALANCE, KEY_EXAMPLES };

typedef struct Arguments {
    PackArgument pack;
    bool json;
    LintOptions options;
} Arguments;

static const struct argp_option options[] = {
    {"json", KEY_JSON, NULL, 0, "As JSON", 0},
    {"distance", KEY_DISTANCE, "BITS", 0,
     "Perceptual hashes of 63 bits that differ in so many are of near duplicates: 0 to 16 "
     "(default: 4)",
     0},
    {"tiny", KEY_TINY, "N", 0, "Tell of images with a side of less than N pixels (default: 16)", 0},
    {"imbalance", KEY_IMBALANCE, "N", 0,
     "Tell of classes with N times as few training images as the most frequent (default: 100)", 0},
    {"examples", KEY_EXAMPLES, "N", 0, "Name so many of what is found (default: 3)", 0},
    {0},
};

enum { MANY = 1 << 30 };

static const Argument kept[] = {
    KEEP_PACKS(ARGP_KEY_ARG, pack, "no pack given"),
    KEEP_FLAG(KEY_JSON, json),
    KEEP_INT(KEY_DISTANCE, options.distance, 0, LINT_DISTANCE_MAX),
    KEEP_INT(KEY_TINY, options.tiny, 0, MANY),
    KEEP_INT(KEY_IMBALANCE, options.imbalance, 2, MANY),
    KEEP_INT(KEY_EXAMPLES, options.examples, 0, MANY),
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
    "Decode every image of a pack, or of several as one, and tell what is wrong: images that are "
    "damaged, blank, tiny, "
    "grey "
    "among coloured ones, turned by EXIF; duplicates and near duplicates, with different labels or "
    "in more than one split; groups in more than one split; classes that are absent from training "
    "or very rare. The exit code is 3 if there are problems; notes alone are none.\v"
    "Example: umbel lint parts.h5",
    NULL,
    NULL,
    NULL};

static void print_finding(const LintFinding *finding)
{
    printf("%s: %s: %s", lint_severity_name(finding->severity), finding->check, finding->text);
    for (size_t i = 0; i < finding->examples; i++)
        printf("%s%s", i ? "; " : ": ", finding->example[i]);
    if (finding->examples > 0 && finding->examples < finding->count)
        printf("; and %zu more", finding->count - finding->examples);
    printf("\n");
}

static void print(const Pack *pack, const LintFindings *findings)
{
    for (const LintFinding *f = findings->first; f; f = f->next) print_finding(f);
    printf("%s: %zu images, %d problem%s, %d note%s\n", pack_path(pack), pack_records(pack),
           findings->problems, findings->problems == 1 ? "" : "s", findings->notes,
           findings->notes == 1 ? "" : "s");
}

static void print_json(const Pack *pack, const LintFindings *findings)
{
    Json *json = json_create();
    json_add_text(json, "pack", pack_path(pack));
    json_add_integer(json, "images", (int64_t)pack_records(pack));
    json_add_integer(json, "problems", findings->problems);
    json_add_integer(json, "notes", findings->notes);
    json_begin_array(json, "findings");
    for (const LintFinding *f = findings->first; f; f = f->next) {
        json_begin(json, NULL);
        json_add_text(json, "check", f->check);
        json_add_text(json, "severity", lint_severity_name(f->severity));
        json_add_integer(json, "count", (int64_t)f->count);
        json_add_text(json, "text", f->text);
        json_begin_array(json, "examples");
        for (size_t i = 0; i < f->examples; i++) json_add_text(json, NULL, f->example[i]);
        json_end(json);
        json_end(json);
    }
    json_end(json);
    put_json(json);
}

int cmd_lint(int argc, char **argv)
{
    Arguments arguments = {.options = {.distance = 4, .tiny = 16, .imbalance = 100, .examples = 3}};
    cli_parse(&argp, argc, argv, &arguments);
    Error err = {0};
    Pack *pack = pack_open(arguments.pack.name, &err);
    if (!pack) return cli_fail(&err);
    LintFindings findings = {.options = &arguments.options, .arena = arena_create("findings")};
    lint_pack(pack, &findings);
    if (arguments.json)
        print_json(pack, &findings);
    else
        print(pack, &findings);
    int code = findings.problems > 0 ? EXIT_DATA : EXIT_DONE;
    arena_destroy(findings.arena);
    pack_close(pack);
    return code;
}
