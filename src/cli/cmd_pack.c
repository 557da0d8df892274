/* umbel pack */
#include "arguments.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/stop.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "data/image.h"
#include "pack_input.h"
#include "pack_summary.h"

#include <argp.h>
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
    KEY_ALLOW_UNSEEN,
    KEY_MERGE,
    KEY_ADD_TO,
    KEY_TAR,
    KEY_LIST,
    KEY_SHARDS,
    KEY_JSON
};

typedef struct Arguments {
    PackInput input;
    const char *split;
    bool json;
    PackOptions options;
} Arguments;

static const struct argp_option options[] = {
    {"manifest", KEY_MANIFEST, "FILE.csv", 0,
     "Columns: path, one per label group, optional split; an empty cell is a missing label; - is "
     "standard input",
     0},
    {"list", KEY_LIST, "FILE", 0,
     "Paths of images, one a line, with labels by --levels or --pattern as of an image folder; - "
     "is "
     "standard input",
     0},
    {"root", KEY_ROOT, "DIR", 0,
     "Folder that the paths of a manifest or list are relative to (default: .)", 0},
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
    {"tar", KEY_TAR, NULL, 0,
     "Of tar files in the layout of WebDataset: key.jpg beside key.json, key.cls; --labels names "
     "members of "
     "key.json, or endings (default: cls)",
     0},
    {"keep-going", KEY_KEEP_GOING, NULL, 0,
     "Leave out files that cannot be packed; PACK.h5.rejected.csv lists them with reasons", 0},
    {"allow-unseen", KEY_ALLOW_UNSEEN, NULL, 0,
     "Allow classes that occur in val or test but never in train", 0},
    {"merge", KEY_MERGE, NULL, 0,
     "Put packs together: their images one after the other, with the label groups of all", 0},
    {"add-to", KEY_ADD_TO, "PACK.h5", 0,
     "Add images and labels to this pack; a row of the manifest whose path the pack has only "
     "brings "
     "labels, of new groups too",
     0},
    {"out", KEY_OUT, "PACK.h5", 0, "The pack to write (default with --add-to: the same)", 0},
    {"shards", KEY_SHARDS, "N", 0,
     "Write N packs PACK-00001-of-0000N.h5 ..., each by one rank: rows of the images, to be read "
     "as "
     "one under the name 'PACK-*.h5'",
     0},
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
    {"json", KEY_JSON, NULL, 0, "Print what the pack holds as JSON", 0},
    {0},
};

/* What is added to is also what is written, if nothing else is named. */
static void check_add_to(const Arguments *arguments, struct argp_state *state)
{
    const char *pack = arguments->input.add_to;
    if (!pack || arguments->options.out != pack) return;
    if (arguments->options.shards > 0)
        argp_error(state, "--shards: name the packs that are to be written by --out");
    if (!pack_name_is_file(pack))
        argp_error(state,
                   "--add-to: %s is not one file; name the pack that is to be written by --out",
                   pack);
}

static void check_merge(const Arguments *arguments, struct argp_state *state)
{
    if (arguments->input.names == 0) argp_error(state, "--merge: no packs given");
    if (arguments->input.manifest || arguments->input.list || arguments->input.levels ||
        arguments->input.pattern || arguments->input.labels || arguments->input.keep_together ||
        arguments->input.add_to)
        argp_error(state, "--merge takes packs as they are; only splits and encoding can change");
    if (!arguments->options.out) argp_error(state, "--out must be given");
}

static void check_tar(const Arguments *arguments, struct argp_state *state)
{
    if (arguments->input.names == 0) argp_error(state, "--tar: no tar files given");
    if (arguments->input.manifest || arguments->input.list || arguments->input.levels ||
        arguments->input.pattern)
        argp_error(state, "--tar: labels stand in the tar files; choose them by --labels");
}

static void check(const Arguments *arguments, struct argp_state *state)
{
    if (arguments->input.merge) {
        check_merge(arguments, state);
        return;
    }
    if (!arguments->options.out) argp_error(state, "--out must be given");
    check_add_to(arguments, state);
    if (arguments->input.tar) {
        check_tar(arguments, state);
        return;
    }
    if (arguments->input.names > 1)
        argp_error(state, "%s: a second folder", arguments->input.name[1]);
    if (!!arguments->input.manifest + !!arguments->input.folder + !!arguments->input.list != 1)
        argp_error(state, "give either an image folder, --list or --manifest");
    if (!arguments->input.manifest && !arguments->input.levels == !arguments->input.pattern)
        argp_error(state, "an image folder needs either --levels or --pattern");
    if (arguments->input.manifest && (arguments->input.levels || arguments->input.pattern))
        argp_error(state, "--levels and --pattern are for image folders; a manifest has columns");
    if (!arguments->input.manifest && arguments->input.keep_together)
        argp_error(state, "--group names a column of a manifest");
    if (!arguments->input.manifest && arguments->input.labels)
        argp_error(state, "--labels names columns of a manifest; name folder levels by --levels");
}

/* Either option asks for re-encoding; without --max-side every size is small enough. */
static void choose_encoding(PackOptions *pack)
{
    if (pack->quality > 0 && pack->max_side == 0) pack->max_side = IMAGE_SIDE_MAX;
    if (pack->quality == 0) pack->quality = 90;
}

