/*
 * The reduction of a step: gradients of all lanes of all ranks, summed so that the bits do not
 * depend on which lane ran where ("exact": int64 fixed point), or plainly in float ("float": half
 * the bytes, repeatable only at equal ranks x workers).
 *
 * The flat gradient (count elements, in the order of the parameter store) is cut into buckets from
 * its end; backward finishes a growing suffix, so buckets become complete in order and their sums
 * over ranks start while the rest is still being computed. Behind the gradient lies the side array:
 * int64 values of other exact sums (losses, counts, statistics, the status word), reduced last.
 *
 * Who may call: reduce_add from any worker, everything else from the main thread, which is worker 0. Within a step:
 * reduce_begin, then for each lane of this rank reduce_add over the whole gradient in falling
 * offsets and reduce_add_side, meanwhile reduce_poll, then reduce_finish (collective).
 */
#pragma once

#include "base/arena.h"
#include "dist/comm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Reduce Reduce;

typedef enum ReduceKind { REDUCE_EXACT, REDUCE_FLOAT } ReduceKind;

typedef struct ReduceOptions {
    ReduceKind kind;
    size_t count;        /* gradient elements */
    size_t side;         /* int64 values beside them */
    size_t bucket_bytes; /* about; 0: the measured default, 2 MiB */
    int workers;         /* of this rank: REDUCE_FLOAT keeps one buffer per worker */
    bool node; /* REDUCE_EXACT: one accumulator per node, in memory that its ranks share, where
                            they have some; only one rank per node sends */
} ReduceOptions;

/* Elements of a bucket; the last one may have fewer. Local. */
size_t reduce_bucket_size(const ReduceOptions *options);

/* Memory comes from `run`. Collective (all ranks must pass equal options but workers). */
Reduce *reduce_create(Comm *comm, const ReduceOptions *options, Arena *run);
/* Frees locks and such, not the arena's memory. Collective. */
void reduce_destroy(Reduce *reduce);

/* Starts a step of `lanes` lanes in all ranks together, `own_lanes` of them on this rank. With one
 * accumulator per node it is collective, since the others of the node may still read. */
void reduce_begin(Reduce *reduce, int lanes, int own_lanes);

/* Adds a finished slice [offset, offset + count) of one lane's gradient. Every element of the
 * gradient must be added exactly once per lane. False if an element is not finite or too large.
 * Thread-safe. */
bool reduce_add(Reduce *reduce, int worker, size_t offset, const float *gradient, size_t count);

/* Adds `value` to side[index], rounded to a multiple of 2^-32; overflow if |value| >= 2^30 / P, P
 * the next power of two >= lanes, told by false. Thread-safe. */
bool reduce_add_side(Reduce *reduce, size_t index, double value);
/* Adds an integer to side[index]. Thread-safe. */
void reduce_count_side(Reduce *reduce, size_t index, int64_t value);

/* Starts complete buckets and moves those under way forward; cheap when there is nothing to do. */
void reduce_poll(Reduce *reduce);

/* Waits until everything is summed over all ranks. False if any lane of any rank overflowed (an
 * element not finite or too large): then the step must be skipped, on all ranks alike. Collective.
 */
bool reduce_finish(Reduce *reduce);

/* After reduce_finish: a slice of the summed gradient, as float. Thread-safe. */
void reduce_read(const Reduce *reduce, size_t offset, float *gradient, size_t count);
double reduce_side(const Reduce *reduce, size_t index);        /* a sum of reduce_add_side */
int64_t reduce_side_count(const Reduce *reduce, size_t index); /* a sum of reduce_count_side */

/* Seconds that reduce_finish waited, and bytes summed over ranks, since reduce_create. */
double reduce_wait_seconds(const Reduce *reduce);
size_t reduce_bytes(const Reduce *reduce);
