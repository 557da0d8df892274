/* The trainer: opening a run, the loop over steps and epochs. The step itself is in trainer_step.c.
 */
#include "trainer.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/pulse.h"
#include "base/stop.h"
#include "train/provenance.h"

#include <inttypes.h>
#include <string.h>

/* --- opening --- */

static bool plan_epochs(Trainer *trainer, Error *err)
{
    size_t count;
    pack_split(trainer->pack, SPLIT_TRAIN, &count);
    size_t batch = (size_t)trainer->config->batch;
    size_t lane = (size_t)trainer->config->lane, most = count / lane * lane;
    if (count == 0)
        return error_set(err, ERROR_DATA, "%s: has no training images; pack it with --split",
                         trainer->config->pack);
    if (count < batch && most == 0)
        return error_set(err, ERROR_USAGE,
                         "batch: %zu is larger than the %zu training image%s of %s; choose `batch` "
                         "and `lane` of at most %zu",
                         batch, count, count == 1 ? "" : "s", trainer->config->pack, count);
    if (count < batch)
        return error_set(err, ERROR_USAGE,
                         "batch: %zu is larger than the %zu training images of %s; choose at most "
                         "%zu",
                         batch, count, trainer->config->pack, most);
    trainer->steps_per_epoch = count / batch;
    trainer->order = arena_new(trainer->arena, uint32_t, count);
    trainer->order_epoch = UINT64_MAX;
    return true;
}

static bool same_pack_everywhere(Trainer *trainer, Error *err)
{
    Hash128 hash = pack_hash(trainer->pack);
    if (!comm_all_equal(trainer->comm, hash.high ^ hash.low) && comm_rank(trainer->comm) == 0)
        error_set(err, ERROR_DATA,
                  "%s: is not the same file on all ranks (their content hashes differ); give all "
                  "nodes the same pack",
                  trainer->config->pack);
    return comm_agree(trainer->comm, err);
}

static bool open_pack(Trainer *trainer, Error *err)
{
    pulse_phase("opening the pack");
    const Config *config = trainer->config;
    Staged *staged = &trainer->staged;
    if (*config->stage &&
        !stage_pack(staged, config->pack, config->stage, trainer->arena, trainer->comm, err))
        return false;
    trainer->pack = staged->copy ? pack_open_files(config->pack, &staged->names, staged->copy, err)
                                 : pack_open(config->pack, err);
    if (trainer->pack && plan_heads(trainer->config, trainer->pack, trainer->arena, err) &&
        plan_epochs(trainer, err))
        plan_forms(trainer->config, trainer->pack, &trainer->forms, trainer->arena, err);
    for (int d = 0; d < 2 && err->kind == ERROR_NONE; d++)
        plan_flips(trainer->config, trainer->pack, d, &trainer->rules[d], trainer->arena, err);
    if (err->kind == ERROR_NONE) plan_flips_warn(trainer->config);
    return comm_agree(trainer->comm, err) && same_pack_everywhere(trainer, err);
}

/* (heads): which of them learn from mixed images; NULL: images are never mixed. */
static const bool *mixed_heads(const Config *config, Arena *arena)
{
    if (!config_mixes(config)) return NULL;
    bool *mixed = arena_new(arena, bool, config->head_count + 1);
    for (int h = 0; h < config->head_count; h++) mixed[h] = config->heads[h].mix;
    return mixed;
}

static bool open_engine(Trainer *trainer, StillPictures still, Error *err)
{
    const Config *config = trainer->config;
    EngineOptions options = {
        .comm = trainer->comm,
        .pack = trainer->pack,
        .spec = plan_model(config, trainer->pack, trainer->arena),
        .form = trainer->forms.form,
        .forms = trainer->forms.forms,
        .augment = &config->augment,
        .rules = {trainer->rules[0], trainer->rules[1]},
        .mixed = mixed_heads(config, trainer->arena),
        .seed = (uint64_t)config->seed,
        .workers = config->workers > 0 ? config->workers : pool_cores(),
        .still = still,
        .training = true,
        .report = ledger_note,
        .report_context = trainer->ledger,
    };
    pulse_phase("building the model");
    engine_open(&trainer->engine, &options, trainer->arena, err);
    return comm_agree(trainer->comm, err);
}

