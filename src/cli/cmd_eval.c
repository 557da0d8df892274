/* umbel eval: a checkpoint scored on a split of a pack. */
#include "base/log.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "eval_report.h"
#include "io/file.h"
#include "metrics/bootstrap.h"
#include "train/evaluate.h"
#include "train/saved_model.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_PACK = 1,
    KEY_SPLIT,
    KEY_JSON,
    KEY_WORKERS,
    KEY_PER_CLASS,
    KEY_CONFUSION,
    KEY_PREDICTIONS,
    KEY_ALL,
    KEY_BOOTSTRAP
};

typedef struct Arguments {
    const char *checkpoint, *pack, *json;
    const char *split;
    const char *confusion, *predictions; /* NULL: not wanted */
    bool per_class, all;
    int resamples; /* 0: no bootstrap */
    int workers;   /* 0: the cores this rank may use */
} Arguments;

static const struct argp_option options[] = {
    {"pack", KEY_PACK, "PACK", 0, "The pack to score on; default: the one it was trained on", 0},
    {"split", KEY_SPLIT, "SPLIT", 0, "train, val or test (default: test)", 0},
    {"json", KEY_JSON, "FILE", 0,
     "Also write the scores as JSON; - for standard output instead of the table", 0},
    {"per-class", KEY_PER_CLASS, 0, 0, "Also a table of the classes of each head", 0},
    {"confusion", KEY_CONFUSION, "HEAD", 0,
     "Also the confusion matrix of a softmax or ordinal head", 0},
    {"predictions", KEY_PREDICTIONS, "FILE", 0,
     "Write the prediction of each image, as CSV or JSON lines: FILE ends in .csv or .jsonl", 0},
    {"all", KEY_ALL, 0, 0, "With --predictions: the probabilities of all classes", 0},
    {"bootstrap", KEY_BOOTSTRAP, "N", 0,
     "With --json: intervals of 95 % for all figures, from N resamples of the images, such as 1000",
     0},
    {"workers", KEY_WORKERS, "N", 0, "Threads per rank (default: the cores the rank may use)", 0},
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    Arguments *arguments = state->input;
    char *end;
    long number;
    switch (key) {
    case KEY_PACK:
        arguments->pack = text;
        return 0;
    case KEY_SPLIT:
        arguments->split = text;
        return 0;
    case KEY_JSON:
        arguments->json = text;
        return 0;
    case KEY_WORKERS:
        arguments->workers = (int)strtol(text, &end, 10);
        if (end == text || *end || arguments->workers < 1)
            argp_error(state, "--workers: must be 1 or more, not \"%s\"", text);
        return 0;
    case KEY_PER_CLASS:
        arguments->per_class = true;
        return 0;
    case KEY_CONFUSION:
        arguments->confusion = text;
        return 0;
    case KEY_PREDICTIONS:
        arguments->predictions = text;
        return 0;
    case KEY_ALL:
        arguments->all = true;
        return 0;
    case KEY_BOOTSTRAP:
        number = strtol(text, &end, 10);
        if (end == text || *end || number < 1 || number > RESAMPLES_MAX)
            argp_error(state, "--bootstrap: must be 1 to %d, not \"%s\"", RESAMPLES_MAX, text);
        arguments->resamples = (int)number;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->checkpoint) argp_error(state, "%s: one checkpoint at a time", text);
        arguments->checkpoint = text;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->checkpoint) argp_error(state, "no checkpoint given");
        if (arguments->all && !arguments->predictions)
            argp_error(state, "--all: goes with --predictions FILE");
        if (arguments->resamples && !arguments->json)
            argp_error(state, "--bootstrap: goes with --json FILE");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    options,
    parse,
    "CHECKPOINT",
    "Score a checkpoint on a split of a pack; also under mpirun or srun.\v"
    "Example: umbel eval runs/parts/checkpoint/best-joint --split test",
    NULL,
    NULL,
    NULL};

static bool write_json(const Arguments *arguments, const Report *report, Error *err)
{
    Json *json = json_create();
    json_add_text(json, "split", arguments->split);
    report_json(report, json);
    char *text = json_print(json, true);
    json_destroy(json);
    bool ok = true;
    if (strcmp(arguments->json, "-") == 0)
        puts(text);
    else
        ok = file_write(arguments->json, text, strlen(text), err);
    free(text);
    return ok;
}

