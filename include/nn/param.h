/*
 * The flat parameter store: parameters are declared in forward order while the graph is built, then
 * laid out in one array. Optimizer slots, the exact-sum accumulator and checkpoints are parallel to
 * it. An op's parameters lie side by side, so its gradient is one slice, and backward finishes a
 * growing suffix.
 *
 * Statistics that are not trained (batch norm's running mean and variance) live in a second store
 * of the same kind.
 */
#pragma once

#include "base/arena.h"
#include "nn/tensor.h"

#include <stdint.h>

typedef enum InitKind {
    INIT_CONSTANT,     /* `value` everywhere */
    INIT_TRUNC_NORMAL, /* deviation `value`, cut at +-2 (timm's trunc_normal_: absolute, not
                          deviations) */
    INIT_NORMAL,       /* deviation `value` */
    INIT_UNIFORM,      /* in [-value, value] */
} InitKind;

typedef struct Init {
    InitKind kind;
    double value;
} Init;

typedef struct Param {
    const char *name; /* "trunk.stages.0.blocks.1.mlp.fc1.weight" */
    Shape shape;
    size_t offset, count; /* floats in the flat array */
    Init init;
    bool decay; /* takes part in weight decay: matrices and kernels do, biases, gains and norms do
                   not */
    int stage;  /* of the trunk, from 1; 0: none */
    int layer;  /* of the network, from 0 (graph_layer) */
    int head;   /* number of the head that it belongs to; -1: the trunk */
    /* Belongs to the loss, not to the network: it is not taken over into other runs. */
    bool of_loss;
    bool frozen;     /* is not updated; of a statistic: keeps its value */
    double lr_scale; /* multiplies the learning rate */
} Param;

typedef struct ParamStore {
    Param **list; /* in forward order */
    int count;
    size_t
        total; /* floats, each parameter padded to a multiple of PARAM_ALIGN; padding stays zero */
    float *value; /* (total), NULL until param_layout */
    Arena *arena;
} ParamStore;

enum { PARAM_ALIGN = 16 };

ParamStore *param_store_create(Arena *run);
/* Declares a parameter; the name is copied. Offsets are known at once, values after param_layout.
 */
Param *param_declare(ParamStore *store, const char *name, Shape shape, Init init, bool decay);
/* Allocates the values, all zero: for those who fill them in from elsewhere. */
void param_allocate(ParamStore *store);
/* Allocates the values and initialises each by (seed, its name): the same on all ranks. */
void param_layout(ParamStore *store, uint64_t seed);
Param *param_find(const ParamStore *store, const char *name); /* NULL: none */
