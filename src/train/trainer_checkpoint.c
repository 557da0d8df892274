/* The trainer's state to a checkpoint and back. */
#include "trainer.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/pulse.h"
#include "train/provenance.h"

#include <string.h>

static void describe_arrays(Trainer *trainer, Checkpoint *checkpoint, Arena *arena)
{
    const Graph *graph = trainer->engine.model.graph;
    const OptimizerType *type = trainer->optimizer->type;
    checkpoint_add_store(checkpoint, "param", graph->params, graph->params->value, arena);
    for (int s = 0; s < type->slots; s++)
        checkpoint_add_store(checkpoint, arena_printf(arena, "slot/%s", type->slot_name[s]),
                             graph->params, trainer->optimizer->slot[s], arena);
    checkpoint_add_store(checkpoint, "state", graph->state, graph->state->value, arena);
    if (trainer->ema) {
        checkpoint_add_store(checkpoint, "ema", graph->params, trainer->ema->param_value, arena);
        checkpoint_add_store(checkpoint, "ema_state", graph->state, trainer->ema->state_value,
                             arena);
    }
    trainer_describe_snapshot(trainer, checkpoint, arena);
}

static void describe_heads(Trainer *trainer, Checkpoint *checkpoint, Arena *arena)
{
    checkpoint->heads = trainer->config->head_count;
    checkpoint->head = arena_new(arena, CheckpointHead, checkpoint->heads);
    for (int h = 0; h < checkpoint->heads; h++)
        checkpoint->head[h] = (CheckpointHead){
            .name = trainer->config->heads[h].name,
            .classes = trainer->engine.labels[h].classes,
            .class_name = trainer->engine.labels[h].class_name,
            .facts = trainer->engine.model.head[h].facts,
        };
}

static void describe_balance(Trainer *trainer, Checkpoint *checkpoint)
{
    size_t taps = (size_t)trainer->interference.taps;
    checkpoint->balance =
        (CheckpointNumbers){trainer->balancer.state, balancer_numbers(&trainer->balancer)};
    checkpoint->interference = (CheckpointNumbers){trainer->interference.sum, 2 * taps * taps};
}

static Checkpoint describe_run(Trainer *trainer, Arena *arena)
{
    Checkpoint checkpoint = {.config = config_print(trainer->config, arena),
                             .step = trainer->step,
                             .epoch = trainer->step / trainer->steps_per_epoch,
                             .updates = trainer->optimizer->updates,
                             .skipped = trainer->updates_skipped,
                             .validated = trainer->validated,
                             .bad = trainer->bad,
                             .skipped_in_row = trainer->skipped_in_row,
                             .best = trainer->best,
                             .best_step = trainer->best_step,
                             .watch = trainer->watch,
                             .pack = pack_hash(trainer->pack),
                             .provenance = provenance_text(arena)};
    if (trainer->config->unfreeze_epochs > 0) {
        checkpoint.born = trainer->optimizer->born;
        checkpoint.params = trainer->optimizer->store->count;
    }
    if (config_heads_finish(trainer->config)) checkpoint.stale = trainer->stale;
    checkpoint.front.value = front_to_numbers(&trainer->front, &checkpoint.front.count, arena);
    describe_arrays(trainer, &checkpoint, arena);
    describe_heads(trainer, &checkpoint, arena);
    describe_balance(trainer, &checkpoint);
    return checkpoint;
}

/* On rank 0. The folder is made anew if somebody has removed it. */
static void write_checkpoint(Trainer *trainer, Error *err)
{
    Arena *arena = arena_create("checkpoint");
    Checkpoint checkpoint = describe_run(trainer, arena);
    char path[RUN_PATH_BYTES];
    run_folder_checkpoint(&trainer->folder, trainer->step, path, sizeof path);
    if (run_folder_make(&trainer->folder, err) && checkpoint_save(&checkpoint, path, err) &&
        run_folder_link(&trainer->folder, "last", trainer->step, err))
        run_folder_prune(&trainer->folder);
    arena_destroy(arena);
}

bool trainer_save(Trainer *trainer, Error *err)
{
    double begin = clock_seconds();
    Error ledger = {0};
    pulse_phase("writing a checkpoint");
    if (!ledger_collect(trainer->ledger, &ledger)) log_warning("%s", ledger.text);
    if (comm_rank(trainer->comm) == 0) write_checkpoint(trainer, err);
    if (!comm_agree(trainer->comm, err)) return false;
    trainer->saved = trainer->step;
    double seconds = clock_seconds() - begin;
    if (seconds > trainer->save_seconds) trainer->save_seconds = seconds;
    return true;
}

void trainer_try_save(Trainer *trainer)
{
    Error err = {0};
    if (!trainer_save(trainer, &err))
        log_warning("%s; training goes on, the newest checkpoint stays that of before", err.text);
}

/* --- restoring --- */

/* Without numbers, as after surgery on heads, balancing begins anew. What was not watched before, or is not now, is of
 * no interest. */