static void open_reduction(Trainer *trainer)
{
    const Graph *graph = trainer->engine.model.graph;
    int heads = trainer->config->head_count;
    ReduceOptions options = {.kind = trainer->config->reduce == 0 ? REDUCE_EXACT : REDUCE_FLOAT,
                             .count = graph->params->total,
                             .side = SIDE_FIXED + (size_t)(SIDE_PER_HEAD * heads) +
                                     interference_pairs(trainer->engine.model.taps) +
                                     graph->state->total,
                             .workers = pool_workers(trainer->engine.pool),
                             .node = trainer->config->node_reduce};
    trainer->reduce = reduce_create(trainer->comm, &options, trainer->arena);
    trainer->optimizer =
        optimizer_create(trainer->config->optimizer, trainer->config->optimizer_options,
                         graph->params, trainer->arena);
    if (trainer->config->ema.decay > 0)
        trainer->ema =
            ema_create(&trainer->config->ema, graph->params, graph->state, trainer->arena);
}

static void open_buffers(Trainer *trainer)
{
    size_t heads = (size_t)trainer->config->head_count;
    if (trainer->engine.mixed)
        trainer->mix = arena_new(trainer->arena, Mix, trainer->config->batch);
    trainer->head_scale = arena_new(trainer->arena, float, heads);
    trainer->head_share = arena_new(trainer->arena, double, heads);
    trainer->interval.loss = arena_new(trainer->arena, double, heads);
    trainer->interval.correct = arena_new(trainer->arena, int64_t, heads);
    trainer->interval.scored = arena_new(trainer->arena, int64_t, heads);
    trainer->interval.error = arena_new(trainer->arena, double, heads);
    trainer->best = arena_new(trainer->arena, double, heads + 1);
    for (size_t h = 0; h <= heads; h++) trainer->best[h] = -1;
    trainer->best_step = arena_new(trainer->arena, uint64_t, heads + 2);
    trainer->stale = arena_new(trainer->arena, uint64_t, heads + 1);
    trainer->front = front_begin((int)heads, trainer->arena);
    trainer->lane = arena_new(trainer->arena, LaneContext, pool_workers(trainer->engine.pool));
    for (int w = 0; w < pool_workers(trainer->engine.pool); w++)
        trainer->lane[w] = (LaneContext){.trainer = trainer, .worker = w};
    trainer->evaluator = evaluator_create(&trainer->engine, trainer->arena);
}

/* The newest checkpoint that can be read. A damaged one, as a full disk or a lost power may leave
 * it, is passed over. */
static bool newest_valid(const Trainer *trainer, uint64_t *step, Error *err)
{
    uint64_t limit = UINT64_MAX;
    Error last = {0};
    while (run_folder_newest(&trainer->folder, limit, step)) {
        char path[RUN_PATH_BYTES];
        Arena *arena = arena_create("checkpoint on trial");
        Checkpoint checkpoint;
        Error why = {0};
        run_folder_checkpoint(&trainer->folder, *step, path, sizeof path);
        bool ok = checkpoint_load(&checkpoint, path, arena, &why);
        arena_destroy(arena);
        if (ok) return true;
        log_warning("%s; trying the checkpoint before it", why.text);
        last = why;
        limit = *step;
    }
    if (limit == UINT64_MAX) return false;
    *err = last;
    return error_context(err, "none of the checkpoints in %s can be read, such as",
                         trainer->folder.path);
}

/* Rank 0 looks at the folder, so that all ranks go the same way even if their file systems lag. */
static bool open_folder(Trainer *trainer, bool resume, bool *has_checkpoint, uint64_t *step,
                        Error *err)
{
    snprintf(trainer->folder.path, sizeof trainer->folder.path, "%s", trainer->config->run);
    trainer->folder.keep = trainer->config->checkpoint_keep;
    uint64_t found[2] = {0, 0};
    if (comm_rank(trainer->comm) == 0 && run_folder_open(&trainer->folder, resume, err))
        found[0] = resume && newest_valid(trainer, &found[1], err);
    comm_broadcast(trainer->comm, found, sizeof found, 0);
    *has_checkpoint = found[0];
    *step = found[1];
    return comm_agree(trainer->comm, err);
}

