/*
 * Ranks. comm.c is the only file that includes mpi.h; MPI_THREAD_FUNNELED: only the main thread may
 * call anything here. "Collective": every rank must call it, in the same order. MPI errors end all
 * ranks through die().
 */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct Comm Comm;

/* Starts MPI, tells log the rank, installs the die() hook that stops every rank. Once per process.
 * Also works without mpirun, as the only rank. Collective. */
Comm *comm_open(int *argc, char ***argv);
void comm_close(Comm *comm); /* collective */

int comm_rank(const Comm *comm);
int comm_size(const Comm *comm);

/* All ranks go on or stop together. If any rank holds a problem (err->kind != ERROR_NONE), all
 * ranks return false with the same Error: that of the lowest rank that has one. Collective. */
bool comm_agree(Comm *comm, Error *err);

void comm_broadcast(Comm *comm, void *data, size_t bytes, int root); /* collective */
/* In place, over all ranks. Collective. */
void comm_sum_i64(Comm *comm, int64_t *values, size_t count);
void comm_max_u64(Comm *comm, uint64_t *values, size_t count);
void comm_barrier(Comm *comm); /* collective */
/* Whether all ranks pass the same value. Collective. */
bool comm_all_equal(Comm *comm, uint64_t value);

/* `bytes` of every rank, in the order of ranks, into `all` (size x bytes) of rank 0; NULL elsewhere.
 * Collective. */
void comm_gather(Comm *comm, const void *own, size_t bytes, void *all);

/* Point to point, blocking; used by pack. Exactly `bytes`. */
void comm_send(Comm *comm, const void *data, size_t bytes, int to);
void comm_receive(Comm *comm, void *data, size_t bytes, int from);
/* Waits asleep until something can be received: the others above keep their core busy, which here has other
 * threads to run. */
void comm_await(Comm *comm, int from);

/* Split-phase sum in place of int64 or float: `count` values, started on all ranks in the same
 * order. comm_test returns true once it is complete and is cheap; requests are slots 0 …
 * COMM_REQUESTS-1. */
enum { COMM_REQUESTS = 8 };
void comm_start_sum_i64(Comm *comm, int slot, int64_t *values, size_t count);
void comm_start_sum_f32(Comm *comm, int slot, float *values, size_t count);
bool comm_test(Comm *comm, int slot);

/* --- parts --- */

/* The ranks that pass the same `group`, as a communicator of their own, in the same order. Collective. */
Comm *comm_split(Comm *comm, int group);
/* The ranks of `comm` on this one's node, as a communicator of their own, in the same order.
 * Collective. */
Comm *comm_split_node(Comm *comm);
/* The first rank of each node; NULL on all others. `node`: of comm_split_node. Collective over comm.
 */
Comm *comm_split_leaders(Comm *comm, const Comm *node);
/* Frees what these have made; NULL is allowed. Collective over it. */
void comm_free(Comm *comm);
/* Memory that the ranks of a node share, of any content, aligned to 64 bytes; one piece per communicator,
 * freed with it. NULL on all of them if there is none (/dev/shm is full). Collective over `node`. */
void *comm_share(Comm *node, size_t bytes);

/* "Open MPI 4.1.4" */
const char *comm_library(void);
/* A setting of the MPI library by name, such as Open MPI's "btl_tcp_if_include", wherever it was set
 * (command line, environment, file). False if this library has no such setting. */
bool comm_setting(const char *name, char *value, size_t bytes);
