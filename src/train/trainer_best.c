/* The best checkpoints: of each head, of all jointly, of their weighted score. */
#include "trainer.h"

#include "base/log.h"

/* Notes the step as the best one of `which` if it is. */
static bool note(Trainer *trainer, int which, bool is_best)
{
    if (is_best) trainer->best_step[which] = trainer->step;
    return is_best;
}

static bool take_in_head(Trainer *trainer, const Score *score, int head)
{
    HeadResult result = score_head(score, head);
    bool is_best = head_is_better(&result, trainer->best[head]);
    if (is_best) trainer->best[head] = head_score(&result);
    return note(trainer, head, is_best);
}

static bool take_in_joint(Trainer *trainer, const Score *score)
{
    int heads = score->heads;
    JointResult joint = score_joint(score);
    bool is_best = joint.labelled > 0 && joint.accuracy > trainer->best[heads];
    if (is_best) trainer->best[heads] = joint.accuracy;
    return note(trainer, heads, is_best);
}

/* True if anything is better than ever. Where no head can be right or wrong, nothing is best jointly or weighted. */
static bool take_in(Trainer *trainer, const Score *score)
{
    bool any = note(trainer, score->heads + 1, trainer_judge(trainer, score));
    any |= take_in_joint(trainer, score);
    for (int h = 0; h < score->heads; h++) any |= take_in_head(trainer, score, h);
    return any;
}

static void link_name(const Trainer *trainer, int which, char *name, size_t bytes)
{
    int heads = trainer->config->head_count;
    snprintf(name, bytes, "best-%s",
             which < heads    ? trainer->config->heads[which].name
             : which == heads ? "joint"
                              : "weighted");
}

bool trainer_link_best(Trainer *trainer, Error *err)
{
    for (int which = 0; which <= trainer->config->head_count + 1; which++) {
        char name[OPTION_TEXT_BYTES + 8];
        link_name(trainer, which, name, sizeof name);
        if (trainer->best_step[which] == trainer->step && trainer->step > 0 &&
            !run_folder_link(&trainer->folder, name, trainer->step, err))
            return false;
    }
    return trainer_link_front(trainer, err);
}

void trainer_keep_best(Trainer *trainer, const Score *score)
{
    bool any = take_in(trainer, score);
    trainer_count_stale(trainer, score);
    any |= trainer_take_in_front(trainer, score);
    if (!any) return;
    Error err = {0};
    trainer_try_save(trainer);
    if (trainer->saved != trainer->step || comm_rank(trainer->comm) != 0) return;
    if (!trainer_link_best(trainer, &err)) log_warning("%s", err.text);
    run_folder_prune(&trainer->folder);
}
