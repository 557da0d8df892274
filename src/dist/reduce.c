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
#include "base/log.h"
#include "base/pulse.h"
#include "kernels/kernels.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* 2 MiB in one call is 2.5 times as fast inside a node as the whole gradient (docs/performance.md).
 */
static const size_t BUCKET_BYTES = (size_t)2 << 20;
static const double SIDE_UNIT = 0x1p-32;

/* Shared by the workers of a rank, or of a node. */
typedef struct Bucket {
    pthread_mutex_t lock;
    uint64_t step;                 /* whose sum it holds; under the lock */
    size_t added;                  /* elements added in this step, over all lanes */
    atomic_uint_fast64_t complete; /* the last step in which all lanes were in it */
    atomic_uint_fast64_t summed;   /* the last step in which it was summed over ranks */
} Bucket;

struct Reduce {
    Comm *comm;
    Comm *node; /* NULL: an accumulator per rank */
    Comm *
        leaders; /* who sums over ranks: `comm` itself, or the nodes' leaders; NULL: not this rank */
    ReduceOptions options;
    Bucket *bucket; /* from the end of the gradient to its beginning */
    int buckets;
    size_t bucket_size;
    int64_t *sum;       /* REDUCE_EXACT: (count) */
    float **worker_sum; /* REDUCE_FLOAT: (workers)(count); the first holds the total */
    int64_t *side;      /* (side + 1): the last counts overflows */
    pthread_mutex_t side_lock;

    /* of the step */
    uint64_t step; /* number of reduce_begin, from 1 */
    size_t lanes;  /* that add to the accumulator */
    float limit;   /* of a gradient's element */
    double side_limit;
    atomic_int overflows;
    int started, finished; /* buckets whose sum has been started, and is done */
    double wait_seconds;
    size_t bytes;
};

/* --- plan --- */

static size_t bucket_begin(const Reduce *reduce, int bucket)
{
    size_t end = reduce->options.count - (size_t)bucket * reduce->bucket_size;
    return end < reduce->bucket_size ? 0 : end - reduce->bucket_size;
}

static size_t bucket_count(const Reduce *reduce, int bucket)
{
    return reduce->options.count - (size_t)bucket * reduce->bucket_size -
           bucket_begin(reduce, bucket);
}

size_t reduce_bucket_size(const ReduceOptions *options)
{
    size_t element = options->kind == REDUCE_EXACT ? sizeof(int64_t) : sizeof(float);
    size_t bytes = options->bucket_bytes ? options->bucket_bytes : BUCKET_BYTES;
    return bytes / element > 0 ? bytes / element : 1;
}

static void plan_buckets(Reduce *reduce)
{
    size_t count = reduce->options.count;
    reduce->bucket_size = reduce_bucket_size(&reduce->options);
    reduce->buckets = (int)((count + reduce->bucket_size - 1) / reduce->bucket_size);
}

