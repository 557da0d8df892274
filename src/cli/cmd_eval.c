/* umbel eval: a checkpoint scored on a split of a pack. */
#include "arguments.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "eval_report.h"
#include "frame.h"
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
    KEY_BOOTSTRAP,
    KEY_FLIP
};

typedef struct Arguments {
    const char *checkpoint, *json;
    PackArgument given_pack; /* in place of the checkpoint's own */
    const char *pack;        /* the one that is scored on */
    Split split;
    const char *confusion, *predictions; /* NULL: not wanted */
    bool per_class, all, flip;
    int resamples; /* 0: no bootstrap */
    int workers;   /* 0: the cores this rank may use */
} Arguments;

static const struct argp_option options[] = {
    {"pack", KEY_PACK, "PACK", 0,
     "The pack to score on, or several; default: the one it was trained on", 0},
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
    {"flip", KEY_FLIP, 0, 0,
     "Score the mean over each image and its mirror image; losses are of the images themselves", 0},
    {"workers", KEY_WORKERS, "N", 0, "Threads per rank (default: the cores the rank may use)", 0},
    {0},
};

static const Argument kept[] = {
    KEEP_ONLY(checkpoint, "checkpoint", "no checkpoint given"),
    KEEP_PACKS(KEY_PACK, given_pack, NULL),
    KEEP_SPLIT(KEY_SPLIT, split),
    KEEP_TEXT(KEY_JSON, json),
    KEEP_INT(KEY_WORKERS, workers, 1, WORKERS_MAX),
    KEEP_FLAG(KEY_PER_CLASS, per_class),
    KEEP_TEXT(KEY_CONFUSION, confusion),
    KEEP_TEXT(KEY_PREDICTIONS, predictions),
    KEEP_FLAG(KEY_ALL, all),
    KEEP_FLAG(KEY_FLIP, flip),
    KEEP_INT(KEY_BOOTSTRAP, resamples, 1, RESAMPLES_MAX),
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    const Arguments *arguments = state->input;
    error_t kept_error = arguments_keep(kept, options, key, text, state);
    if (key != ARGP_KEY_END) return kept_error;
    if (arguments->all && !arguments->predictions)
        argp_error(state, "--all: goes with --predictions FILE");
    if (arguments->resamples && !arguments->json)
        argp_error(state, "--bootstrap: goes with --json FILE");
    return 0;
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
    json_add_text(json, "split", split_name(arguments->split));
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
           split_name(arguments->split));
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

static bool flip(Evaluator *evaluator, const SavedModel *model, Arena *arena, Error *err)
{
    int workers = pool_workers(model->engine.pool);
    Mirror *mirror = arena_new(arena, Mirror, workers);
    for (int w = 0; w < workers; w++)
        if (!mirror_create(&mirror[w], &model->engine.model, &model->config, model->checkpoint.head,
                           arena, err))
            return false;
    evaluator_flip(evaluator, mirror, arena);
    return true;
}

static bool evaluate_model(Arguments *arguments, SavedModel *model, Arena *arena, Error *err)
{
    Comm *comm = model->engine.comm;
    Split split = arguments->split;
    size_t images;
    pack_split(model->pack, split, &images);
    arguments->pack = pack_path(model->pack);
    if (images == 0)
        return error_set(err, ERROR_DATA, "%s: has no images in split %s", arguments->pack,
                         split_name(split));
    PredictionsKeep keep = arguments->all ? PREDICTIONS_WHOLE : PREDICTIONS_FIGURES;
    Predictions predictions;
    if (!check_confusion(arguments, &model->engine.model, err) ||
        !predictions_create(&predictions, &model->engine, split, keep, arena, err))
        return false;
    Evaluator *evaluator = evaluator_create(&model->engine, arena);
    evaluator_keep(evaluator, &predictions);
    if (arguments->flip) flip(evaluator, model, arena, err);
    if (!comm_agree(comm, err)) return false;
    const Score *score = evaluate(evaluator, split, "evaluating");
    if (score && comm_rank(comm) == 0) tell(arguments, score, &predictions, arena, err);
    return comm_agree(comm, err);
}

static bool evaluate_checkpoint(Arguments *arguments, Comm *comm, Arena *arena, Error *err)
{
    if (arguments->predictions && !predictions_check_path(arguments->predictions, err))
        return false;
    SavedModel model;
    if (!saved_model_open(&model, arguments->checkpoint, arguments->given_pack.name,
                          arguments->workers, comm, arena, err))
        return false;
    bool ok = evaluate_model(arguments, &model, arena, err);
    saved_model_close(&model);
    return ok;
}

static int run(void *arguments, Comm *comm, Arena *arena)
{
    Error err = {0};
    return evaluate_checkpoint(arguments, comm, arena, &err) ? EXIT_DONE : cli_fail(&err);
}

int cmd_eval(int argc, char **argv)
{
    Arguments arguments = {.split = SPLIT_TEST};
    cli_parse(&argp, argc, argv, &arguments);
    return run_on_ranks(argc, argv, "evaluation", run, &arguments);
}
