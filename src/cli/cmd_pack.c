/* umbel pack */
#include "cli/commands.h"
#include "cli/fail.h"
#include "data/image.h"
#include "data/pack_write.h"

#include <argp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    KEY_MANIFEST = 1,
    KEY_ROOT,
    KEY_OUT,
    KEY_LEVELS,
    KEY_LABELS,
    KEY_SPLIT,
    KEY_SEED,
    KEY_GROUP,
    KEY_MAX_SIDE,
    KEY_QUALITY,
    KEY_PATTERN,
    KEY_KEEP_GOING,
    KEY_ALLOW_UNSEEN
};

typedef struct Arguments {
    const char *folder, *manifest, *levels, *pattern, *labels, *keep_together, *split;
    PackOptions options;
} Arguments;

static const struct argp_option options[] = {
    {"manifest", KEY_MANIFEST, "FILE.csv", 0,
     "Columns: path, one per label group, optional split; an empty cell is a missing label", 0},
    {"root", KEY_ROOT, "DIR", 0, "Folder that the manifest's paths are relative to (default: .)",
     0},
    {"labels", KEY_LABELS, "A,B:multi,C:value", 0,
     "Only these columns of the manifest are label groups: one class, with :multi any number of "
     "classes as in a;b;c, with :value a number",
     0},
    {"levels", KEY_LEVELS, "A,B", 0,
     "Of an image folder: the label groups that its folder levels name; kinds as in --labels", 0},
    {"pattern", KEY_PATTERN, "PATTERN", 0,
     "Of an image folder: labels in paths, such as {type}/{part}_{angle:value}.jpg; {split} is "
     "the split, * anything but a slash, ** anything",
     0},
    {"keep-going", KEY_KEEP_GOING, NULL, 0,
     "Leave out files that cannot be packed; PACK.h5.rejected.csv lists them with reasons", 0},
    {"allow-unseen", KEY_ALLOW_UNSEEN, NULL, 0,
     "Allow classes that occur in val or test but never in train", 0},
    {"out", KEY_OUT, "PACK.h5", 0, "The pack to write", 0},
    {"split", KEY_SPLIT, "SHARES", 0,
     "Split anew, such as train=0.8,val=0.1,test=0.1, stratified over all label groups together",
     0},
    {"seed", KEY_SEED, "N", 0, "Of the split (default: 1)", 0},
    {"group", KEY_GROUP, "COLUMN", 0, "Keep images with the same value of this column in one split",
     0},
    {"max-side", KEY_MAX_SIDE, "N", 0,
     "Re-encode as JPEG, at most N pixels on the longer side (default: keep the bytes as they are)",
     0},
    {"quality", KEY_QUALITY, "Q", 0,
     "Re-encode as JPEG of this quality, 1 to 100 (default with --max-side: 90)", 0},
    {0},
};

static long number(struct argp_state *state, const char *name, const char *text, long low,
                   long high)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end || value < low || value > high)
        argp_error(state, "%s: must be an integer from %ld to %ld, not \"%s\"", name, low, high,
                   text);
    return value;
}

static void check(const Arguments *arguments, struct argp_state *state)
{
    if (!arguments->manifest == !arguments->folder)
        argp_error(state, "give either an image folder or --manifest");
    if (arguments->folder && !arguments->levels == !arguments->pattern)
        argp_error(state, "an image folder needs either --levels or --pattern");
    if (arguments->manifest && (arguments->levels || arguments->pattern))
        argp_error(state, "--levels and --pattern are for image folders; a manifest has columns");
    if (!arguments->options.out) argp_error(state, "--out must be given");
    if (arguments->folder && arguments->keep_together)
        argp_error(state, "--group names a column of a manifest");
    if (arguments->folder && arguments->labels)
        argp_error(state, "--labels names columns of a manifest; name folder levels by --levels");
}

/* Either option asks for re-encoding; without --max-side every size is small enough. */
static void choose_encoding(PackOptions *pack)
{
    if (pack->quality > 0 && pack->max_side == 0) pack->max_side = IMAGE_SIDE_MAX;
    if (pack->quality == 0) pack->quality = 90;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    Arguments *arguments = state->input;
    switch (key) {
    case KEY_MANIFEST:
        arguments->manifest = text;
        return 0;
    case KEY_ROOT:
        arguments->options.root = text;
        return 0;
    case KEY_LABELS:
        arguments->labels = text;
        return 0;
    case KEY_LEVELS:
        arguments->levels = text;
        return 0;
    case KEY_OUT:
        arguments->options.out = text;
        return 0;
    case KEY_SPLIT:
        arguments->split = text;
        return 0;
    case KEY_PATTERN:
        arguments->pattern = text;
        return 0;
    case KEY_KEEP_GOING:
        arguments->options.keep_going = true;
        return 0;
    case KEY_ALLOW_UNSEEN:
        arguments->options.allow_unseen = true;
        return 0;
    case KEY_GROUP:
        arguments->keep_together = text;
        return 0;
    case KEY_SEED:
        arguments->options.seed = (uint64_t)number(state, "--seed", text, 0, 1L << 62);
        return 0;
    case KEY_MAX_SIDE:
        arguments->options.max_side = (int)number(state, "--max-side", text, 8, IMAGE_SIDE_MAX);
        return 0;
    case KEY_QUALITY:
        arguments->options.quality = (int)number(state, "--quality", text, 1, 100);
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->folder) argp_error(state, "%s: a second folder", text);
        arguments->folder = text;
        return 0;
    case ARGP_KEY_END:
        check(arguments, state);
        choose_encoding(&arguments->options);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    options,
    parse,
    "[DIR]",
    "Make a data pack from image files and labels; also under mpirun.\v"
    "Examples:\n"
    "  umbel pack --manifest parts.csv --root images --split train=0.8,val=0.1,test=0.1 --out "
    "parts.h5\n"
    "  umbel pack images --levels type,part --out parts.h5\n"
    "  umbel pack images --pattern '{type}/{part}_{angle}.jpg' --out parts.h5",
    NULL,
    NULL,
    NULL};

