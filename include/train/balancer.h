/*
 * Balancing of losses: what each head's loss weighs in a step. A kind is one file balancer_X.c and one row in the table of
 * balancer.c; docs/heads.md has the formulas. All of it is computed alike on every rank, from sums over all ranks.
 */
#pragma once

#include "base/arena.h"
#include "base/option.h"
#include "nn/ops.h"

typedef struct Balancer Balancer;

/* What a step showed; all (heads), over all ranks. */
typedef struct BalancerStep {
    const double *loss;   /* mean over the batch's terms, without weights */
    const bool *labelled; /* whether the batch had a label of the head */
    const double *norm; /* of that loss's gradient on the shared features; 0 where there is none */
} BalancerStep;

typedef struct BalancerType {
    const char *name; /* "dwa" */
    const Option *options;
    size_t options_bytes;
    TapUse taps;          /* what it needs of the gradients on the features */
    bool log_variances;   /* heads have a learnt weight */
    int numbers_per_head; /* of state */
    /* The state of a run's beginning; NULL: all zero. */
    void (*begin)(Balancer *balancer);
    /* Fills in `factor` for a step. */
    void (*weigh)(Balancer *balancer);
    /* Takes in a step that was not skipped; and the end of an epoch, after its last step. NULL: of no interest. */
    void (*observe)(Balancer *balancer, const BalancerStep *step);
    void (*end_epoch)(Balancer *balancer);
} BalancerType;

struct Balancer {
    const BalancerType *type;
    const void *options;
    int heads;
    double *given;              /* (heads): heads[].weight */
    double *factor;             /* (heads): what weighs the losses of the step */
    double *state;              /* (heads,type->numbers_per_head): part of the run's state */
    const float **log_variance; /* (heads): places in the parameter store; NULL without */
};

const BalancerType *balancer_find(const char *name); /* NULL: no such kind */
extern const char *const balancer_names[];           /* NULL-terminated, table order */

/* `given` is copied. log_variance is left to the caller. Memory comes from `run`. */
void balancer_create(Balancer *balancer, const BalancerType *type, const void *options, int heads,
                     const double *given, Arena *run);

/* Doubles of state. */
size_t balancer_numbers(const Balancer *balancer);