static const Argument kept[] = {
    KEEP_TEXT(KEY_MANIFEST, input.manifest),
    KEEP_TEXT(KEY_LIST, input.list),
    KEEP_TEXT(KEY_ROOT, options.root),
    KEEP_TEXT(KEY_LABELS, input.labels),
    KEEP_TEXT(KEY_LEVELS, input.levels),
    KEEP_TEXT(KEY_OUT, options.out),
    KEEP_TEXT(KEY_SPLIT, split),
    KEEP_TEXT(KEY_PATTERN, input.pattern),
    KEEP_FLAG(KEY_KEEP_GOING, options.keep_going),
    KEEP_FLAG(KEY_ALLOW_UNSEEN, options.allow_unseen),
    KEEP_FLAG(KEY_MERGE, input.merge),
    KEEP_FLAG(KEY_TAR, input.tar),
    KEEP_FLAG(KEY_JSON, json),
    KEEP_TEXT(KEY_ADD_TO, input.add_to),
    KEEP_TEXT(KEY_GROUP, input.keep_together),
    KEEP_INT(KEY_MAX_SIDE, options.max_side, 8, IMAGE_SIDE_MAX),
    KEEP_INT(KEY_QUALITY, options.quality, 1, 100),
    KEEP_INT(KEY_SHARDS, options.shards, 1, SHARDS_MAX),
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    Arguments *arguments = state->input;
    switch (key) {
    case KEY_SEED:
        arguments->options.seed = (uint64_t)cli_number(state, "--seed", text, 0, 1L << 62);
        return 0;
    case ARGP_KEY_ARG:
        arguments->input.name[arguments->input.names++] = text;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->input.merge && !arguments->input.tar && arguments->input.names > 0)
            arguments->input.folder = arguments->input.name[0];
        if (!arguments->options.out) arguments->options.out = arguments->input.add_to;
        check(arguments, state);
        choose_encoding(&arguments->options);
        return 0;
    default:
        return arguments_keep(kept, options, key, text, state);
    }
}

static const struct argp argp = {
    options,
    parse,
    "[DIR]\n--tar SHARD.tar...\n--merge PACK.h5...",
    "Make a data pack from image files and labels, or from other packs; also under mpirun.\v"
    "Examples:\n"
    "  umbel pack --manifest parts.csv --root images --split train=0.8,val=0.1,test=0.1 --out "
    "parts.h5\n"
    "  umbel pack images --levels type,part --out parts.h5\n"
    "  umbel pack images --pattern '{type}/{part}_{angle}.jpg' --out parts.h5\n"
    "  umbel pack --tar train-*.tar --labels type,part --out parts.h5\n"
    "  umbel pack --merge old.h5 new.h5 --out both.h5\n"
    "  mpirun -n 4 umbel pack images --levels type,part --shards 8 --out parts.h5\n"
    "  umbel pack --manifest seasons.csv --labels season --add-to parts.h5",
    NULL,
    NULL,
    NULL};

/* Also proves that it can be read. */
static Pack *open_written(const PackOptions *wanted, Error *err)
{
    if (wanted->shards == 0) return pack_open(wanted->out, err);
    Arena *arena = arena_create("shards");
    PackNames names = {arena_new(arena, const char *, wanted->shards), wanted->shards};
    for (int s = 0; s < wanted->shards; s++)
        names.file[s] = pack_shard_path(wanted->out, s, wanted->shards, arena);
    Pack *pack =
        pack_open_files(pack_shard_pattern(wanted->out, wanted->shards, arena), &names, NULL, err);
    arena_destroy(arena);
    return pack;
}

static void tell(const Arguments *arguments, const Pack *written, const Listing *listing)
{
    if (arguments->json)
        pack_summary_print_json(written, listing, arguments->options.out);
    else if (!log_is_terse())
        pack_summary_print(written, listing, arguments->options.out);
}

static bool pack(Arguments *arguments, Comm *comm, Error *err)
{
    Listing listing = {0};
    if (arguments->input.folder) arguments->options.root = arguments->input.folder;
    if (arguments->split) split_shares_parse(&arguments->options.shares, arguments->split, err);
    if (err->kind == ERROR_NONE)
        pack_input_read(&listing, &arguments->input, &arguments->options, comm, err);
    bool ok = comm_agree(comm, err) && pack_write(&listing, &arguments->options, comm, err);
    if (ok && comm_rank(comm) == 0) {
        Pack *written = open_written(&arguments->options, err);
        if (written) tell(arguments, written, &listing);
        pack_close(written);
    }
    listing_free(&listing);
    return comm_agree(comm, err) && ok;
}

int cmd_pack(int argc, char **argv)
{
    Arguments arguments = {.options = {.root = ".", .seed = 1},
                           .input.name = calloc((size_t)argc, sizeof(char *))};
    if (!arguments.input.name) die("no memory for %d arguments", argc);
    cli_parse(&argp, argc, argv, &arguments);
    Comm *comm = comm_open(&argc, &argv);
    stop_install();
    Error err = {0};
    int code = pack(&arguments, comm, &err) ? EXIT_DONE : cli_fail(&err);
    comm_close(comm);
    free(arguments.input.name);
    return code;
}
