/* What a validation's score means for the run. */
#include "trainer.h"

#include <string.h>

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

bool trainer_judge(Trainer *trainer, const Score *score)
{
    const Config *config = trainer->config;
    return watch_observe(&trainer->watch, config, metric(config, score),
                         weighted_accuracy(config, score));
}
