/* How much a network computes: multiply-adds, from the ops' own counts (OpType.macs). */
#pragma once

#include "nn/graph.h"

/* Of one image. A multiply-add is two operations of floating point. Backward is counted as what must
 * be computed: the gradient of the weights, and that of the input where somebody wants it. Zero for
 * an op that says nothing. */
typedef struct Work {
    uint64_t forward, backward;
} Work;

Work op_work(const Op *op);
Work graph_work(const Graph *graph);

/* Operations of floating point of a training step on one image. */
double work_flops(Work work);
