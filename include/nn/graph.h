/*
 * A network as a list of ops in forward order. Built once through the functions of ops.h, then
 * finished: the memory plans give every tensor a place in a worker's workspace. The graph is
 * read-only from then on; all that changes during a lane lives in a Run.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "nn/param.h"
#include "nn/tensor.h"

#include <stdint.h>

enum { OP_INPUTS = 2, OP_SAVED = 4, OP_PARAMS = 8, OP_STATES = 2, SCOPE_MAX = 8 };

typedef struct Tensor {
    const char *name;
    Shape shape;        /* dim[0] is the lane's images */
    int id;             /* index into a plan's places */
    int producer;       /* index of the op that makes it; -1: given from outside */
    bool is_output;     /* read after the pass: keeps its place to the end */
    bool only_training; /* evaluation has no use for it, and no place */
    bool wants_grad;    /* false for images and what depends on nothing trainable */
} Tensor;

typedef struct Op Op;
typedef struct Run Run;

/* What backward needs of an op's forward; the plan keeps exactly this. */
typedef enum Keeps {
    KEEPS_IN0 = 1,
    KEEPS_IN1 = 2,
    KEEPS_OUT = 4,      /* unless it is made anew (remakes_out) */
    KEEPS_OUT_AGAIN = 8 /* or then what is made anew */
} Keeps;

typedef struct OpType {
    const char *name;
    unsigned keeps; /* Keeps, or-ed */
    /* Floats of scratch that forward or backward need at once; NULL: none. */
    size_t (*scratch)(const Op *op, bool training);
    /* Weights in the form that the lanes use (folded, packed): made once per step by `prepare`,
     * shared by all workers. NULL: none. */
    size_t (*prepared)(const Op *op);
    void (*prepare)(const Op *op, const float *value, float *prepared);
    void (*forward)(const Op *op, Run *run);
    /* Adds to the gradients of its inputs through run_grad, overwrites its parameters' in
     * run->dparam. */
    void (*backward)(const Op *op, Run *run);
    /* Of ops with remakes_out: writes the value of `out` again, the same bits, from what the op has kept. */
    void (*remake)(const Op *op, const Run *run);
    /* Multiply-adds of its forward on one image, convolutions counted as they are defined, however
     * they are computed: macs_of_weights or the like. NULL: too few to count. */
    uint64_t (*macs)(const Op *op);
} OpType;

/* --- for OpType.macs (work.c) --- */
/* Every weight once at each place of the output: convolutions of all kinds, linear layers. */
uint64_t macs_of_weights(const Op *op);
/* Attention: every token with every other, twice. */
uint64_t macs_of_token_pairs(const Op *op);

struct Op {
    const OpType *type;
    const char *name;
    uint64_t name_hash;    /* key of its random draws */
    const void *options;   /* struct of its own file */
    Tensor *in[OP_INPUTS]; /* NULL: absent */
    Tensor *out;
    Tensor *saved[OP_SAVED];         /* kept from forward to backward */
    Param *param[OP_PARAMS];         /* side by side in the store */
    Param *state[OP_STATES];         /* statistics, in the second store */
    size_t param_begin, param_count; /* slice of the store that holds param[], with padding */
    size_t prepared;                 /* offset of its prepared weights */
    int index;                       /* in graph->op */
    bool grad_is_first[OP_INPUTS];   /* its backward is the first to touch in[i]'s gradient */
    bool remakes_out;                /* `out` is not kept for backward, but made anew there */
    bool remakes_in[OP_INPUTS];      /* its backward is the first that needs such an in[i] */
};

/* Places of all tensors in a workspace, in floats; PLAN_NONE: not in this plan. */
typedef struct Plan {
    size_t *value, *grad; /* (tensors) */
    size_t *again;        /* of values that backward makes anew */
    size_t scratch;       /* begin of the scratch area */
    size_t floats;        /* size of a workspace */
} Plan;
#define PLAN_NONE SIZE_MAX

/* How convolutions are computed: by the fastest method for their shape, or by the one that errs least. */
typedef enum ConvChoice { CONV_AUTO, CONV_DIRECT } ConvChoice;

typedef struct Graph {
    Arena *arena;
    ParamStore *params, *state;
    Op **op;
    int op_count;
    Tensor **tensor;
    int tensor_count;
    char scope[256];                /* prefix of names: "trunk.stages.0." */
    size_t scope_length[SCOPE_MAX]; /* of the prefix before each push that is open */
    int scopes;
    int stage;            /* of what is added now; 0: before the first */
    int layer;            /* likewise; 0: the stem */
    int head;             /* likewise, from 0; -1: of the trunk */
    int frozen;           /* stages up to this one are not trained */
    bool fixed_norm;      /* batch norms use their running statistics in training too */
    bool noisy_norm;      /* a batch norm over few values has been told of */
    bool recompute;       /* backward makes anew what is large and cheap to make; the same bits */
    ConvChoice conv;      /* of those that are added now */
    bool only_evaluation; /* there is no plan for training */
    Plan train, eval;
    size_t prepared_floats;
    size_t dparam_floats; /* largest op's parameter slice */
    Error err;            /* mistakes of the description; building goes on after one */
} Graph;

Graph *graph_create(Arena *run);

/* A tensor that is given from outside, without gradient. */
Tensor *graph_input(Graph *graph, const char *name, Shape shape);

/* Names inside are prefixed; pushes nest. */
void graph_push_scope(Graph *graph, const char *format, ...) __attribute__((format(printf, 2, 3)));
void graph_pop_scope(Graph *graph);

/* Trunks call it where a stage begins, counting from 1: stages can be frozen, and learn at rates of
 * their own. */
void graph_stage(Graph *graph, int stage);
/* Trunks call it where a block begins, and once behind the last one, since what comes there is one layer with
 * the heads: layers, too, can learn at rates of their own. A trunk that never does has none. */
void graph_layer(Graph *graph);
/* What is added from now on belongs to head number `head`; -1: to the trunk. */
void graph_head(Graph *graph, int head);
/* Whether what is added now is left as it is: not trained, statistics included. */
bool graph_is_frozen(const Graph *graph);

/* For ops: a new op on its inputs (in1 may be NULL) with an output of `shape`; options are copied.
 */
Op *graph_op(Graph *graph, const OpType *type, const char *name, Tensor *in0, Tensor *in1,
             Shape shape, const void *options, size_t options_bytes);
/* A tensor that the op's forward fills for its backward. */
Tensor *graph_saved(Graph *graph, Op *op, int slot, const char *name, Shape shape);
Param *graph_param(Graph *graph, Op *op, int slot, const char *name, Shape shape, Init init,
                   bool decay);
Param *graph_state(Graph *graph, Op *op, int slot, const char *name, int count, float initial);

/* Plans memory. False if building met a mistake; `err` then holds all of them. */
bool graph_finish(Graph *graph, Error *err);
