/*
 * Heads as they were at their best validation. One that finishes tries those weights with the trunk of now, which has
 * learnt from the other heads since, and keeps what scores better.
 */
#include "trainer.h"

#include "base/log.h"

#include <string.h>

enum { ALL_HEADS = -1 };

static const char group[] = "best_param", average_group[] = "best_ema";

void trainer_open_snapshot(Trainer *trainer)
{
    const ParamStore *params = trainer->engine.model.graph->params;
    const Config *config = trainer->config;
    Snapshot *snapshot = &trainer->snapshot;
    snapshot->store = param_store_create(trainer->arena);
    snapshot->of = arena_new(trainer->arena, const Param *, params->count + 1);
    for (int i = 0; i < params->count; i++) {
        const Param *param = params->list[i];
        if (param->head < 0 || !config->heads[param->head].restore) continue;
        Param *own = param_declare(snapshot->store, param->name, param->shape, param->init, false);
        own->head = param->head;
        snapshot->of[snapshot->store->count - 1] = param;
    }
    snapshot->value = arena_new(trainer->arena, float, snapshot->store->total + 1);
    if (trainer->ema)
        snapshot->average = arena_new(trainer->arena, float, snapshot->store->total + 1);
    snapshot->back = arena_new(trainer->arena, bool, config->head_count + 1);
    snapshot->now = arena_new(trainer->arena, HeadResult, config->head_count + 1);
}

/* What to do with `count` floats of the network and of the snapshot. */
typedef void Transfer(float *network, float *snapshot, size_t count);

static void take(float *network, float *snapshot, size_t count)
{
    memcpy(snapshot, network, sizeof *snapshot * count);
}

static void exchange(float *network, float *snapshot, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        float value = network[i];
        network[i] = snapshot[i];
        snapshot[i] = value;
    }
}

static void transfer(Trainer *trainer, int head, Transfer *how)
{
    Snapshot *snapshot = &trainer->snapshot;
    float *value = trainer->engine.model.graph->params->value;
    for (int i = 0; i < snapshot->store->count; i++) {
        const Param *own = snapshot->store->list[i], *param = snapshot->of[i];
        if (head != ALL_HEADS && own->head != head) continue;
        how(value + param->offset, snapshot->value + own->offset, own->count);
        if (trainer->ema)
            how(trainer->ema->param_value + param->offset, snapshot->average + own->offset,
                own->count);
    }
}

void trainer_begin_snapshot(Trainer *trainer)
{
    transfer(trainer, ALL_HEADS, take);
}

void trainer_take_snapshot(Trainer *trainer, int head)
{
    transfer(trainer, head, take);
}

/* --- checkpoints --- */

void trainer_describe_snapshot(Trainer *trainer, Checkpoint *checkpoint, Arena *arena)
{
    Snapshot *snapshot = &trainer->snapshot;
    checkpoint_add_store(checkpoint, group, snapshot->store, snapshot->value, arena);
    if (trainer->ema)
        checkpoint_add_store(checkpoint, average_group, snapshot->store, snapshot->average, arena);
}

bool trainer_restore_snapshot(Trainer *trainer, const Checkpoint *saved, Error *err)
{
    Snapshot *snapshot = &trainer->snapshot;
    if (snapshot->store->count == 0) return true;
    if (!checkpoint_find(saved, group, snapshot->store->list[0]->name)) {
        trainer_begin_snapshot(trainer); /* surgery on heads leaves none */
        return true;
    }
    return checkpoint_copy(saved, group, snapshot->store, snapshot->value, err) &&
           (!trainer->ema ||
            checkpoint_copy(saved, average_group, snapshot->store, snapshot->average, err));
}

/* --- going back --- */

/* Exchanges the weights of the heads that are marked. */
static void exchange_marked(Trainer *trainer)
{
    for (int h = 0; h < trainer->config->head_count; h++)
        if (trainer->snapshot.back[h]) transfer(trainer, h, exchange);
    engine_prepare(&trainer->engine);
}

/* Marks heads that finish by this validation and may go back; false if there are none. */
static bool mark_heads(Trainer *trainer, const Score *score)
{
    bool any = false;
    for (int h = 0; h < score->heads; h++) {
        HeadResult now = score_head(score, h);
        trainer->snapshot.now[h] = now;
        trainer->snapshot.back[h] = trainer->config->heads[h].restore && now.labelled > 0 &&
                                    !head_is_better(&now, trainer->best[h]) &&
                                    trainer_head_is_last_try(trainer, h);
        any |= trainer->snapshot.back[h];
    }
    return any;
}

static void tell_choice(const Trainer *trainer, int h, const HeadResult *old, bool better)
{
    char with[32], without[32];
    head_print_score(old, with, sizeof with);
    head_print_score(&trainer->snapshot.now[h], without, sizeof without);
    log_info(
        "head %s: %s with the weights of its best validation and the trunk of now, %s with its "
        "own: it %s",
        trainer->config->heads[h].name, with, without, better ? "goes back" : "stays as it is");
}

/* Leaves the mark at heads that are better off; true if at all of them. */
static bool choose(Trainer *trainer, const Score *score)
{
    bool all = true;
    for (int h = 0; h < score->heads; h++) {
        if (!trainer->snapshot.back[h]) continue;
        HeadResult old = score_head(score, h);
        bool better = head_merit(&old) > head_merit(&trainer->snapshot.now[h]);
        tell_choice(trainer, h, &old, better);
        if (better) continue;
        transfer(trainer, h, exchange);
        trainer->snapshot.back[h] = all = false;
    }
    return all;
}

const Score *trainer_go_back(Trainer *trainer, const Score *score)
{
    if (!mark_heads(trainer, score)) return score;
    exchange_marked(trainer);
    score = trainer_score(trainer);
    if (score && !choose(trainer, score)) {
        engine_prepare(&trainer->engine);
        score = trainer_score(trainer);
    }
    if (!score) {
        exchange_marked(trainer);
        return NULL;
    }
    for (int h = 0; h < score->heads; h++) {
        if (!trainer->snapshot.back[h]) continue;
        trainer_take_snapshot(trainer, h);
        trainer_finish_head(trainer, h);
    }
    return score;
}
