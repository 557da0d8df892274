/*
 * Optimizers: elementwise updates over slices of the flat store. A new one is one file and one row
 * in the table of optimizer.c.
 */
#pragma once

#include "base/option.h"
#include "base/pool.h"
#include "nn/param.h"

#include <stdint.h>

/* A slice has at most OPTIMIZER_BLOCK elements. Blocks begin anew at each parameter, so that they do not
 * depend on its neighbours. */
enum { OPTIMIZER_SLOTS_MAX = 2, OPTIMIZER_BLOCK = 4096 };

/* A piece of one parameter. */
typedef struct UpdateSlice {
    float *value;
    float *slot[OPTIMIZER_SLOTS_MAX];
    const float *grad; /* read-only */
    size_t count;
    bool decay;       /* this parameter takes part in weight decay */
    double lr;        /* of this step */
    float grad_scale; /* multiplies the gradient: clipping */
    uint64_t updates; /* of this parameter so far, this one included: Adam's t */
    double trust;     /* the parameter's own factor, if the optimizer has one */
} UpdateSlice;

/* Of one whole parameter. */
typedef struct UpdateNorms {
    double value, direction;
} UpdateNorms;

typedef struct OptimizerType {
    const char *name;
    int slots;
    const char *const *slot_name; /* (slots): names in checkpoints */
    const Option *options;        /* with `lr` and `weight_decay` first: every optimizer has them */
    size_t options_bytes;
    /* Layer-wise rates, both or neither NULL: `measure` adds a slice's squares, for all slices of a
     * parameter in order, before any of them is updated; `trust` makes of the norms the factor that
     * update then finds in its slices (`slice`: any of them). */
    void (*measure)(const void *options, const UpdateSlice *slice, UpdateNorms *squares);
    double (*trust)(const void *options, const UpdateSlice *slice, const UpdateNorms *norms);
    /* Thread-safe: called by several workers on different slices. */
    void (*update)(const void *options, const UpdateSlice *slice);
} OptimizerType;

/* Every optimizer's options begin with this. */
typedef struct OptimizerCommon {
    double lr;
    double weight_decay;
} OptimizerCommon;

const OptimizerType *optimizer_find(const char *name); /* NULL: none */
extern const char *const optimizer_names[];            /* NULL-terminated, table order */

typedef struct Optimizer {
    const OptimizerType *type;
    const void *options;
    ParamStore *store;
    float *slot[OPTIMIZER_SLOTS_MAX]; /* each (store->total), zero at the start */
    uint64_t updates;                 /* steps that were not skipped */
    uint64_t *born; /* (store->count): updates before the parameter began to learn */
    /* scratch */
    size_t *first_block, *first_unit; /* (store->count): of each parameter in the arrays below */
    size_t blocks, units;
    double *block_sum;   /* (blocks): of the norm */
    float *unit_factor;  /* (units): of adaptive clipping */
    double *unit_square; /* (2 * units) */
} Optimizer;

Optimizer *optimizer_create(const OptimizerType *type, const void *options, ParamStore *store,
                            Arena *run);

/* Freezes parameter `index` or lets it learn from the next step on, beginning its own count of updates. */
void optimizer_freeze(Optimizer *optimizer, int index, bool frozen);

/* Reads the summed gradient of [offset, offset + count) as float. Thread-safe. */
typedef void GradientFn(void *context, size_t offset, float *gradient, size_t count);

/* How the gradient is bounded; 0: not. */
typedef struct Clip {
    double adaptive; /* largest ratio of a unit's gradient to its values (agc.c); comes first */
    double norm; /* largest norm of the whole: it is scaled by min(1, norm / (its norm + 1e-6)) */
} Clip;

/* One step on all workers. The norm is a sum in double over blocks of 4096 elements from each tensor's start,
 * joined in order; norms of a parameter likewise. Returns the gradient's norm (0 if it was not needed).
 * The bits do not depend on the workers. */
double optimizer_step(Optimizer *optimizer, Pool *pool, double lr, Clip clip, GradientFn *read,
                      void *context);