static bool copy_balance(Trainer *trainer, const Checkpoint *saved, Error *err)
{
    size_t numbers = balancer_numbers(&trainer->balancer);
    size_t taps = (size_t)trainer->interference.taps, watched = 2 * taps * taps;
    if (saved->balance.count && saved->balance.count != numbers)
        return error_set(err, ERROR_DATA, "/balance: has %zu numbers, not %zu",
                         saved->balance.count, numbers);
    if (saved->balance.count)
        memcpy(trainer->balancer.state, saved->balance.value, sizeof(double) * numbers);
    if (saved->interference.count == watched && watched)
        memcpy(trainer->interference.sum, saved->interference.value, sizeof(double) * watched);
    return true;
}

/* A run that keeps less of it than before gives up the rest. */
static bool copy_front(Trainer *trainer, const Checkpoint *saved, Error *err)
{
    int limit = trainer->config->checkpoint_pareto;
    if (limit == 0) return true;
    if (!front_from_numbers(&trainer->front, saved->front.value, saved->front.count, err))
        return false;
    pareto_keep(&trainer->front.pareto, (size_t)limit);
    return true;
}

static bool copy_all(Trainer *trainer, const Checkpoint *saved, Arena *arena, Error *err)
{
    const Graph *graph = trainer->engine.model.graph;
    const Optimizer *optimizer = trainer->optimizer;
    bool ok = checkpoint_copy(saved, "param", graph->params, graph->params->value, err);
    for (int s = 0; s < optimizer->type->slots; s++)
        ok &= checkpoint_copy(saved, arena_printf(arena, "slot/%s", optimizer->type->slot_name[s]),
                              graph->params, optimizer->slot[s], err);
    ok &= checkpoint_copy(saved, "state", graph->state, graph->state->value, err);
    if (trainer->ema) {
        ok &= checkpoint_copy(saved, "ema", graph->params, trainer->ema->param_value, err);
        ok &= checkpoint_copy(saved, "ema_state", graph->state, trainer->ema->state_value, err);
    }
    if (saved->born && saved->params != graph->params->count)
        ok = error_set(err, ERROR_DATA, "/born: has %d numbers for %d parameters", saved->params,
                       graph->params->count);
    if (!ok || !copy_balance(trainer, saved, err) || !copy_front(trainer, saved, err) ||
        !trainer_restore_snapshot(trainer, saved, err))
        return false;
    if (saved->born)
        memcpy(trainer->optimizer->born, saved->born, sizeof(uint64_t) * (size_t)saved->params);
    trainer->watch = saved->watch;
    for (int h = 0; h < saved->heads; h++)
        model_set_facts(&trainer->engine.model.head[h], &saved->head[h].facts);
    memcpy(trainer->best, saved->best, sizeof(double) * ((size_t)saved->heads + 1));
    if (saved->best_step)
        memcpy(trainer->best_step, saved->best_step, sizeof(uint64_t) * ((size_t)saved->heads + 2));
    if (saved->stale) memcpy(trainer->stale, saved->stale, sizeof(uint64_t) * (size_t)saved->heads);
    trainer->step = saved->step;
    trainer->optimizer->updates = saved->updates;
    trainer->updates_skipped = saved->skipped;
    trainer->validated = saved->validated;
    trainer->bad = saved->bad;
    trainer->skipped_in_row = saved->skipped_in_row;
    trainer->saved = saved->step;
    return true;
}

static bool same_pack(const Trainer *trainer, const Checkpoint *saved, Error *err)
{
    Hash128 now = pack_hash(trainer->pack);
    if (now.high == saved->pack.high && now.low == saved->pack.low) return true;
    return error_set(
        err, ERROR_DATA,
        "was trained on another pack than %s (their content hashes differ); resume with the "
        "pack that the run began with",
        trainer->config->pack);
}

/* The configurations agree, but a file says twice which heads there are. */
static bool same_heads(const Trainer *trainer, const Checkpoint *saved, Error *err)
{
    const Config *config = trainer->config;
    bool same = saved->heads == config->head_count;
    for (int h = 0; same && h < saved->heads; h++)
        same = strcmp(saved->head[h].name, config->heads[h].name) == 0;
    return same || error_set(err, ERROR_DATA, "its heads are not those of its configuration");
}

bool trainer_restore(Trainer *trainer, const char *path, Error *err)
{
    Arena *arena = arena_create("restored checkpoint");
    Checkpoint saved;
    Config config;
    bool ok = checkpoint_load(&saved, path, arena, err);
    if (ok) {
        ok = config_parse(&config, arena, saved.config, path, err) &&
             config_compatible(trainer->config, &config, err);
        ok = (ok && same_pack(trainer, &saved, err) && same_heads(trainer, &saved, err) &&
              copy_all(trainer, &saved, arena, err)) ||
             error_context(err, "cannot resume from %s", path);
    }
    /* What learnt in the last step has begun to; others begin anew when they thaw. */
    if (ok && trainer->step > 0)
        trainer_enter_epoch(trainer, (trainer->step - 1) / trainer->steps_per_epoch);
    if (ok) trainer_freeze_heads(trainer);
    if (ok) provenance_compare(provenance_text(arena), saved.provenance);
    arena_destroy(arena);
    return ok;
}