/* A process that was killed has perhaps not come to it. */
static void link_best(Trainer *trainer)
{
    Error err = {0};
    if (comm_rank(trainer->comm) == 0 && !trainer_link_best(trainer, &err))
        log_warning("%s; training goes on", err.text);
}

static bool restore(Trainer *trainer, uint64_t step, Error *err)
{
    char path[RUN_PATH_BYTES];
    run_folder_checkpoint(&trainer->folder, step, path, sizeof path);
    trainer_restore(trainer, path, err);
    if (!comm_agree(trainer->comm, err)) return false;
    log_info("resuming %s at step %" PRIu64, trainer->folder.path, trainer->step);
    link_best(trainer);
    return true;
}

static bool start(Trainer *trainer, Error *err)
{
    if (!trainer_start(trainer, err)) return false;
    if (trainer->ema) ema_begin(trainer->ema);
    trainer_begin_snapshot(trainer);
    return true;
}

static bool open_ledger(Trainer *trainer, Error *err)
{
    char path[RUN_PATH_BYTES];
    snprintf(path, sizeof path, "%s/bad_images.csv", trainer->folder.path);
    trainer->ledger = ledger_open(trainer->pack, path, trainer->comm, err);
    return comm_agree(trainer->comm, err);
}

static bool open_all(Trainer *trainer, const TrainerOptions *options, Error *err)
{
    bool has_checkpoint = false;
    uint64_t step = 0;
    if (!provenance_agree(trainer->comm, provenance_text(trainer->arena), err)) return false;
    if (!open_pack(trainer, err)) return false;
    if (!open_folder(trainer, options->resume, &has_checkpoint, &step, err)) return false;
    if (!open_ledger(trainer, err)) return false;
    if (!open_engine(trainer, options->still, err)) return false;
    open_reduction(trainer);
    open_buffers(trainer);
    trainer_open_snapshot(trainer);
    trainer_open_balance(trainer);
    trainer_open_sampler(trainer);
    if (!(has_checkpoint ? restore(trainer, step, err) : start(trainer, err))) return false;
    engine_prepare(&trainer->engine);
    if (comm_rank(trainer->comm) == 0) trainer_renew_records(trainer, has_checkpoint, err);
    return comm_agree(trainer->comm, err);
}

Trainer *trainer_open(const TrainerOptions *options, Error *err)
{
    Arena *arena = arena_create("run");
    Trainer *trainer = arena_new(arena, Trainer, 1);
    *trainer =
        (Trainer){.arena = arena,
                  .comm = options->comm,
                  .config = options->config,
                  .saved = UINT64_MAX,
                  .watch = watch_begin(),
                  .is_part = options->job_started > 0,
                  .started = options->job_started > 0 ? options->job_started : clock_seconds()};
    if (!trainer->is_part)
        trainer->watchdog = watchdog_start(options->comm, options->config->hang_seconds);
    if (!open_all(trainer, options, err)) {
        trainer_close(trainer);
        return NULL;
    }
    if (options->title) {
        trainer->has_progress = true;
        progress_start(&trainer->progress, options->title, "steps",
                       (size_t)trainer->steps_per_epoch * (size_t)trainer->config->epochs,
                       (size_t)trainer->step);
    }
    interval_start(trainer);
    return trainer;
}

void trainer_close(Trainer *trainer)
{
    if (!trainer) return;
    watchdog_stop(trainer->watchdog);
    ledger_close(trainer->ledger);
    event_file_destroy(trainer->board);
    engine_close(&trainer->engine);
    if (trainer->reduce) reduce_destroy(trainer->reduce);
    pack_close(trainer->pack);
    if (trainer->staged.copy && trainer->config->stage_remove && !trainer->is_part)
        stage_remove(&trainer->staged, trainer->comm);
    arena_destroy(trainer->arena);
}

