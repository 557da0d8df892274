/*
 * A run of the graph over one lane on one worker: workspace, lane facts, and the calls by which
 * results leave. Nothing in here allocates.
 */
#pragma once

#include "base/spans.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"
#include "nn/graph.h"

/* A label of an image, as one head sees it. Which member holds it is a matter of the head's loss. */
typedef struct Target {
    float weight; /* its share in the image times its class's weight; 0: missing, or masked */
    int label;    /* one class */
    const int32_t *member; /* any number of classes: those that hold (members), rising */
    int members;
    double value; /* a number, in its own unit */
} Target;

/* What one head is told about the lane and what it tells back. */
typedef struct HeadRun {
    const Target *target; /* (images,parts) */
    int parts;            /* targets of an image: 1, or more where images are mixed */
    float scale;          /* weight of the head / terms of its loss in the global batch */
    double half_weight;   /* of nn_log_variance: the lane's share of half the head's given weight */
    double loss;          /* out: sum of the terms times their targets' weights, added in order */
    int correct;          /* out: images whose first target is predicted exactly; 0 for numbers */
    double
        error; /* out: sum over images of the distance to the first target, where a loss has one */
} HeadRun;

struct Run {
    const Graph *graph;
    const Plan *plan; /* graph->train or graph->eval */
    const Kernels *kernel;
    float *workspace;      /* (plan->floats), 64-byte aligned */
    const float *value;    /* parameters */
    const float *state;    /* statistics */
    const float *prepared; /* shared prepared weights */
    float *dparam;         /* (graph->dparam_floats): gradient of the op at work */

    bool is_backward; /* the pass under way */

    int images; /* in this lane; <= the shapes' dim[0] */
    bool training;
    uint64_t seed, step;
    const uint32_t *record; /* (images): keys of random draws */
    HeadRun *head;          /* (heads) */
    /* (taps,taps) out of backward: inner products of the taps' gradients, added over the images in order; NULL: not wanted */
    double *products;

    void *context;
    void (*poll)(void *context); /* called at least every millisecond or so */
    /* The gradient of the store's slice [offset, offset + count) of this lane is final. */
    void (*grad_ready)(void *context, size_t offset, const float *gradient, size_t count);
    /* The lane's statistic of a state parameter, to be averaged over lanes. */
    void (*statistic)(void *context, const Param *state, const float *lane_value);

    Spans *spans; /* of each op's forward and backward; NULL: nobody watches */
};

/* Prepares op `index`'s weights; ops are independent, so workers can share them out. */
void graph_prepare(const Graph *graph, int index, const float *value, float *prepared);

/* All ops in order; for evaluation with the eval plan. */
void graph_forward(Run *run);
/* All ops in reverse; needs a forward with the train plan. Calls grad_ready for each op with
 * parameters. */
void graph_backward(Run *run);

/* --- for ops --- */
float *run_value(const Run *run, const Tensor *tensor);
/* Gradient of the op's output. May be overwritten by the op's backward, which is its last reader.
 */
float *run_dout(const Run *run, const Op *op);
/* Gradient of input i, to be added to: zeroed here if this op is the first to touch it. NULL if the
 * input wants none. */
float *run_grad(const Run *run, const Op *op, int i);
/* The same memory for an op that would rather overwrite: *adds tells whether it must add. */
float *run_grad_raw(const Run *run, const Op *op, int i, bool *adds);
float *run_scratch(const Run *run);
const float *run_param(const Run *run, const Op *op, int slot);
const float *run_state(const Run *run, const Op *op, int slot);
const float *run_prepared(const Run *run, const Op *op);
/* Where backward writes the gradient of parameter `slot`. */
float *run_dparam(const Run *run, const Op *op, int slot);
void run_poll(const Run *run);

/* gemm with a poll about every millisecond. */
void run_gemm(const Run *run, Transpose ta, Transpose tb, int m, int n, int k, float alpha,
              const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
/* gemm_panels and gemm_packed with such polls. */
void run_gemm_panels(const Run *run, const PanelProduct *product);
void run_gemm_packed(const Run *run, Transpose ta, int m, int n, int k, const float *a, int lda,
                     const float *packed, float beta, float *c, int ldc);
