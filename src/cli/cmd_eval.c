/* umbel eval: a checkpoint scored on a split of a pack. */
#include "base/log.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "io/file.h"
#include "train/evaluate.h"
#include "train/saved_model.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_PACK = 1, KEY_SPLIT, KEY_JSON, KEY_WORKERS };

typedef struct Arguments {
    const char *checkpoint, *pack, *json;
    const char *split;
    int workers; /* 0: the cores this rank may use */
} Arguments;

static const struct argp_option options[] = {
    {"pack", KEY_PACK, "PACK", 0, "The pack to score on; default: the one it was trained on", 0},
    {"split", KEY_SPLIT, "SPLIT", 0, "train, val or test (default: test)", 0},
    {"json", KEY_JSON, "FILE", 0,
     "Also write the scores as JSON; - for standard output instead of the table", 0},
    {"workers", KEY_WORKERS, "N", 0, "Threads per rank (default: the cores the rank may use)", 0},
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    Arguments *arguments = state->input;
    char *end;
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
    case ARGP_KEY_ARG:
        if (arguments->checkpoint) argp_error(state, "%s: one checkpoint at a time", text);
        arguments->checkpoint = text;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->checkpoint) argp_error(state, "no checkpoint given");
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

static bool write_json(const Arguments *arguments, const Score *score, Error *err)
{
    Json *json = json_create();
    json_add_text(json, "split", arguments->split);
    score_json(score, json);
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

static bool report(const Arguments *arguments, const Score *score, Error *err)
{
    if (!arguments->json || strcmp(arguments->json, "-") != 0) {
        printf("%s: %lld images of split %s\n", arguments->pack, (long long)score_images(score),
               arguments->split);
        score_print(score);
        if (score_bad_images(score))
            printf("%lld images could not be read and are not counted\n",
                   (long long)score_bad_images(score));
    }
    return !arguments->json || write_json(arguments, score, err);
}

static bool evaluate_checkpoint(Arguments *arguments, Comm *comm, Arena *arena, Error *err)
{
    Split split;
    if (!split_parse(arguments->split, &split))
        return error_set(err, ERROR_USAGE, "--split: must be train, val or test, not \"%s\"",
                         arguments->split);
    SavedModel model;
    if (!saved_model_open(&model, arguments->checkpoint, arguments->pack, arguments->workers, comm,
                          arena, err))
        return false;
    arguments->pack = pack_path(model.pack);
    size_t images;
    pack_split(model.pack, split, &images);
    bool ok = images > 0 || error_set(err, ERROR_DATA, "%s: has no images in split %s",
                                      arguments->pack, arguments->split);
    if (ok) {
        Evaluator *evaluator = evaluator_create(&model.engine, arena);
        const Score *score = evaluate(evaluator, split, "evaluating");
        if (comm_rank(comm) == 0) report(arguments, score, err);
        ok = comm_agree(comm, err);
    }
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
