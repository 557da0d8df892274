/* An exponential moving average of a network's parameters and statistics, kept beside them. */
#pragma once

#include "base/option.h"
#include "base/pool.h"
#include "nn/param.h"

/* Section `ema` of the configuration. */
typedef struct EmaOptions {
    double decay; /* 0: no average */
    bool warmup;  /* the decay of update t is at most (1 + t) / (10 + t) */
} EmaOptions;

extern const Option ema_options[];

typedef struct Ema {
    const EmaOptions *options;
    const ParamStore *params, *state;
    float *param_value, *state_value; /* parallel to the stores' values */
} Ema;

/* Memory comes from `run`; options and stores are referred to. The average holds zeros. */
Ema *ema_create(const EmaOptions *options, const ParamStore *params, const ParamStore *state,
                Arena *run);
/* The average of one value: the present one. */
void ema_begin(Ema *ema);
/* After update number `updates` (1, 2, …): average += (1 - decay) * (value - average); frozen parameters
 * keep theirs. On all workers; the bits do not depend on them. */
void ema_update(Ema *ema, Pool *pool, uint64_t updates);
