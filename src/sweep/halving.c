/* Successive halving. */
#include "sweep/halving.h"

#include <stdlib.h>

Halving halving_plan(int trials, int epochs, int eta, int least)
{
    Halving halving = {.rungs = 1};
    int left = trials;
    for (int e = epochs / eta; e >= least && left > 1 && halving.rungs < RUNGS_MAX; e /= eta) {
        left /= eta;
        halving.rungs++;
    }
    for (int r = halving.rungs - 1; r >= 0; r--, epochs /= eta) halving.epochs[r] = epochs;
    for (int r = 0; r < halving.rungs; r++, trials /= eta)
        halving.trials[r] = trials > 0 ? trials : 1;
    return halving;
}

static int better_first(const void *a, const void *b)
{
    const Standing *x = a, *y = b;
    if (x->failed != y->failed) return x->failed ? 1 : -1;
    if (x->rung != y->rung) return x->rung > y->rung ? -1 : 1;
    if (!x->failed && x->merit != y->merit) return x->merit > y->merit ? -1 : 1;
    return x->trial < y->trial ? -1 : x->trial > y->trial;
}

void halving_sort(Standing *standing, int count)
{
    qsort(standing, (size_t)count, sizeof *standing, better_first);
}

static int rising(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

int halving_choose(const Halving *halving, int rung, Standing *standing, int count, int *trial)
{
    int chosen = 0;
    halving_sort(standing, count);
    for (int i = 0; i < count && chosen < halving->trials[rung]; i++)
        if (rung == 0 || (!standing[i].failed && standing[i].rung == rung - 1))
            trial[chosen++] = standing[i].trial;
    qsort(trial, (size_t)chosen, sizeof *trial, rising);
    return chosen;
}
