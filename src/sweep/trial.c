/* One trial of a sweep. */
#include "sweep/trial.h"

#include "base/log.h"
#include "report/run_records.h"
#include "train/trainer.h"

#include <stdio.h>
#include <string.h>

static void diverge(TrialResult *result, const char *reason)
{
    result->state = TRIAL_DIVERGED;
    snprintf(result->reason, sizeof result->reason, "%s", reason);
}

static void fail(TrialResult *result, const Error *err)
{
    *result = (TrialResult){.state = TRIAL_FAILED, .kind = err->kind};
    snprintf(result->reason, sizeof result->reason, "%.*s", (int)strcspn(err->text, "\n"),
             err->text);
}

/* The record of the validation after an epoch; of the last one where the run has ended `early`. NULL: there is none. */
static const JsonValue *find_validation(const RunRecords *run, int epoch, bool early)
{
    for (size_t i = run->records; i-- > 0;) {
        int64_t at;
        if (run_record_is(run->record[i], "val") &&
            json_get_integer(json_member(run->record[i], "epoch"), &at) &&
            (early ? at <= epoch : at == epoch))
            return run->record[i];
    }
    return NULL;
}

static bool read_score(const TrialTask *task, bool early, TrialResult *result, Arena *arena,
                       Error *err)
{
    RunRecords run;
    if (!run_records_open(&run, task->folder, arena, err)) return false;
    const JsonValue *record = find_validation(&run, task->epochs, early);
    if (!record)
        error_set(err, ERROR_DATA, "%s/metrics.jsonl: has no validation after epoch %d",
                  task->folder, task->epochs);
    else if (metric_read(task->metric, record, &result->score))
        result->state = TRIAL_SCORED;
    else
        diverge(result, "its validation gave no number");
    run_records_close(&run);
    return record;
}

/* Leaves the result open where the run has come to its epochs: it is to be read. */
static void train(const TrialTask *task, Config *config, bool *early, TrialResult *result,
                  Error *err)
{
    TrainerOptions options = {
        .comm = task->comm, .config = config, .resume = true, .job_started = task->job_started};
    Trainer *trainer = trainer_open(&options, err);
    if (!trainer) return;
    uint64_t until = trainer_steps_per_epoch(trainer) * (uint64_t)task->epochs;
    TrainerEnd end = trainer_run(trainer, (long)until, err);
    const char *trouble = trainer_trouble(trainer);
    *early = trainer_steps(trainer) < until;
    if (end == TRAINER_STOPPED)
        result->state = TRIAL_STOPPED;
    else if (end != TRAINER_FAILED && trouble)
        diverge(result, trouble);
    trainer_close(trainer);
}

static bool load(Config *config, const TrialTask *task, Arena *arena, Error *err)
{
    if (config_load(config, arena, task->config, task->set, task->sets, err))
        snprintf(config->run, sizeof config->run, "%s", task->folder);
    return comm_agree(task->comm, err);
}

TrialResult trial_run(const TrialTask *task)
{
    TrialResult result = {TRIAL_OPEN};
    Error err = {0};
    Config config;
    bool early = false;
    Arena *arena = arena_create("trial");
    bool quiet = log_set_quiet(true);
    if (load(&config, task, arena, &err)) train(task, &config, &early, &result, &err);
    if (err.kind == ERROR_NONE && result.state == TRIAL_OPEN && comm_rank(task->comm) == 0)
        read_score(task, early, &result, arena, &err);
    log_set_quiet(quiet);
    arena_destroy(arena);
    if (err.kind != ERROR_NONE) fail(&result, &err);
    return result;
}
