/* What a lane costs here, for the model of a step over many ranks. */
#pragma once

#include "bench/rig.h"
#include "bench/step_model.h"

typedef struct LaneCost {
    double lane_seconds, update_seconds; /* as in StepModel */
    double checkpoint_seconds;           /* to write one; 0: not measured */
    double
        *ready; /* (ops): seconds after the lane's beginning at which the op's gradient is summed */
    bool measured;
} LaneCost;

/* From three real steps with a lane on each worker that this machine has cores for, and a checkpoint in a
 * temporary folder. `graph`: the network of the configuration. One rank; memory comes from `run`. */
bool lane_cost_measure(LaneCost *cost, const RigOptions *rig, const Graph *graph, Arena *run,
                       Error *err);
/* From the seconds of a lane, shared out by multiply-adds; the update is neglected. */
void lane_cost_assume(LaneCost *cost, double lane_seconds, const Graph *graph, Arena *run);

/* The buckets of the network's gradient, in the order in which they are complete; their number into
 * *count. Memory comes from `run`. */
const BucketModel *lane_cost_buckets(const LaneCost *cost, const Graph *graph,
                                     const ReduceOptions *reduce, Arena *run, int *count);

/* Bytes per second at which this core adds one int64 array to another. */
double adding_rate(void);
