/*
 * Worker threads of a rank. Worker 0 is the calling (main) thread, the only one that may call MPI.
 */
#pragma once

typedef struct Pool Pool;

enum { WORKERS_MAX = 4096 };

/* Starts `workers` - 1 threads that wait; 1 <= workers <= WORKERS_MAX. Dies if the system refuses a thread. */
Pool *pool_create(int workers);
/* Ends the threads. NULL is allowed. */
void pool_destroy(Pool *pool);
int pool_workers(const Pool *pool);

/* Calls work(context, worker) once on every worker, worker 0 on the calling thread, and returns
 * when all have returned. No allocation. Writes before the call are visible to the workers, and
 * theirs after it to the caller. */
void pool_run(Pool *pool, void (*work)(void *context, int worker), void *context);

/* Cores this process may use, from its affinity mask; at least 1. */
int pool_cores(void);
