/*
 * Optimizers: elementwise updates over slices of the flat store. A new one is one file and one row
 * in the table of optimizer.c.
 */
#pragma once

#include "base/option.h"
#include "base/pool.h"
#include "nn/param.h"

#include <stdint.h>

enum { OPTIMIZER_SLOTS_MAX = 2 };

/* A piece of one parameter. */
typedef struct UpdateSlice {
    float *value;
    float *slot[OPTIMIZER_SLOTS_MAX];
    const float *grad; /* read-only */
    size_t count;
    bool decay;       /* this parameter takes part in weight decay */
    double lr;        /* of this step */
    float grad_scale; /* multiplies the gradient: clipping */
    uint64_t updates; /* done so far, this one included: Adam's t */
} UpdateSlice;

typedef struct OptimizerType {
    const char *name;
    int slots;
    const char *const *slot_name; /* (slots): names in checkpoints */
    const Option *options;        /* with `lr` and `weight_decay` first: every optimizer has them */
    size_t options_bytes;
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
    double *block_sum;                /* scratch of the norm */
} Optimizer;

Optimizer *optimizer_create(const OptimizerType *type, const void *options, ParamStore *store,
                            Arena *run);

/* Reads the summed gradient of [offset, offset + count) as float. Thread-safe. */
typedef void GradientFn(void *context, size_t offset, float *gradient, size_t count);

/* One step on all workers: with clip_norm > 0 the gradient is scaled by min(1, clip_norm / (norm +
 * 1e-6)); the norm is a sum in double over blocks of 4096 elements from each tensor's start, joined
 * in order. Returns the gradient's norm (0 if it was not needed). The bits do not depend on the
 * workers. */
double optimizer_step(Optimizer *optimizer, Pool *pool, double lr, double clip_norm,
                      GradientFn *read, void *context);