static void init_locks(Reduce *reduce, bool shared)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    if (shared) pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    for (int b = 0; b < reduce->buckets; b++)
        pthread_mutex_init(&reduce->bucket[b].lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

static void place_own(Reduce *reduce, Arena *run)
{
    reduce->leaders = reduce->comm;
    reduce->bucket = arena_new(run, Bucket, reduce->buckets + 1);
    init_locks(reduce, false);
    if (reduce->options.kind == REDUCE_EXACT) {
        reduce->sum = arena_new(run, int64_t, reduce->options.count);
        return;
    }
    reduce->worker_sum = arena_new(run, float *, reduce->options.workers);
    for (int w = 0; w < reduce->options.workers; w++)
        reduce->worker_sum[w] = arena_new(run, float, reduce->options.count);
}

/* On how many ranks `here` is true. */
static int64_t count_ranks(Comm *comm, bool here)
{
    int64_t count = here;
    comm_sum_i64(comm, &count, 1);
    return count;
}

static char *share_memory(Reduce *reduce, size_t bytes)
{
    if (count_ranks(reduce->comm, comm_size(reduce->node) > 1) == 0) return NULL;
    char *memory = comm_share(reduce->node, bytes);
    int64_t without = count_ranks(reduce->comm, memory == NULL);
    if (without == 0) return memory;
    log_warning("%lld ranks cannot share memory with others of their node (is there room in "
                "/dev/shm?): each rank keeps a sum of its own, as with node_reduce: false",
                (long long)without);
    return NULL;
}

/* False, with nothing placed, if no node has two ranks, or memory to share for them. */
static bool place_on_node(Reduce *reduce)
{
    size_t sum_bytes = sizeof(int64_t) * reduce->options.count;
    size_t place = (sum_bytes + 63) / 64 * 64;
    reduce->node = comm_split_node(reduce->comm);
    char *memory = share_memory(reduce, place + sizeof(Bucket) * (size_t)reduce->buckets);
    if (!memory) {
        comm_free(reduce->node);
        reduce->node = NULL;
        return false;
    }
    reduce->leaders = comm_split_leaders(reduce->comm, reduce->node);
    reduce->sum = (int64_t *)(void *)memory;
    reduce->bucket = (Bucket *)(void *)(memory + place);
    if (comm_rank(reduce->node) == 0) {
        memset(reduce->bucket, 0, sizeof(Bucket) * (size_t)reduce->buckets);
        init_locks(reduce, true);
    }
    comm_barrier(reduce->node);
    return true;
}

Reduce *reduce_create(Comm *comm, const ReduceOptions *options, Arena *run)
{
    Reduce *reduce = arena_new(run, Reduce, 1);
    reduce->comm = comm;
    reduce->options = *options;
    plan_buckets(reduce);
    reduce->side = arena_new(run, int64_t, options->side + 1);
    pthread_mutex_init(&reduce->side_lock, NULL);
    bool shares = options->node && options->kind == REDUCE_EXACT && place_on_node(reduce);
    if (!shares) place_own(reduce, run);
    return reduce;
}

void reduce_destroy(Reduce *reduce)
{
    bool owner = !reduce->node || comm_rank(reduce->node) == 0;
    if (reduce->node) comm_barrier(reduce->node); /* nobody is inside a lock any more */
    for (int b = 0; owner && b < reduce->buckets; b++)
        pthread_mutex_destroy(&reduce->bucket[b].lock);
    pthread_mutex_destroy(&reduce->side_lock);
    if (!reduce->node) return;
    comm_free(reduce->leaders);
    comm_free(reduce->node);
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
    int64_t own = own_lanes;
    if (reduce->node) comm_sum_i64(reduce->node, &own, 1); /* also: all have read the last step */
    reduce->lanes = (size_t)own;
    reduce->step++;
    /* So that no partial sum overflows: that of int64, or of float. */
    reduce->limit = (reduce->options.kind == REDUCE_EXACT ? 0x1p12F : 0x1p127F) / (float)power;
    reduce->side_limit = 0x1p30 / power;
    reduce->started = reduce->finished = 0;
    atomic_store(&reduce->overflows, 0);
    memset(reduce->side, 0, sizeof(int64_t) * (reduce->options.side + 1));
}

/* Under the bucket's lock: empties what an earlier step left there. */
static void clear(Reduce *reduce, int b)
{
    Bucket *bucket = &reduce->bucket[b];
    if (bucket->step == reduce->step) return;
    size_t begin = bucket_begin(reduce, b), count = bucket_count(reduce, b);
    bucket->step = reduce->step;
    bucket->added = 0;
    if (reduce->options.kind == REDUCE_EXACT) {
        memset(reduce->sum + begin, 0, sizeof(int64_t) * count);
        return;
    }
    for (int w = 0; w < reduce->options.workers; w++)
        memset(reduce->worker_sum[w] + begin, 0, sizeof(float) * count);
}

static bool add_float(float *sum, const float *gradient, float limit, size_t count)
{
    kernels()->add(sum, sum, gradient, count);
    int bad = 0;
    for (size_t i = 0; i < count; i++) bad |= !(__builtin_fabsf(gradient[i]) < limit);
    return !bad;
}

/* Adds what lies in one bucket; the locked part of reduce_add. */
static bool add_to_bucket(Reduce *reduce, int worker, int b, size_t offset, const float *gradient,
                          size_t count)
{
    Bucket *bucket = &reduce->bucket[b];
    pthread_mutex_lock(&bucket->lock);
    clear(reduce, b);
    bool ok = reduce->options.kind == REDUCE_EXACT
                  ? kernels()->exact_add(reduce->sum + offset, gradient, reduce->limit, count)
                  : add_float(reduce->worker_sum[worker] + offset, gradient, reduce->limit, count);
    bucket->added += count;
    bool complete = bucket->added == bucket_count(reduce, b) * reduce->lanes;
    pthread_mutex_unlock(&bucket->lock);
    if (!ok) atomic_fetch_add(&reduce->overflows, 1);
    if (complete) atomic_store_explicit(&bucket->complete, reduce->step, memory_order_release);
    return ok;
}

bool reduce_add(Reduce *reduce, int worker, size_t offset, const float *gradient, size_t count)
{
    bool ok = true;
    while (count > 0) {
        /* Bucket b ends at options.count - b * bucket_size. */
        int b = (int)((reduce->options.count - 1 - offset) / reduce->bucket_size);
        size_t end = bucket_begin(reduce, b) + bucket_count(reduce, b);
        size_t piece = end - offset < count ? end - offset : count;
        ok &= add_to_bucket(reduce, worker, b, offset, gradient, piece);
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
static void join_workers(Reduce *reduce, size_t begin, size_t count)
{
    float *total = reduce->worker_sum[0] + begin;
    for (int w = 1; w < reduce->options.workers; w++)
        kernels()->add(total, total, reduce->worker_sum[w] + begin, count);
}

static void start_bucket(Reduce *reduce, int b)
{
    int slot = b % COMM_REQUESTS;
    size_t begin = bucket_begin(reduce, b), count = bucket_count(reduce, b);
    clear(reduce, b); /* without lanes nobody has touched it */
    if (reduce->options.kind == REDUCE_EXACT) {
        comm_start_sum_i64(reduce->leaders, slot, reduce->sum + begin, count);
        reduce->bytes += sizeof(int64_t) * count;
    } else {
        join_workers(reduce, begin, count);
        comm_start_sum_f32(reduce->leaders, slot, reduce->worker_sum[0] + begin, count);
        reduce->bytes += sizeof(float) * count;
    }
    reduce->started++;
}

static bool is_complete(const Reduce *reduce, int b)
{
    return reduce->lanes == 0 ||
           atomic_load_explicit(&reduce->bucket[b].complete, memory_order_acquire) == reduce->step;
}

static void finish_bucket(Reduce *reduce)
{
    Bucket *bucket = &reduce->bucket[reduce->finished++];
    atomic_store_explicit(&bucket->summed, reduce->step, memory_order_release);
    pulse_tick(); /* a slow network is no hang */
}

/* Ranks that lead no node look whether their leader is done. */
static void follow_leader(Reduce *reduce)
{
    while (reduce->finished < reduce->buckets &&
           atomic_load_explicit(&reduce->bucket[reduce->finished].summed, memory_order_acquire) ==
               reduce->step)
        reduce->finished++;
}

void reduce_poll(Reduce *reduce)
{
    if (!reduce->leaders) {
        follow_leader(reduce);
        return;
    }
    while (reduce->finished < reduce->started &&
           comm_test(reduce->leaders, reduce->finished % COMM_REQUESTS))
        finish_bucket(reduce);
    while (reduce->started < reduce->buckets &&
           reduce->started - reduce->finished < COMM_REQUESTS &&
           is_complete(reduce, reduce->started))
        start_bucket(reduce, reduce->started);
}

bool reduce_finish(Reduce *reduce)
{
    double begin = clock_seconds();
    pulse_wait_begin();
    while (reduce->finished < reduce->buckets) {
        reduce_poll(reduce);
        if (reduce->node) sched_yield(); /* others of the node may need the core */
    }
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
