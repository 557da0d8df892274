/* Validation after an epoch, and what its score means for the run. */
#include "trainer.h"

#include "base/log.h"

#include <string.h>

/* Whose mean is taken: all heads, or those whose predictions are right or wrong. */
typedef bool Chosen(HeadMeasure measure);

static bool any_head(HeadMeasure measure)
{
    (void)measure;
    return true;
}

/* The share of a head among those chosen: as their losses are weighted; all alike if all weigh nothing. */
static double share_of(const Config *config, int head, Chosen *chosen)
{
    double sum = 0;
    int count = 0;
    if (!chosen(config->heads[head].type->measure)) return 0;
    for (int h = 0; h < config->head_count; h++) {
        if (!chosen(config->heads[h].type->measure)) continue;
        sum += config->heads[h].weight;
        count++;
    }
    return sum > 0 ? config->heads[head].weight / sum : 1.0 / count;
}

/* Of accuracies and the like; errors, which have units of their own, have no part in it. -1: there is none. */
static double weighted_score(const Config *config, const Score *score)
{
    double sum = 0, shares = 0;
    for (int h = 0; h < config->head_count; h++) {
        HeadResult result = score_head(score, h);
        double share = share_of(config, h, head_judges);
        sum += share * head_score(&result);
        shares += share;
    }
    return shares > 0 ? sum : -1;
}

static double weighted_loss(const Config *config, const Score *score)
{
    double sum = 0;
    for (int h = 0; h < config->head_count; h++)
        sum += share_of(config, h, any_head) * score_head(score, h).loss;
    return sum;
}

/* Of `watch`; more is better. */
static double metric(const Config *config, const Score *score)
{
    if (strcmp(config->watch, "joint") == 0) return score_joint(score).accuracy;
    if (strcmp(config->watch, "weighted") == 0) return weighted_score(config, score);
    if (strcmp(config->watch, "loss") == 0) return -weighted_loss(config, score);
    HeadResult result = score_head(score, config_find_head(config, config->watch));
    return head_merit(&result);
}

bool trainer_judge(Trainer *trainer, const Score *score)
{
    const Config *config = trainer->config;
    return watch_observe(&trainer->watch, config, metric(config, score),
                         weighted_score(config, score));
}

const Score *trainer_score(Trainer *trainer)
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
    const Score *score = trainer_score(trainer);
    if (score) score = trainer_go_back(trainer, score);
    trainer->stop = score == NULL;
    if (!score) return;
    trainer->validated = trainer->step;
    trainer->saved =
        UINT64_MAX; /* a checkpoint of this step, if there is one, does not know of it */
    log_validation(trainer, score);
    trainer_keep_best(trainer, score);
    interval_start(trainer);
}
