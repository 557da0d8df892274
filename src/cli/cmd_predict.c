/* umbel predict: what a checkpoint says of image files, or of a split of a pack. */
#include "arguments.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/stop.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "predict/features.h"
#include "print.h"
#include "train/provenance.h"

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_PACK = 1,
    KEY_SPLIT,
    KEY_TOP,
    KEY_FORMAT,
    KEY_FEATURES,
    KEY_BATCH,
    KEY_FLIP,
    KEY_WORKERS
};

typedef struct Arguments {
    const char *checkpoint, *features;
    PackArgument pack;
    Split split; /* SPLIT_COUNT: not given */
    const PrintFormat *format;
    const char **image; /* (images) */
    size_t images;
    int top;     /* 0: what is predicted */
    int batch;   /* 0: as many as the lane that it was trained with */
    int workers; /* 0: the cores this rank may use */
    bool flip;
} Arguments;

static const struct argp_option options[] = {
    {"pack", KEY_PACK, "PACK", 0, "Take the images of a pack in place of files; may be repeated",
     0},
    {"split", KEY_SPLIT, "SPLIT", 0, "Of the pack: train, val or test (default: test)", 0},
    {"top", KEY_TOP, "K", 0,
     "The K most probable classes of each head (default: the predicted one; of a sigmoid head all "
     "that hold)",
     0},
    {"format", KEY_FORMAT, "FORMAT", 0, "table (default), csv or jsonl", 0},
    {"features", KEY_FEATURES, "FILE", 0,
     "Also write what the heads read, a row per image, as FILE.h5 or FILE.npy", 0},
    {"batch", KEY_BATCH, "N", 0,
     "Images that are computed together, at most those of a lane in training, which is the "
     "default",
     0},
    {"flip", KEY_FLIP, NULL, 0, "Take the mean over each image and its mirror image", 0},
    {"workers", KEY_WORKERS, "N", 0, "Threads per rank (default: the cores the rank may use)", 0},
    {0},
};

static void add_name(Arguments *arguments, char *text)
{
    if (!arguments->checkpoint)
        arguments->checkpoint = text;
    else
        arguments->image[arguments->images++] = text;
}

static void check(const Arguments *arguments, struct argp_state *state)
{
    if (!arguments->checkpoint) argp_error(state, "no checkpoint given");
    if (arguments->pack.name && arguments->images > 0)
        argp_error(state, "--pack: takes the place of files; leave \"%s\" out",
                   arguments->image[0]);
    if (!arguments->pack.name && arguments->images == 0)
        argp_error(state, "no images given; name files or folders, - for a list of them on "
                          "standard input, or a pack with --pack");
    if (!arguments->pack.name && arguments->split != SPLIT_COUNT)
        argp_error(state, "--split: is of a --pack");
}

static const Argument kept[] = {
    KEEP_PACKS(KEY_PACK, pack, NULL),
    KEEP_SPLIT(KEY_SPLIT, split),
    KEEP_TEXT(KEY_FEATURES, features),
    KEEP_FLAG(KEY_FLIP, flip),
    KEEP_INT(KEY_TOP, top, 1, UMBEL_BATCH_MAX),
    KEEP_INT(KEY_BATCH, batch, 1, UMBEL_BATCH_MAX),
    KEEP_INT(KEY_WORKERS, workers, 1, WORKERS_MAX),
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    Arguments *arguments = state->input;
    switch (key) {
    case KEY_FORMAT:
        arguments->format = print_format_find(text);
        if (!arguments->format)
            argp_error(state, "--format: must be table, csv or jsonl, not \"%s\"", text);
        return 0;
    case ARGP_KEY_ARG:
        add_name(arguments, text);
        return 0;
    case ARGP_KEY_END:
        check(arguments, state);
        return 0;
    default:
        return arguments_keep(kept, options, key, text, state);
    }
}

static const struct argp argp = {
    options,
    parse,
    "CHECKPOINT [IMAGE|FOLDER|PATTERN|-]...",
    "Tell what each head sees in images, one line per image in the order given; also under mpirun "
    "or srun. - reads names from standard input, one per line.\v"
    "Example: umbel predict runs/parts/checkpoint/best-joint photos --format csv >parts.csv",
    NULL,
    NULL,
    NULL};

/* --- where predictions go: on rank 0 --- */

typedef struct Output {
    Printer printer;
    FeatureFile *features; /* NULL: are not wanted */
} Output;

static bool put_row(void *context, const PredictRow *row, Error *err)
{
    Output *output = context;
    output->printer.format->row(&output->printer, row);
    if (row->problem) log_warning("%s: %s", row->name, row->problem);
    return !output->features || feature_file_add(output->features, row->name, row->features, err);
}

