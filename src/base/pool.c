/*
 * The worker pool: threads that sleep between two calls of pool_run. A generation number tells them
 * that there is work; a count of those still busy tells the caller that all have returned.
 */
#include "base/pool.h"

#include "base/error.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct Worker {
    struct Pool *pool;
    int index;
    pthread_t thread;
} Worker;

struct Pool {
    int workers;
    Worker *worker; /* (workers); 0 is the caller and has no thread */
    pthread_mutex_t lock;
    pthread_cond_t start, done;
    unsigned long generation;
    int busy;
    bool ending;
    void (*work)(void *context, int worker);
    void *context;
};

static void *worker_main(void *argument)
{
    Worker *worker = argument;
    Pool *pool = worker->pool;
    unsigned long seen = 0;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->generation == seen && !pool->ending)
            pthread_cond_wait(&pool->start, &pool->lock);
        if (pool->ending) break;
        seen = pool->generation;
        pthread_mutex_unlock(&pool->lock);
        pool->work(pool->context, worker->index);
        pthread_mutex_lock(&pool->lock);
        if (--pool->busy == 0) pthread_cond_signal(&pool->done);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

Pool *pool_create(int workers)
{
    Pool *pool = calloc(1, sizeof *pool);
    Worker *worker = calloc((size_t)workers, sizeof *worker);
    if (!pool || !worker) die("worker pool: out of memory");
    *pool = (Pool){.workers = workers, .worker = worker};
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->start, NULL);
    pthread_cond_init(&pool->done, NULL);
    for (int i = 1; i < workers; i++) {
        worker[i] = (Worker){.pool = pool, .index = i};
        int failure = pthread_create(&worker[i].thread, NULL, worker_main, &worker[i]);
        if (failure)
            die("worker pool: cannot start thread %d of %d: %s", i, workers, strerror(failure));
    }
    return pool;
}

void pool_destroy(Pool *pool)
{
    if (!pool) return;
    pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    pthread_cond_broadcast(&pool->start);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 1; i < pool->workers; i++) pthread_join(pool->worker[i].thread, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->start);
    pthread_mutex_destroy(&pool->lock);
    free(pool->worker);
    free(pool);
}

int pool_workers(const Pool *pool)
{
    return pool->workers;
}

void pool_run(Pool *pool, void (*work)(void *context, int worker), void *context)
{
    pthread_mutex_lock(&pool->lock);
    pool->work = work;
    pool->context = context;
    pool->busy = pool->workers - 1;
    pool->generation++;
    pthread_cond_broadcast(&pool->start);
    pthread_mutex_unlock(&pool->lock);
    work(context, 0);
    pthread_mutex_lock(&pool->lock);
    while (pool->busy > 0) pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

int pool_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int cores = CPU_COUNT(&set);
    return cores > 0 ? cores : 1;
}
