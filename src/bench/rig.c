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

bool rig_heads_parse(RigHeads *heads, const char *list, const Config *config, Arena *run,
                     Error *err)
{
    *heads = (RigHeads){.count = 0};
    for (const char *at = list; heads->count < RIG_HEADS_MAX;) {
        char *end;
        long classes = strtol(at, &end, 10);
        if (end == at || classes < 2 || classes > INT_MAX || (*end && *end != ',')) break;
        heads->classes[heads->count++] = (int)classes;
        if (!*end) {
            bool named = config->head_count == heads->count;
            for (int h = 0; h < heads->count; h++)
                heads->name[h] = named ? config->heads[h].name : arena_printf(run, "head%d", h + 1);
            return true;
        }
        at = end + 1;
    }
    return error_set(err, ERROR_USAGE,
                     "--classes: must be numbers of classes, one per head, such as 22,176,7, of at "
                     "least 2 each and for at most %d heads, not \"%s\"",
                     RIG_HEADS_MAX, list);
}

bool rig_heads_of_pack(RigHeads *heads, const Config *config, Arena *run, Error *err)
{
    *heads = (RigHeads){.count = 0};
    Config copy = *config;
    Pack *pack = pack_open(config->pack, err);
    if (pack && plan_heads(&copy, pack, run, err)) {
        ModelSpec spec = plan_model(&copy, pack, run);
        for (; heads->count < spec.heads && heads->count < RIG_HEADS_MAX; heads->count++) {
            heads->name[heads->count] = arena_strdup(run, spec.head[heads->count].name);
            heads->classes[heads->count] = spec.head[heads->count].classes;
        }
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

static void name_heads(Config *config, const RigHeads *heads, Arena *run)
{
    if (config->head_count != heads->count)
        config_default_heads(config, run, (const char *const *)heads->name, heads->count);
}

/* --- opening --- */

/* No checkpoints, no lines, no end; and no copy of the pack, which tells nothing of a step. */
static void silence(Config *config, const char *folder)
{
    config->log_every = INT_MAX;
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
        name_heads(&rig->config, options->still, rig->arena);
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
