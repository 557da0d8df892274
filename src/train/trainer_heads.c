/* Heads that have finished: after `patience` validations without a better score a head learns no more, and the trunk
 * learns no more from it. */
#include "trainer.h"

#include "base/log.h"

#include <inttypes.h>

static uint64_t patience_of(const Trainer *trainer, int head)
{
    return (uint64_t)trainer->config->heads[head].patience;
}

bool trainer_head_is_finished(const Trainer *trainer, int head)
{
    return head >= 0 && patience_of(trainer, head) > 0 &&
           trainer->stale[head] >= patience_of(trainer, head);
}

bool trainer_heads_are_finished(const Trainer *trainer)
{
    int heads = trainer->config->head_count, finished = 0;
    for (int h = 0; h < heads; h++) finished += trainer_head_is_finished(trainer, h);
    return heads > 0 && finished == heads;
}

void trainer_freeze_heads(Trainer *trainer)
{
    const ParamStore *params = trainer->optimizer->store;
    for (int i = 0; i < params->count; i++)
        if (trainer_head_is_finished(trainer, params->list[i]->head))
            optimizer_freeze(trainer->optimizer, i, true);
}

bool trainer_head_is_last_try(const Trainer *trainer, int head)
{
    return patience_of(trainer, head) > 0 && trainer->stale[head] + 1 == patience_of(trainer, head);
}

void trainer_finish_head(Trainer *trainer, int head)
{
    const HeadConfig *config = &trainer->config->heads[head];
    trainer->stale[head] = patience_of(trainer, head);
    log_info("head %s has finished at step %" PRIu64
             ": no better score in %d validations; it is frozen",
             config->name, trainer->step, config->patience);
}

void trainer_count_stale(Trainer *trainer, const Score *score)
{
    for (int h = 0; h < score->heads; h++) {
        if (patience_of(trainer, h) == 0 || trainer_head_is_finished(trainer, h) ||
            score_head(score, h).labelled == 0)
            continue;
        if (trainer->best_step[h] == trainer->step) {
            trainer->stale[h] = 0;
            trainer_take_snapshot(trainer, h);
        } else if (trainer_head_is_last_try(trainer, h)) {
            trainer_finish_head(trainer, h);
        } else {
            trainer->stale[h]++;
        }
    }
    trainer_freeze_heads(trainer);
}