/* --- summary --- */

static void print_classes(const Pack *pack, const LabelGroup *group, size_t missing)
{
    size_t fewest = SIZE_MAX, most = 0, *count = calloc((size_t)group->classes, sizeof *count);
    int classes;
    for (size_t r = 0; count && r < pack_records(pack); r++) {
        const int32_t *class = label_classes(group, r, &classes);
        for (int k = 0; k < classes; k++) count[class[k]]++;
    }
    for (int k = 0; count && k < group->classes; k++) {
        fewest = count[k] < fewest ? count[k] : fewest;
        most = count[k] > most ? count[k] : most;
    }
    printf("  %-16s %6d classes%s of %zu to %zu images, %zu labels missing\n", group->name,
           group->classes, group->kind == LABEL_MULTI ? ", any number at once," : "", fewest, most,
           missing);
    free(count);
}

static void print_values(const Pack *pack, const LabelGroup *group, size_t missing)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t r = 0; r < pack_records(pack); r++) {
        if (group->value[r] < low) low = group->value[r];
        if (group->value[r] > high) high = group->value[r];
    }
    printf("  %-16s values from %g to %g, %zu labels missing\n", group->name, low, high, missing);
}

static void print_group(const Pack *pack, const LabelGroup *group)
{
    size_t missing = 0;
    for (size_t r = 0; r < pack_records(pack); r++) missing += !label_is_known(group, r);
    if (group->kind == LABEL_VALUE)
        print_values(pack, group, missing);
    else
        print_classes(pack, group, missing);
}

static void print_summary(const Pack *pack, const Listing *listing)
{
    char rejects[4096];
    printf("%s: %zu images", pack_path(pack), pack_records(pack));
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        size_t count;
        pack_split(pack, split, &count);
        printf("%s %zu %s", split ? "," : ":", count, split_name(split));
    }
    printf("\n");
    for (int g = 0; g < pack_groups(pack); g++) print_group(pack, pack_group(pack, g));
    pack_rejects_path(rejects, sizeof rejects, pack_path(pack));
    if (listing->rejects > 0)
        printf("  %zu files rejected; %s lists them\n", listing->rejects, rejects);
}

static bool read_listing(const Arguments *arguments, Listing *listing, Error *err)
{
    if (arguments->manifest)
        return manifest_read(listing, arguments->manifest, arguments->labels,
                             arguments->keep_together, err);
    char of_levels[1024];
    const char *pattern = arguments->pattern;
    if (!pattern) {
        if (!folder_pattern(of_levels, sizeof of_levels, arguments->levels, err)) return false;
        pattern = of_levels;
    }
    return folder_scan(listing, arguments->folder, pattern, arguments->options.keep_going, err);
}

static bool pack(Arguments *arguments, Comm *comm, Error *err)
{
    Listing listing = {0};
    if (arguments->folder) arguments->options.root = arguments->folder;
    if (arguments->split) split_shares_parse(&arguments->options.shares, arguments->split, err);
    if (err->kind == ERROR_NONE) read_listing(arguments, &listing, err);
    bool ok = comm_agree(comm, err) && pack_write(&listing, &arguments->options, comm, err);
    if (ok && comm_rank(comm) == 0) {
        Pack *written =
            pack_open(arguments->options.out, err); /* also proves that it can be read */
        if (written) print_summary(written, &listing);
        pack_close(written);
    }
    listing_free(&listing);
    return comm_agree(comm, err) && ok;
}

int cmd_pack(int argc, char **argv)
{
    Arguments arguments = {.options = {.root = ".", .seed = 1}};
    cli_parse(&argp, argc, argv, &arguments);
    Comm *comm = comm_open(&argc, &argv);
    Error err = {0};
    int code = pack(&arguments, comm, &err) ? EXIT_DONE : cli_fail(&err);
    comm_close(comm);
    return code;
}