void trainer_watch(Trainer *trainer, Spans *spans)
{
    trainer->spans = spans;
    for (int w = 0; w < pool_workers(trainer->engine.pool); w++)
        trainer->engine.worker[w].run.spans = spans ? &spans[w] : NULL;
}

Engine *trainer_engine(Trainer *trainer)
{
    return &trainer->engine;
}

size_t trainer_bytes(const Trainer *trainer)
{
    return arena_bytes(trainer->arena);
}

/* --- the run --- */

static bool at_epoch_end(const Trainer *trainer)
{
    return trainer->step > 0 && trainer->step % trainer->steps_per_epoch == 0;
}

static bool is_over(const Trainer *trainer)
{
    return watch_is_over(&trainer->watch, trainer->config) || trainer_heads_are_finished(trainer);
}

static void tell_end(const Trainer *trainer)
{
    if (trainer_heads_are_finished(trainer))
        log_info("early stopping at step %" PRIu64 ": all heads have finished", trainer->step);
    else
        log_info("early stopping at step %" PRIu64 ": %d validations without a better %s",
                 trainer->step, trainer->config->stop_patience, trainer->config->watch);
}

static void end_epoch(Trainer *trainer)
{
    balance_end_epoch(trainer);
    board_add_parameters(trainer);
}

/* The loop. Leaves it at the end, at a stop, or without hope. */
static TrainerEnd run_steps(Trainer *trainer, uint64_t end)
{
    uint64_t every = (uint64_t)trainer->config->checkpoint_every;
    if (at_epoch_end(trainer)) trainer_validate(trainer); /* that an earlier stop has cut short */
    while (trainer->step < end && !trainer->stop && !is_over(trainer)) {
        trainer_step(trainer);
        if (at_epoch_end(trainer)) end_epoch(trainer);
        if (trainer->has_progress) progress_set(&trainer->progress, (size_t)trainer->step);
        if (is_hopeless(trainer)) return TRAINER_HOPELESS;
        if (trainer->stop) break;
        if (at_epoch_end(trainer)) trainer_validate(trainer);
        if (every > 0 && trainer->step % every == 0 && trainer->saved != trainer->step)
            trainer_try_save(trainer);
    }
    if (is_over(trainer)) return TRAINER_DONE;
    bool unfinished = trainer->step < end || (at_epoch_end(trainer) && trainer->stop);
    return unfinished ? TRAINER_STOPPED : TRAINER_DONE;
}

static void tell_bad_images(const Trainer *trainer)
{
    if (comm_rank(trainer->comm) == 0 && ledger_records(trainer->ledger) > 0)
        log_warning("%zu images could not be read; %s/bad_images.csv lists them",
                    ledger_records(trainer->ledger), trainer->folder.path);
}

TrainerEnd trainer_run(Trainer *trainer, long until, Error *err)
{
    uint64_t end = trainer->steps_per_epoch * (uint64_t)trainer->config->epochs;
    if (until >= 0 && (uint64_t)until < end) end = (uint64_t)until;
    TrainerEnd how = run_steps(trainer, end);
    if (trainer->has_progress) progress_hide(&trainer->progress);
    if (trainer->saved != trainer->step && !trainer_save(trainer, err)) return TRAINER_FAILED;
    tell_bad_images(trainer);
    if (how == TRAINER_STOPPED)
        log_info("stopped at step %" PRIu64 " (%s), with a checkpoint; go on with --resume",
                 trainer->step, stop_reason() ? stop_reason() : "asked of another rank");
    else if (how == TRAINER_DONE && is_over(trainer))
        tell_end(trainer);
    else if (how == TRAINER_DONE && trainer->has_progress)
        progress_finish(&trainer->progress);
    return how;
}

uint64_t trainer_steps(const Trainer *trainer)
{
    return trainer->step;
}

uint64_t trainer_steps_per_epoch(const Trainer *trainer)
{
    return trainer->steps_per_epoch;
}
