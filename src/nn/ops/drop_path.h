/* Stochastic depth (Huang et al. 2016): a branch is left out for some images of a step. */
#pragma once

#include "base/random.h"
#include "nn/run.h"

/* Factor of the op's branch for image n: 0 if it is dropped, 1 / keep probability otherwise. */
static inline float drop_path_factor(const Op *op, const Run *run, float drop_path, size_t n)
{
    if (!run->training || drop_path == 0) return 1;
    Random random = random_at(run->seed, RANDOM_DROP, op->name_hash, run->step, run->record[n]);
    return random_uniform(&random) < (double)drop_path ? 0 : 1 / (1 - drop_path);
}
