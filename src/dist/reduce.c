/*
 * The reduction of a step. A rank has one accumulator, cut into buckets; workers add under the lock
 * of a bucket. The first to touch a bucket in a step clears it, while it comes into cache anyway.
 * When all lanes of this rank have added all elements of a bucket, it is complete; complete buckets
 * are summed over ranks strictly from the last to the first, several under way at a time, and the
 * side array last.
 */
#include "dist/reduce.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/pulse.h"
#include "kernels/kernels.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* 2 MiB in one call is 2.5 times as fast inside a node as the whole gradient (docs/performance.md).
 */
static const size_t BUCKET_BYTES = (size_t)2 << 20;
static const double SIDE_UNIT = 0x1p-32;

typedef struct Bucket {
    size_t begin, count;
    pthread_mutex_t lock;
    size_t added; /* elements added in this step, over all lanes of this rank */
    bool cleared;
    atomic_bool complete;
} Bucket;

struct Reduce {
    Comm *comm;
    ReduceOptions options;
    Bucket *bucket; /* from the end of the gradient to its beginning */
    int buckets;
    size_t bucket_size;
    int64_t *sum;       /* REDUCE_EXACT: (count) */
    float **worker_sum; /* REDUCE_FLOAT: (workers)(count); the first holds the total */
    int64_t *side;      /* (side + 1): the last counts overflows */
    pthread_mutex_t side_lock;

    /* of the step */
    size_t own_lanes;
    float limit; /* of a gradient's element */
    double side_limit;
    atomic_int overflows;
    int started, finished; /* buckets whose sum has been started, and is done */
    double wait_seconds;
    size_t bytes;
};

/* --- plan --- */

static void plan_buckets(Reduce *reduce, Arena *run)
{
    size_t element = reduce->options.kind == REDUCE_EXACT ? sizeof(int64_t) : sizeof(float);
    size_t bytes = reduce->options.bucket_bytes ? reduce->options.bucket_bytes : BUCKET_BYTES;
    size_t count = reduce->options.count;
    reduce->bucket_size = bytes / element > 0 ? bytes / element : 1;
    reduce->buckets = (int)((count + reduce->bucket_size - 1) / reduce->bucket_size);
    reduce->bucket = arena_new(run, Bucket, reduce->buckets + 1);
    for (int b = 0; b < reduce->buckets; b++) {
        size_t end = count - (size_t)b * reduce->bucket_size;
        size_t size = end < reduce->bucket_size ? end : reduce->bucket_size;
        reduce->bucket[b].begin = end - size;
        reduce->bucket[b].count = size;
        pthread_mutex_init(&reduce->bucket[b].lock, NULL);
    }
}

Reduce *reduce_create(Comm *comm, const ReduceOptions *options, Arena *run)
{
    Reduce *reduce = arena_new(run, Reduce, 1);
    reduce->comm = comm;
    reduce->options = *options;
    plan_buckets(reduce, run);
    reduce->side = arena_new(run, int64_t, options->side + 1);
    pthread_mutex_init(&reduce->side_lock, NULL);
    if (options->kind == REDUCE_EXACT) {
        reduce->sum = arena_new(run, int64_t, options->count);
        return reduce;
    }
    reduce->worker_sum = arena_new(run, float *, options->workers);
    for (int w = 0; w < options->workers; w++)
        reduce->worker_sum[w] = arena_new(run, float, options->count);
    return reduce;
}

void reduce_destroy(Reduce *reduce)
{
    for (int b = 0; b < reduce->buckets; b++) pthread_mutex_destroy(&reduce->bucket[b].lock);
    pthread_mutex_destroy(&reduce->side_lock);
}

/* --- adding --- */

static int next_power_of_two(int n)
{
    int power = 1;
    while (power < n) power *= 2;
    return power;
}

void reduce_begin(Reduce *reduce, int lanes, int own_lanes)
{
    int power = next_power_of_two(lanes);
    reduce->own_lanes = (size_t)own_lanes;
    /* So that no partial sum overflows: that of int64, or of float. */
    reduce->limit = (reduce->options.kind == REDUCE_EXACT ? 0x1p12F : 0x1p127F) / (float)power;
    reduce->side_limit = 0x1p30 / power;
    reduce->started = reduce->finished = 0;
    atomic_store(&reduce->overflows, 0);
    memset(reduce->side, 0, sizeof(int64_t) * (reduce->options.side + 1));
    for (int b = 0; b < reduce->buckets; b++) {
        reduce->bucket[b].added = 0;
        reduce->bucket[b].cleared = false;
        atomic_store_explicit(&reduce->bucket[b].complete, false, memory_order_relaxed);
    }
}

/* Under the bucket's lock: empties what the last step left there. */
static void clear(Reduce *reduce, Bucket *bucket)
{
    if (bucket->cleared) return;
    bucket->cleared = true;
    if (reduce->options.kind == REDUCE_EXACT) {
        memset(reduce->sum + bucket->begin, 0, sizeof(int64_t) * bucket->count);
        return;
    }
    for (int w = 0; w < reduce->options.workers; w++)
        memset(reduce->worker_sum[w] + bucket->begin, 0, sizeof(float) * bucket->count);
}

static bool add_float(float *sum, const float *gradient, float limit, size_t count)
{
    kernels()->add(sum, sum, gradient, count);
    int bad = 0;
    for (size_t i = 0; i < count; i++) bad |= !(__builtin_fabsf(gradient[i]) < limit);
    return !bad;
}

