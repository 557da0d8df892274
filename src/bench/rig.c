/* The rig: a trainer for measurements. */
#include "bench/rig.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "io/file.h"
#include "still_pack.h"
#include "train/evaluate.h"
#include "train/plan.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Different pictures, so that no two neighbours in a batch are alike. */
enum { STILL_PICTURES = 8 };

/* Names, and kinds where the configuration knows them. */
static void describe_heads(RigHeads *heads, const Config *config, Arena *run)
{
    bool named = config->head_count == heads->count;
    for (int h = 0; h < heads->count; h++) {
        HeadSpec *spec = &heads->spec[h];
        spec->name = named ? config->heads[h].name : arena_printf(run, "head%d", h + 1);
        if (!named) continue;
        spec->type = config->heads[h].type;
        spec->options = config->heads[h].options;
        spec->body = &config->heads[h].body;
        if (spec->type && spec->type->label == LABEL_VALUE) spec->classes = 0;
    }
}

bool rig_heads_parse(RigHeads *heads, const char *list, const Config *config, Arena *run,
                     Error *err)
{
    *heads = (RigHeads){.count = 0};
    for (const char *at = list; heads->count < RIG_HEADS_MAX;) {
        char *end;
        long classes = strtol(at, &end, 10);
        if (end == at || classes < 2 || classes > INT_MAX || (*end && *end != ',')) break;
        heads->spec[heads->count++] = (HeadSpec){.classes = (int)classes};
        if (!*end) {
            describe_heads(heads, config, run);
            return true;
        }
        at = end + 1;
    }
    return error_set(err, ERROR_USAGE,
                     "--classes: must be numbers of classes, one per head, such as 22,176,7, of at "
                     "least 2 each and for at most %d heads, not \"%s\"",
                     RIG_HEADS_MAX, list);
}

/* A head that outlives its pack. */
static HeadSpec keep_head(const HeadSpec *head, Arena *run)
{
    HeadSpec kept = *head;
    const char **name = arena_new(run, const char *, head->classes + 1);
    for (int k = 0; k < head->classes; k++) name[k] = arena_strdup(run, head->class_name[k]);
    kept.name = arena_strdup(run, head->name);
    kept.class_name = name;
    return kept;
}

bool rig_heads_of_pack(RigHeads *heads, const Config *config, Arena *run, Error *err)
{
    *heads = (RigHeads){.count = 0};
    Config copy = *config;
    Pack *pack = pack_open(config->pack, err);
    if (pack && plan_heads(&copy, pack, run, err)) {
        ModelSpec spec = plan_model(&copy, pack, run);
        for (; heads->count < spec.heads && heads->count < RIG_HEADS_MAX; heads->count++)
            heads->spec[heads->count] = keep_head(&spec.head[heads->count], run);
    }
    pack_close(pack);
    return err->kind == ERROR_NONE;
}

/* --- still pictures --- */

/* Noise of mean 0 and deviation 1, as normalised photographs have. */
static StillPictures draw_pictures(int side, Arena *run)
{
    size_t count = (size_t)STILL_PICTURES * (size_t)side * (size_t)side * 3;
    float *pixels = arena_new(run, float, count);
    Random random = random_at(1, RANDOM_AUGMENT, 0, 0, 0);
    for (size_t i = 0; i < count; i++) pixels[i] = (float)random_normal(&random);
    return (StillPictures){pixels, STILL_PICTURES};
}

/* What a configuration says of classes by name does not hold of names that are made up. */
static void forget_classes(HeadConfig *head, Arena *run)
{
    head->flips[0] = head->flips_vertical[0] = 0;
    config_choose_head(head, head->type, run);
}

/* Heads of its own for the rig's copy of a configuration. */
static void set_heads(Config *config, const RigHeads *heads, Arena *run)
{
    bool named = config->head_count == heads->count;
    const HeadConfig *given = config->heads;
    const char *name[RIG_HEADS_MAX];
    for (int h = 0; h < heads->count; h++) name[h] = heads->spec[h].name;
    config_default_heads(config, run, name, heads->count);
    for (int h = 0; h < heads->count; h++) {
        if (named) config->heads[h] = given[h];
        if (!heads->spec[h].class_name) forget_classes(&config->heads[h], run);
    }
}

/* --- opening --- */

/* No checkpoints, no lines, no end; and no copy of the pack, which tells nothing of a step. */
static void silence(Config *config, const char *folder)
{
    config->log_every = INT_MAX;
    config->tensorboard = false;
    config->epochs = 1000000;
    config->time_limit = 0;
    config->checkpoint_every = 0;
    config->stage[0] = 0;
    snprintf(config->run, sizeof config->run, "%s/run", folder);
}

bool rig_open(Rig *rig, const RigOptions *options, Error *err)
{
    *rig = (Rig){.comm = options->comm, .arena = arena_create("rig"), .config = *options->config};
    char folder[sizeof rig->folder];
    if (file_make_temporary_folder(folder, sizeof folder, "bench", err))
        memcpy(rig->folder, folder, sizeof folder);
    if (!comm_agree(rig->comm, err)) return false;
    silence(&rig->config, rig->folder);
    TrainerOptions trainer = {.comm = rig->comm, .config = &rig->config};
    if (options->still) {
        set_heads(&rig->config, options->still, rig->arena);
        trainer.still = draw_pictures(rig->config.image, rig->arena);
        if (!still_pack_write(rig, options->still, err)) return false;
    }
    rig->trainer = trainer_open(&trainer, err);
    return rig->trainer != NULL;
}

void rig_close(Rig *rig)
{
    trainer_close(rig->trainer);
    if (*rig->folder) file_remove_folder(rig->folder);
    arena_destroy(rig->arena);
    *rig = (Rig){0};
}

/* --- measuring --- */

static double longest(Comm *comm, double seconds)
{
    uint64_t nanoseconds = (uint64_t)(1e9 * seconds);
    comm_max_u64(comm, &nanoseconds, 1);
    return 1e-9 * (double)nanoseconds;
}

double rig_step(Rig *rig)
{
    comm_barrier(rig->comm);
    double begin = clock_seconds();
    trainer_step(rig->trainer);
    return longest(rig->comm, clock_seconds() - begin);
}

double rig_evaluate(Rig *rig)
{
    Engine *engine = trainer_engine(rig->trainer);
    size_t images;
    pack_split(engine->pack, SPLIT_VAL, &images);
    Arena *arena = arena_create("evaluation");
    Evaluator *evaluator = evaluator_create(engine, arena);
    comm_barrier(rig->comm);
    double begin = clock_seconds();
    bool done = images > 0 && evaluate(evaluator, SPLIT_VAL, NULL);
    double seconds = longest(rig->comm, clock_seconds() - begin);
    arena_destroy(arena);
    return done ? (double)images / seconds : 0;
}
