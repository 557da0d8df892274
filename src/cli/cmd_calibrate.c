/* umbel calibrate: the temperatures of a checkpoint's heads, fitted on a split of a pack. */
#include "arguments.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "frame.h"
#include "io/json.h"
#include "train/calibrate.h"
#include "train/saved_model.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_PACK = 1, KEY_SPLIT, KEY_OUT, KEY_JSON, KEY_WORKERS };

typedef struct Arguments {
    const char *checkpoint, *out;
    PackArgument pack;
    Split split;
    bool json;
    int workers; /* 0: the cores this rank may use */
} Arguments;

static const struct argp_option options[] = {
    {"pack", KEY_PACK, "PACK", 0,
     "The pack to fit on, or several; default: the one it was trained on", 0},
    {"split", KEY_SPLIT, "SPLIT", 0, "train, val or test (default: val)", 0},
    {"out", KEY_OUT, "FILE", 0, "The checkpoint to write; default: CHECKPOINT itself", 0},
    {"json", KEY_JSON, NULL, 0, "Print what was found as JSON", 0},
    {"workers", KEY_WORKERS, "N", 0, "Threads per rank (default: the cores the rank may use)", 0},
    {0},
};

static const Argument kept[] = {
    KEEP_ONLY(checkpoint, "checkpoint", "no checkpoint given"),
    KEEP_PACKS(KEY_PACK, pack, NULL),
    KEEP_SPLIT(KEY_SPLIT, split),
    KEEP_TEXT(KEY_OUT, out),
    KEEP_FLAG(KEY_JSON, json),
    KEEP_INT(KEY_WORKERS, workers, 1, WORKERS_MAX),
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    return arguments_keep(kept, options, key, text, state);
}

static const struct argp argp = {
    options,
    parse,
    "CHECKPOINT",
    "Fit one temperature per head of classes on a split of a pack, so that probabilities are as "
    "often right as they say, and keep them in the checkpoint; also under mpirun or srun.\v"
    "Example: umbel calibrate runs/parts/checkpoint/best-joint --out parts.h5",
    NULL,
    NULL,
    NULL};

/* --- what was found --- */

typedef struct Finding {
    const char *head;
    size_t labelled;
    double temperature;
    Agreement before, after;
} Finding;

static size_t count_labelled(const HeadLogits *answers)
{
    size_t count = 0;
    for (size_t i = 0; i < answers->images; i++) count += answers->target[i].weight != 0;
    return count;
}

/* A head without labels keeps the temperature it has. */
static Finding fit_head(CheckpointHead *head, const HeadLogits *answers)
{
    double before = head->facts.temperature > 0 ? head->facts.temperature : 1;
    double found = temperature_fit(answers);
    if (found > 0) head->facts.temperature = found;
    return (Finding){.head = head->name,
                     .labelled = count_labelled(answers),
                     .temperature = found > 0 ? found : before,
                     .before = temperature_judge(answers, before),
                     .after = temperature_judge(answers, found > 0 ? found : before)};
}

static const char *remark(const Finding *finding)
{
    if (finding->labelled == 0) return "  no labels: left as it was";
    if (finding->temperature == TEMPERATURE_MOST) return "  at its limit: says nothing of them";
    if (finding->temperature == 1.0 / TEMPERATURE_MOST) return "  at its limit: all are right";
    return "";
}

static void print_table(const Finding *finding, int findings)
{
    int width = 4;
    for (int i = 0; i < findings; i++)
        if ((int)strlen(finding[i].head) > width) width = (int)strlen(finding[i].head);
    printf("%-*s  %8s  %11s  %8s  %8s  %8s  %8s\n", width, "head", "labelled", "temperature", "NLL",
           "after", "ECE", "after");
    for (int i = 0; i < findings; i++)
        printf("%-*s  %8zu  %11.4f  %8.4f  %8.4f  %8.4f  %8.4f%s\n", width, finding[i].head,
               finding[i].labelled, finding[i].temperature, finding[i].before.nll,
               finding[i].after.nll, finding[i].before.ece, finding[i].after.ece,
               remark(&finding[i]));
}

