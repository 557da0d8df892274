/* Balancing of losses and interference of heads, as the trainer's part: sums of a step, what is learnt from them. */
#include "trainer.h"

/* Index into the side array of the sum of a pair's products. */
static size_t side_of_pair(const Trainer *trainer, int i, int j)
{
    return side_of_head(trainer->config->head_count, 0) + interference_pair(i, j);
}

static int tapped(const Trainer *trainer, int tap)
{
    return trainer->engine.model.tapped[tap];
}

static void find_log_variances(Trainer *trainer)
{
    const Model *model = &trainer->engine.model;
    Balancer *balancer = &trainer->balancer;
    balancer->log_variance = arena_new(trainer->arena, const float *, model->heads + 1);
    for (int h = 0; h < model->heads; h++)
        if (model->head[h].log_variance)
            balancer->log_variance[h] =
                model->graph->params->value + model->head[h].log_variance->offset;
}

void trainer_open_balance(Trainer *trainer)
{
    const Config *config = trainer->config;
    Arena *arena = trainer->arena;
    int taps = trainer->engine.model.taps;
    double *given = arena_new(arena, double, config->head_count + 1);
    for (int h = 0; h < config->head_count; h++) given[h] = config->heads[h].weight;
    balancer_create(&trainer->balancer, config->balancer, config->balancer_options,
                    config->head_count, given, arena);
    find_log_variances(trainer);
    interference_create(&trainer->interference, taps, arena);
    trainer->pair_total = arena_new(arena, int64_t, interference_pairs(taps) + 1);
    trainer->tap_share = arena_new(arena, double, taps + 1);
    trainer->tap_factor = arena_new(arena, double, taps + 1);
    trainer->head_norm = arena_new(arena, double, config->head_count + 1);
    trainer->head_loss = arena_new(arena, double, config->head_count + 1);
    trainer->head_labelled = arena_new(arena, bool, config->head_count + 1);
    for (int w = 0; taps > 0 && w < pool_workers(trainer->engine.pool); w++)
        trainer->engine.worker[w].run.products = arena_new(arena, double, taps *taps);
}

static int next_power_of_two(int n)
{
    int power = 1;
    while (power < n) power *= 2;
    return power;
}

/* 1 / terms of a head that takes part in the step; 0: no label in the batch, or it has finished. */
static double share_of(const Trainer *trainer, int head)
{
    return trainer_head_is_finished(trainer, head) ? 0 : trainer->head_share[head];
}

void balance_prepare_lane(const Trainer *trainer, Run *run)
{
    double share = (double)trainer->config->lane / (double)trainer->config->batch;
    for (int h = 0; h < trainer->config->head_count; h++) {
        run->head[h].scale = trainer->head_scale[h];
        run->head[h].half_weight =
            share_of(trainer, h) > 0 ? trainer->balancer.given[h] / 2 * share : 0;
    }
}

void balance_add_lane(Trainer *trainer, const Run *run)
{
    int taps = trainer->engine.now->taps; /* none while the trunk is frozen */
    int power = next_power_of_two(trainer->config->batch / trainer->config->lane);
    for (int i = 0; i < taps; i++)
        for (int j = 0; j <= i; j++) {
            double scale = (double)trainer->head_scale[tapped(trainer, i)] *
                           (double)trainer->head_scale[tapped(trainer, j)];
            reduce_count_side(trainer->reduce, side_of_pair(trainer, i, j),
                              interference_quantum(run->products[i * taps + j], scale, power));
        }
}

static void observe_interference(Trainer *trainer)
{
    int taps = trainer->engine.model.taps;
    for (int i = 0; i < taps; i++) {
        trainer->tap_share[i] = share_of(trainer, tapped(trainer, i));
        trainer->tap_factor[i] = trainer->balancer.factor[tapped(trainer, i)];
        for (int j = 0; j <= i; j++)
            trainer->pair_total[interference_pair(i, j)] =
                reduce_side_count(trainer->reduce, side_of_pair(trainer, i, j));
    }
    interference_observe(&trainer->interference, trainer->pair_total, trainer->tap_share,
                         trainer->tap_factor);
    for (int i = 0; i < taps; i++)
        trainer->head_norm[tapped(trainer, i)] = trainer->interference.norm[i];
}

void balance_observe(Trainer *trainer)
{
    Balancer *balancer = &trainer->balancer;
    observe_interference(trainer);
    for (int h = 0; h < balancer->heads; h++) {
        trainer->head_loss[h] = reduce_side(trainer->reduce, side_of_head(h, SIDE_LOSS));
        trainer->head_labelled[h] = share_of(trainer, h) > 0;
    }
    BalancerStep step = {trainer->head_loss, trainer->head_labelled, trainer->head_norm};
    if (balancer->type->observe) balancer->type->observe(balancer, &step);
}

void balance_end_epoch(Trainer *trainer)
{
    if (trainer->balancer.type->end_epoch) trainer->balancer.type->end_epoch(&trainer->balancer);
    if (trainer->engine.model.taps > 0) log_interference(trainer);
    interference_end_epoch(&trainer->interference);
}
