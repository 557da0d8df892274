/* Validation after an epoch: what its score means for the run, and the checkpoints of the best. */
#include "trainer.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

/* --- what the score means --- */

static double weight_of(const Config *config, int head)
{
    double sum = 0;
    for (int h = 0; h < config->head_count; h++) sum += config->heads[h].weight;
    return sum > 0 ? config->heads[head].weight / sum : 1.0 / config->head_count;
}

/* The heads' accuracies (top 1), weighted as their losses are; all alike if all weigh nothing. */
static double weighted_accuracy(const Config *config, const Score *score)
{
    double sum = 0;
    for (int h = 0; h < config->head_count; h++)
        sum += weight_of(config, h) * score_head(score, h).top1;
    return sum;
}

static double weighted_loss(const Config *config, const Score *score)
{
    double sum = 0;
    for (int h = 0; h < config->head_count; h++)
        sum += weight_of(config, h) * score_head(score, h).loss;
    return sum;
}

/* Of `watch`; more is better. */
static double metric(const Config *config, const Score *score)
{
    if (strcmp(config->watch, "joint") == 0) return score_joint(score).accuracy;
    if (strcmp(config->watch, "weighted") == 0) return weighted_accuracy(config, score);
    if (strcmp(config->watch, "loss") == 0) return -weighted_loss(config, score);
    return score_head(score, config_find_head(config, config->watch)).top1;
}

/* True if the weighted accuracy is the best so far. */
static bool judge(Trainer *trainer, const Score *score)
{
    const Config *config = trainer->config;
    return watch_observe(&trainer->watch, config, metric(config, score),
                         weighted_accuracy(config, score));
}

/* --- the best checkpoints --- */

/* Marks heads (then all jointly, and weighted) whose accuracy is the best so far; true if any is. */
static bool find_improved(Trainer *trainer, const Score *score, bool *improved)
{
    bool any = improved[score->heads + 1] = judge(trainer, score);
    for (int h = 0; h <= score->heads; h++) {
        double accuracy =
            h < score->heads ? score_head(score, h).top1 : score_joint(score).accuracy;
        improved[h] = accuracy > trainer->best[h];
        if (improved[h]) trainer->best[h] = accuracy;
        any |= improved[h];
    }
    return any;
}

static bool link_best(Trainer *trainer, const bool *improved, Error *err)
{
    int heads = trainer->config->head_count;
    if (comm_rank(trainer->comm) != 0) return comm_agree(trainer->comm, err);
    for (int h = 0; h <= heads + 1; h++) {
        char name[OPTION_TEXT_BYTES + 8];
        snprintf(name, sizeof name, "best-%s",
                 h < heads    ? trainer->config->heads[h].name
                 : h == heads ? "joint"
                              : "weighted");
        if (improved[h] && !run_folder_link(&trainer->folder, name, trainer->step, err)) break;
    }
    run_folder_prune(&trainer->folder);
    return comm_agree(trainer->comm, err);
}

/* Keeps a checkpoint of an epoch in which a head is better than ever. */
static void keep_best(Trainer *trainer, const Score *score)
{
    bool *improved = calloc((size_t)score->heads + 2, sizeof *improved);
    if (!improved) die("validation: out of memory");
    if (find_improved(trainer, score, improved)) {
        Error err = {0};
        trainer_try_save(trainer);
        if (trainer->saved == trainer->step && !link_best(trainer, improved, &err))
            log_warning("%s", err.text);
    }
    free(improved);
}

/* Scores the weights, or their average if there is one. */
static const Score *validate_network(Trainer *trainer)
{
    const Graph *graph = trainer->engine.model.graph;
    const Ema *ema = trainer->ema;
    trainer_leave_epoch(trainer);
    if (ema) engine_use(&trainer->engine, ema->param_value, ema->state_value);
    const Score *score =
        evaluate(trainer->evaluator, SPLIT_VAL, trainer->has_progress ? "validating" : NULL);
    if (ema) engine_use(&trainer->engine, graph->params->value, graph->state->value);
    return score;
}

void trainer_validate(Trainer *trainer)
{
    size_t images;
    pack_split(trainer->pack, SPLIT_VAL, &images);
    if (images == 0 || trainer->validated == trainer->step) return;
    if (trainer->has_progress) progress_hide(&trainer->progress);
    const Score *score = validate_network(trainer);
    trainer->stop = score == NULL;
    if (!score) return;
    trainer->validated = trainer->step;
    log_validation(trainer, score);
    keep_best(trainer, score);
    interval_start(trainer);
}