static void add_agreement(Json *json, const char *key, Agreement agreement)
{
    json_begin(json, key);
    json_add_real(json, "nll", agreement.nll);
    json_add_real(json, "ece", agreement.ece);
    json_end(json);
}

static void print_json(const Arguments *arguments, const Finding *finding, int findings, size_t bad)
{
    Json *json = json_create();
    json_add_text(json, "split", split_name(arguments->split));
    json_add_integer(json, "bad", (int64_t)bad);
    json_begin(json, "heads");
    for (int i = 0; i < findings; i++) {
        json_begin(json, finding[i].head);
        json_add_integer(json, "labelled", (int64_t)finding[i].labelled);
        json_add_real(json, "temperature", finding[i].temperature);
        add_agreement(json, "before", finding[i].before);
        add_agreement(json, "after", finding[i].after);
        json_end(json);
    }
    json_end(json);
    put_json(json);
}

/* --- the command --- */

/* What a link points at is replaced, not the link. */
static bool save(const Arguments *arguments, const Checkpoint *checkpoint, Error *err)
{
    char target[PATH_MAX];
    if (arguments->out) return checkpoint_save(checkpoint, arguments->out, err);
    if (!realpath(arguments->checkpoint, target))
        return error_set(err, ERROR_SYSTEM, "cannot find %s: %s", arguments->checkpoint,
                         strerror(errno));
    return checkpoint_save(checkpoint, target, err);
}

/* On rank 0. */
static bool fit_and_save(const Arguments *arguments, SavedModel *model, const HeadLogits *answers,
                         size_t bad, Arena *arena, Error *err)
{
    int heads = model->checkpoint.heads, findings = 0;
    Finding *finding = arena_new(arena, Finding, heads + 1);
    for (int h = 0; h < heads; h++)
        if (head_has_temperature(model->engine.model.head[h].type))
            finding[findings++] = fit_head(&model->checkpoint.head[h], &answers[h]);
    if (findings == 0)
        return error_set(err, ERROR_DATA, "%s: has no head of classes to be calibrated",
                         arguments->checkpoint);
    if (!save(arguments, &model->checkpoint, err)) return false;
    if (arguments->json) {
        print_json(arguments, finding, findings, bad);
        return true;
    }
    print_table(finding, findings);
    if (bad) printf("%zu images could not be read and are not counted\n", bad);
    return true;
}

static bool calibrate(const Arguments *arguments, Comm *comm, Arena *arena, Error *err)
{
    SavedModel model;
    if (!saved_model_open(&model, arguments->checkpoint, arguments->pack.name, arguments->workers,
                          comm, arena, err))
        return false;
    size_t images, bad;
    pack_split(model.pack, arguments->split, &images);
    bool ok = images > 0 || error_set(err, ERROR_DATA, "%s: has no images in split %s",
                                      pack_path(model.pack), split_name(arguments->split));
    HeadLogits *answers = arena_new(arena, HeadLogits, model.checkpoint.heads + 1);
    if (ok && calibrate_collect(answers, &bad, &model.engine, arguments->split, arena, err)) {
        if (comm_rank(comm) == 0) fit_and_save(arguments, &model, answers, bad, arena, err);
        ok = comm_agree(comm, err);
    }
    saved_model_close(&model);
    return ok;
}

static int run(void *arguments, Comm *comm, Arena *arena)
{
    Error err = {0};
    return calibrate(arguments, comm, arena, &err) ? EXIT_DONE : cli_fail(&err);
}

int cmd_calibrate(int argc, char **argv)
{
    Arguments arguments = {.split = SPLIT_VAL};
    cli_parse(&argp, argc, argv, &arguments);
    return run_on_ranks(argc, argv, "calibration", run, &arguments);
}