/* Whole lines, round by round: who reads them sees them soon, and a full disk or a reader that has gone is noticed. */
static bool flush(void *context, Error *err)
{
    Output *output = context;
    if (fflush(output->printer.out) == 0 && !ferror(output->printer.out)) return true;
    return error_set(err, ERROR_SYSTEM, "cannot write predictions to standard output: %s",
                     strerror(errno));
}

/* --- the command --- */

static bool open_source(const Arguments *arguments, Pack **pack, Source *source, Error *err)
{
    if (!arguments->pack.name) {
        *source = source_files(arguments->image, arguments->images);
        return true;
    }
    if (!(*pack = pack_open(arguments->pack.name, err))) return false;
    *source = source_pack(*pack, arguments->split == SPLIT_COUNT ? SPLIT_TEST : arguments->split);
    return true;
}

static UmbelModel *load_model(const char *path, Error *err)
{
    UmbelError error;
    UmbelModel *model = umbel_load(path, &error);
    if (!model)
        error_set(err, error.kind == UMBEL_ERROR_SYSTEM ? ERROR_SYSTEM : ERROR_DATA, "%s",
                  error.text);
    return model;
}

static bool open_output(Output *output, const Arguments *arguments, const UmbelModel *model,
                        Error *err)
{
    if (arguments->features)
        output->features =
            feature_file_create(arguments->features, umbel_feature_count(model), err);
    if (err->kind != ERROR_NONE) return false;
    output->printer = print_begin(arguments->format, model, arguments->top, stdout);
    return true;
}

static bool run(const Arguments *arguments, const UmbelModel *model, Source source, Comm *comm,
                PredictCounts *counts, Error *err)
{
    Output output = {0};
    PredictOptions predict = {
        .comm = comm,
        .model = model,
        .source = source,
        .sink = {&output, put_row, flush},
        .workers = arguments->workers > 0 ? arguments->workers : pool_cores(),
        .batch = umbel_lane(model),
        .flip = arguments->flip,
        .features = arguments->features != NULL,
    };
    if (arguments->batch > 0 && arguments->batch < predict.batch) predict.batch = arguments->batch;
    if (comm_rank(comm) == 0) open_output(&output, arguments, model, err);
    bool ok = comm_agree(comm, err) && predict_run(&predict, counts, err);
    if (comm_rank(comm) == 0 && ok) flush(&output, err);
    if (comm_rank(comm) == 0)
        feature_file_close(output.features, err->kind == ERROR_NONE && !counts->stopped, err);
    print_end(&output.printer);
    return comm_agree(comm, err);
}

/* How it ended, on rank 0 in one line if it did not end well. */
static int conclude(const PredictCounts *counts)
{
    Error err = {0};
    if (counts->stopped)
        error_set(&err, ERROR_DATA,
                  "stopped by %s after %zu images; each has a whole line, and there is no file of "
                  "features",
                  stop_reason() ? stop_reason() : "another rank", counts->images);
    else if (counts->bad)
        error_set(&err, ERROR_DATA, "%zu of %zu images could not be read", counts->bad,
                  counts->images);
    else
        return EXIT_DONE;
    int code = cli_fail(&err);
    return counts->stopped ? EXIT_STOPPED : code;
}

static int predict(const Arguments *arguments, Comm *comm, Arena *arena)
{
    Error err = {0};
    Pack *pack = NULL;
    Source source = {0};
    PredictCounts counts = {0};
    UmbelModel *model = load_model(arguments->checkpoint, &err);
    if (model) open_source(arguments, &pack, &source, &err);
    bool ok = comm_agree(comm, &err) && provenance_agree(comm, provenance_text(arena), &err) &&
              run(arguments, model, source, comm, &counts, &err);
    if (source.close) source.close(source.state);
    pack_close(pack);
    umbel_free(model);
    return ok ? conclude(&counts) : cli_fail(&err);
}

int cmd_predict(int argc, char **argv)
{
    Arena *arena = arena_create("prediction");
    Arguments arguments = {.format = print_format_find("table"), .split = SPLIT_COUNT};
    arguments.image = arena_new(arena, const char *, argc);
    cli_parse(&argp, argc, argv, &arguments);
    Comm *comm = comm_open(&argc, &argv);
    stop_install();
    signal(SIGPIPE, SIG_IGN); /* a reader that has gone is an error of writing */
    int code = predict(&arguments, comm, arena);
    arena_destroy(arena);
    comm_close(comm);
    return code;
}