/* Adds what lies in one bucket; the locked part of reduce_add. */
static bool add_to_bucket(Reduce *reduce, int worker, Bucket *bucket, size_t offset,
                          const float *gradient, size_t count)
{
    pthread_mutex_lock(&bucket->lock);
    clear(reduce, bucket);
    bool ok = reduce->options.kind == REDUCE_EXACT
                  ? kernels()->exact_add(reduce->sum + offset, gradient, reduce->limit, count)
                  : add_float(reduce->worker_sum[worker] + offset, gradient, reduce->limit, count);
    bucket->added += count;
    bool complete = bucket->added == bucket->count * reduce->own_lanes;
    pthread_mutex_unlock(&bucket->lock);
    if (!ok) atomic_fetch_add(&reduce->overflows, 1);
    if (complete) atomic_store_explicit(&bucket->complete, true, memory_order_release);
    return ok;
}

bool reduce_add(Reduce *reduce, int worker, size_t offset, const float *gradient, size_t count)
{
    bool ok = true;
    while (count > 0) {
        /* Bucket b ends at options.count - b * bucket_size. */
        Bucket *bucket =
            &reduce->bucket[(reduce->options.count - 1 - offset) / reduce->bucket_size];
        size_t end = bucket->begin + bucket->count;
        size_t piece = end - offset < count ? end - offset : count;
        ok &= add_to_bucket(reduce, worker, bucket, offset, gradient, piece);
        if (worker == 0) reduce_poll(reduce); /* a large slice takes milliseconds */
        offset += piece;
        gradient += piece;
        count -= piece;
    }
    return ok;
}

bool reduce_add_side(Reduce *reduce, size_t index, double value)
{
    if (!(fabs(value) < reduce->side_limit)) {
        atomic_fetch_add(&reduce->overflows, 1);
        return false;
    }
    reduce_count_side(reduce, index, (int64_t)nearbyint(value / SIDE_UNIT));
    return true;
}

void reduce_count_side(Reduce *reduce, size_t index, int64_t value)
{
    pthread_mutex_lock(&reduce->side_lock);
    reduce->side[index] = (int64_t)((uint64_t)reduce->side[index] + (uint64_t)value);
    pthread_mutex_unlock(&reduce->side_lock);
}

/* --- over ranks --- */

/* Adds the workers' float sums of a complete bucket in the order of the workers. */
static void join_workers(Reduce *reduce, const Bucket *bucket)
{
    float *total = reduce->worker_sum[0] + bucket->begin;
    for (int w = 1; w < reduce->options.workers; w++)
        kernels()->add(total, total, reduce->worker_sum[w] + bucket->begin, bucket->count);
}

static void start_bucket(Reduce *reduce, Bucket *bucket)
{
    int slot = reduce->started % COMM_REQUESTS;
    clear(reduce, bucket); /* a rank without lanes has touched nothing */
    if (reduce->options.kind == REDUCE_EXACT) {
        comm_start_sum_i64(reduce->comm, slot, reduce->sum + bucket->begin, bucket->count);
        reduce->bytes += sizeof(int64_t) * bucket->count;
    } else {
        join_workers(reduce, bucket);
        comm_start_sum_f32(reduce->comm, slot, reduce->worker_sum[0] + bucket->begin,
                           bucket->count);
        reduce->bytes += sizeof(float) * bucket->count;
    }
    reduce->started++;
}

static bool is_complete(const Reduce *reduce, const Bucket *bucket)
{
    return reduce->own_lanes == 0 || atomic_load_explicit(&bucket->complete, memory_order_acquire);
}

void reduce_poll(Reduce *reduce)
{
    while (reduce->finished < reduce->started &&
           comm_test(reduce->comm, reduce->finished % COMM_REQUESTS))
        reduce->finished++;
    while (reduce->started < reduce->buckets &&
           reduce->started - reduce->finished < COMM_REQUESTS &&
           is_complete(reduce, &reduce->bucket[reduce->started]))
        start_bucket(reduce, &reduce->bucket[reduce->started]);
}

bool reduce_finish(Reduce *reduce)
{
    double begin = clock_seconds();
    pulse_wait_begin();
    while (reduce->finished < reduce->buckets) reduce_poll(reduce);
    pulse_wait_end();
    reduce->side[reduce->options.side] = atomic_load(&reduce->overflows);
    comm_sum_i64(reduce->comm, reduce->side, reduce->options.side + 1);
    reduce->bytes += sizeof(int64_t) * (reduce->options.side + 1);
    reduce->wait_seconds += clock_seconds() - begin;
    return reduce->side[reduce->options.side] == 0;
}

/* --- results --- */

void reduce_read(const Reduce *reduce, size_t offset, float *gradient, size_t count)
{
    if (reduce->options.kind == REDUCE_EXACT)
        kernels()->exact_read(gradient, reduce->sum + offset, count);
    else
        memcpy(gradient, reduce->worker_sum[0] + offset, sizeof(float) * count);
}

double reduce_side(const Reduce *reduce, size_t index)
{
    return (double)reduce->side[index] * SIDE_UNIT;
}

int64_t reduce_side_count(const Reduce *reduce, size_t index)
{
    return reduce->side[index];
}

double reduce_wait_seconds(const Reduce *reduce)
{
    return reduce->wait_seconds;
}

size_t reduce_bytes(const Reduce *reduce)
{
    return reduce->bytes;
}
