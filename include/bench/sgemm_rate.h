/* What this machine can multiply: the measure that training is held against. */
#pragma once

#include "base/pool.h"
#include "dist/comm.h"

typedef struct SgemmRate {
    double openblas, ours; /* floating-point operations per second of all workers of all ranks */
    double best;           /* the larger one */
} SgemmRate;

/* A large product on every worker of every rank at the same time, by OpenBLAS and by our own kernels in
 * turn; medians. About a second. Collective. */
SgemmRate sgemm_rate(Comm *comm, Pool *pool);

/* Of two measurements the faster: other work on the machine can only lower a rate. */
SgemmRate sgemm_rate_faster(SgemmRate one, SgemmRate other);