static void print_tables(const Arguments *arguments, const Report *report)
{
    printf("%s: %lld images of split %s\n", arguments->pack, (long long)report->images,
           arguments->split);
    eval_print(report);
    if (report->bad)
        printf("%lld images could not be read and are not counted\n", (long long)report->bad);
    if (arguments->per_class) eval_print_classes(report);
    for (int h = 0; arguments->confusion && h < report->heads; h++)
        if (strcmp(report->head[h].head->name, arguments->confusion) == 0)
            eval_print_confusion(&report->head[h]);
}

static bool tell(const Arguments *arguments, const Score *score, const Predictions *predictions,
                 Arena *arena, Error *err)
{
    Report report = report_create(score, predictions, arena);
    if (arguments->resamples &&
        !report_bootstrap(&report, predictions, arguments->resamples, arena, err))
        return false;
    if (!arguments->json || strcmp(arguments->json, "-") != 0) print_tables(arguments, &report);
    return (!arguments->json || write_json(arguments, &report, err)) &&
           (!arguments->predictions || predictions_write(predictions, arguments->predictions, err));
}

/* Whether the head is one whose classes can be confused. */
static bool check_confusion(const Arguments *arguments, const Model *model, Error *err)
{
    const char *name = arguments->confusion;
    for (int h = 0; name && h < model->heads; h++) {
        const ModelHead *head = &model->head[h];
        if (strcmp(head->name, name) != 0) continue;
        if (head->type->measure != MEASURE_CLASS && head->type->measure != MEASURE_RANK)
            return error_set(err, ERROR_USAGE,
                             "--confusion: head \"%s\" is of the kind %s, which has no single "
                             "class to confuse; name a softmax or ordinal head",
                             name, head->type->name);
        return head->classes <= CONFUSION_CLASSES_MAX ||
               error_set(err, ERROR_USAGE,
                         "--confusion: head \"%s\" has %d classes, more than %d; take them from "
                         "--predictions",
                         name, head->classes, CONFUSION_CLASSES_MAX);
    }
    return !name || error_set(err, ERROR_USAGE, "--confusion: %s has no head \"%s\"",
                              arguments->checkpoint, name);
}

static bool evaluate_model(Arguments *arguments, SavedModel *model, Split split, Arena *arena,
                           Error *err)
{
    Comm *comm = model->engine.comm;
    size_t images;
    pack_split(model->pack, split, &images);
    arguments->pack = pack_path(model->pack);
    if (images == 0)
        return error_set(err, ERROR_DATA, "%s: has no images in split %s", arguments->pack,
                         arguments->split);
    Predictions predictions;
    if (!check_confusion(arguments, &model->engine.model, err) ||
        !predictions_create(&predictions, &model->engine, split, arguments->all, arena, err))
        return false;
    Evaluator *evaluator = evaluator_create(&model->engine, arena);
    evaluator_keep(evaluator, &predictions);
    const Score *score = evaluate(evaluator, split, "evaluating");
    if (score && comm_rank(comm) == 0) tell(arguments, score, &predictions, arena, err);
    return comm_agree(comm, err);
}

static bool evaluate_checkpoint(Arguments *arguments, Comm *comm, Arena *arena, Error *err)
{
    Split split;
    if (!split_parse(arguments->split, &split))
        return error_set(err, ERROR_USAGE, "--split: must be train, val or test, not \"%s\"",
                         arguments->split);
    if (arguments->predictions && !predictions_check_path(arguments->predictions, err))
        return false;
    SavedModel model;
    if (!saved_model_open(&model, arguments->checkpoint, arguments->pack, arguments->workers, comm,
                          arena, err))
        return false;
    bool ok = evaluate_model(arguments, &model, split, arena, err);
    saved_model_close(&model);
    return ok;
}

int cmd_eval(int argc, char **argv)
{
    Arguments arguments = {.split = "test"};
    cli_parse(&argp, argc, argv, &arguments);
    Comm *comm = comm_open(&argc, &argv);
    Arena *arena = arena_create("evaluation");
    Error err = {0};
    int code = evaluate_checkpoint(&arguments, comm, arena, &err) ? EXIT_DONE : cli_fail(&err);
    arena_destroy(arena);
    comm_close(comm);
    return code;
}
