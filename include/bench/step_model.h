/*
 * A model of a training step over many ranks: how long the lanes take, and how much of the sums over
 * ranks is not hidden behind them. Pure functions.
 *
 * A rank's lanes go over its workers in rounds. In the last round the gradient becomes complete bucket by
 * bucket (dist/reduce.h), and each bucket is summed by Rabenseifner's algorithm: among P = 2^k nodes, log2 P hops
 * in which partners exchange halves, quarters and so on and add them, and as many back; a node sends and receives
 * 2 - 2/P of the bucket and adds 1 - 1/P of it. Nodes beyond the power of two have a partner with whom they share the
 * adding before, and who sends them the sum: three more hops. A hop costs latency, besides bytes / bandwidth and
 * bytes / add rate; hops between ranks of one node cost the adding alone. Buckets under way at the same time share
 * the link, one after the other, and at most COMM_REQUESTS are under way. Adding is done by a rank's worker 0, which
 * computes the less meanwhile.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct Network {
    double bandwidth; /* bytes per second and direction, of a node */
    double latency;   /* seconds of a message */
    double poll; /* seconds that a hop waits besides, on average, until a busy rank looks for it */
    double add_rate; /* bytes per second: adding what was received to the own sum */
} Network;

typedef struct BucketModel {
    size_t bytes;
    double ready; /* seconds after a lane's beginning at which it has added the last of it */
} BucketModel;

typedef struct StepModel {
    double lane_seconds;   /* of a lane on one worker, input to gradients */
    double update_seconds; /* of the optimizer and the weights' preparation, on every rank */
    int lanes, workers;    /* of the batch; of a rank */
    int ranks_per_node;
    bool node_reduce;          /* one rank of a node sends for all */
    const BucketModel *bucket; /* (buckets): in the order in which they are complete */
    int buckets;
    size_t side_bytes; /* the sums that follow the buckets */
    Network network;
} StepModel;

typedef struct StepForecast {
    int ranks, nodes;
    int rounds;        /* lanes one after the other on the busiest worker */
    double compute;    /* seconds of the rounds */
    double exposed;    /* seconds of communication beyond them */
    double step;       /* compute + exposed + update */
    double efficiency; /* share of all workers' time that goes into lanes */
} StepForecast;

StepForecast step_forecast(const StepModel *model, int ranks);

/* The fewest lanes in a step at which so many ranks reach `efficiency`, all workers being busy to the
 * end; 0: not with `most` lanes. */
int step_lanes_for(const StepModel *model, int ranks, double efficiency, int most);

/* Messages one after the other in a sum over `ranks`. */
int step_hops(int ranks);
