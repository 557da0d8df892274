/* What a process sees by itself: its cores, its BLAS, its libraries, its limits. */
#include "probe.h"

#include "base/machine.h"
#include "base/pool.h"
#include "base/version.h"
#include "data/image.h"
#include "io/h5.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"

#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* --- cores --- */

/* Hardware threads and cores that the job may use on this host. SLURM may grant fewer than it hides
 * by a cgroup. */
static void find_host_cores(RankFacts *facts, const Machine *machine)
{
    facts->host_cpus = cpu_set_count(&machine->allowed);
    facts->host_cores = machine->cores;
    const char *granted = getenv("SLURM_CPUS_ON_NODE");
    long cpus = granted ? strtol(granted, NULL, 10) : 0;
    if (cpus <= 0 || cpus >= facts->host_cpus) return;
    facts->host_cores = (int)((cpus * machine->cores + facts->host_cpus - 1) / facts->host_cpus);
    facts->host_cpus = (int)cpus;
}

static void find_cores(RankFacts *facts)
{
    Machine machine;
    if (!machine_examine(&machine)) return;
    facts->cpus = machine.bound;
    facts->cores = machine_cores_of(&machine, &machine.bound);
    find_host_cores(facts, &machine);
}

static void find_workers(RankFacts *facts, const Config *config)
{
    facts->workers_chosen = config && config->workers > 0;
    facts->workers = facts->workers_chosen ? config->workers : pool_cores();
}

/* --- BLAS --- */

static void find_blas(RankFacts *facts)
{
    /* In the order in which OpenBLAS asks for them. */
    static const char *const variables[] = {"OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS",
                                            "OMP_NUM_THREADS"};
    facts->blas_openmp = strcmp(gemm_threading(), "openmp") == 0;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        int threads = value ? (int)strtol(value, NULL, 10) : 0;
        if (threads <= 0) continue;
        snprintf(facts->blas_variable, sizeof facts->blas_variable, "%s", variables[i]);
        facts->blas_threads = threads;
        return;
    }
}

/* --- what the bits depend on --- */

static void find_parts(RankFacts *facts)
{
    snprintf(facts->part[PART_PROGRAM], FACT_BYTES, "%s, commit %s, %s", version_text(),
             version_commit(), version_compiler());
    bool blas = gemm_kind() == GEMM_OPENBLAS;
    if (blas)
        snprintf(facts->part[PART_BLAS], FACT_BYTES, "%s, %s", gemm_library(), gemm_threading());
    else
        snprintf(facts->part[PART_BLAS], FACT_BYTES, "not used");
    const char *const plain[PARTS] = {
        [PART_KERNELS] = kernels()->isa,    [PART_CORE] = blas ? gemm_core() : "not used",
        [PART_JPEG] = image_jpeg_library(), [PART_HDF5] = h5_version(),
        [PART_MPI] = comm_library(),        [PART_LIBC] = gnu_get_libc_version(),
    };
    for (int p = 0; p < PARTS; p++)
        if (plain[p]) snprintf(facts->part[p], FACT_BYTES, "%s", plain[p]);
}

/* --- limits --- */

static uint64_t limit_of(int resource)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
    return limit.rlim_cur;
}

static void find_limits(RankFacts *facts)
{
    facts->memory_host = machine_memory();
    facts->memory_process = machine_memory_of_process();
    facts->locked_limit = limit_of(RLIMIT_MEMLOCK);
    facts->file_limit = limit_of(RLIMIT_FSIZE);
}

void probe_process(RankFacts *facts, const Config *config)
{
    if (gethostname(facts->host, sizeof facts->host - 1) != 0) strcpy(facts->host, "?");
    find_cores(facts);
    find_workers(facts, config);
    find_blas(facts);
    find_parts(facts);
    find_limits(facts);
}
