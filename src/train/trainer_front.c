/* The checkpoints of the Pareto front. */
#include "trainer.h"

#include <stdlib.h>

bool trainer_take_in_front(Trainer *trainer, const Score *score)
{
    int limit = trainer->config->checkpoint_pareto;
    return limit > 0 && front_take(&trainer->front, trainer->step, score, (size_t)limit);
}

bool trainer_link_front(Trainer *trainer, Error *err)
{
    const ParetoFront *pareto = &trainer->front.pareto;
    if (trainer->config->checkpoint_pareto == 0) return true;
    uint64_t *step = calloc(pareto->points + 1, sizeof *step);
    size_t count = 0;
    if (!step) die("Pareto front: out of memory");
    for (size_t p = 0; p < pareto->points; p++)
        if (pareto->point[p].kept) step[count++] = pareto->point[p].step;
    bool ok = run_folder_link_front(&trainer->folder, step, count, err);
    free(step);
    return ok;
}
