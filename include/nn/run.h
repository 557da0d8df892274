/*
 * A run of the graph over one lane on one worker: workspace, lane facts, and the calls by which
 * results leave. Nothing in here allocates.
 */
#pragma once

#include "base/spans.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"
#include "nn/graph.h"

/* What one head is told about the lane and what it tells back. */
typedef struct HeadRun {
    const int32_t *label; /* (images): class, or < 0 where masked */
    float scale;          /* weight of the head / labelled images of the global batch */
    double loss;          /* out: sum of the labelled images' losses, added in order */
    int correct;          /* out: labelled images whose most probable class is the label */
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
