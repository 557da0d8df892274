/* The batch of a step, which every rank knows as a whole: its records, how they are mixed, and how many labels of each
 * head they have. */
#include "trainer.h"

#include <string.h>

static void find_records(Trainer *trainer)
{
    uint64_t epoch = trainer->step / trainer->steps_per_epoch;
    if (trainer->order_epoch != epoch) {
        sampler_order(trainer->sampler, trainer->order, trainer->engine.seed, epoch);
        trainer->order_epoch = epoch;
        trainer_enter_epoch(trainer, epoch);
    }
    trainer->batch = trainer->order +
                     trainer->step % trainer->steps_per_epoch * (uint64_t)trainer->config->batch;
}

const Mix *trainer_mix_of(const Trainer *trainer, int lane)
{
    const Config *config = trainer->config;
    bool mixes = trainer->mix &&
                 trainer->order_epoch + (uint64_t)config->mix.off_epochs < (uint64_t)config->epochs;
    return mixes ? trainer->mix + (size_t)lane * (size_t)config->lane : NULL;
}

/* Every rank draws for all lanes: the terms of the losses depend on it. */
static void draw_mixes(Trainer *trainer)
{
    const Config *config = trainer->config;
    for (int lane = 0; lane < config->batch / config->lane && trainer_mix_of(trainer, lane); lane++)
        mix_draw(trainer->mix + (size_t)lane * (size_t)config->lane, config->lane, &config->mix,
                 trainer->engine.image, (MixAddress){trainer->engine.seed, trainer->step, lane});
}

/* Adds those of one head in one lane, by weight, in its order. */
static void add_terms(double *terms, const Trainer *trainer, int h, int lane)
{
    const Engine *engine = &trainer->engine;
    const ModelHead *head = &engine->model.head[h];
    LaneImages images = {.record = trainer->batch + (size_t)lane * (size_t)engine->lane,
                         .mix = trainer_mix_of(trainer, lane),
                         .epoch = trainer->order_epoch};
    for (int n = 0; n < engine->lane; n++) {
        Target part[MIX_PARTS];
        engine_targets(engine, h, &images, n, part);
        for (int i = 0; i < engine->parts; i++)
            if (part[i].weight != 0)
                *terms += (double)part[i].weight * head->type->terms(head->classes, part[i].label);
    }
}

/* Labels are known everywhere, so the terms of each head's loss in the global batch, by weight, are known before the
 * forward pass. They are added in the batch's order. */
static void count_terms(Trainer *trainer)
{
    trainer->balancer.type->weigh(&trainer->balancer);
    for (int h = 0; h < trainer->config->head_count; h++) {
        double terms = 0;
        for (int lane = 0; lane < trainer->config->batch / trainer->config->lane; lane++)
            add_terms(&terms, trainer, h, lane);
        trainer->head_share[h] = terms > 0 ? 1.0 / terms : 0;
        double weight = trainer_head_is_finished(trainer, h) ? 0 : trainer->balancer.factor[h];
        trainer->head_scale[h] = (float)(weight * trainer->head_share[h]);
    }
}

void trainer_find_batch(Trainer *trainer)
{
    find_records(trainer);
    draw_mixes(trainer);
    count_terms(trainer);
}

int trainer_load_lane(Trainer *trainer, LaneWorker *worker, int lane)
{
    int images = trainer->config->lane;
    memcpy(worker->record, trainer->batch + (size_t)lane * (size_t)images,
           sizeof(uint32_t) * (size_t)images);
    worker->mix = trainer_mix_of(trainer, lane);
    return engine_load(&trainer->engine, worker, images, true, trainer->order_epoch);
}
