/*
 * The survey: what every rank sees, and what is known of the job as a whole. Each rank fills in its
 * facts; rank 0 gathers them, and every check is a pure function of the survey, so that checks need
 * no communication and can be tried on machines that are not at hand.
 */
#pragma once

#include "base/arena.h"
#include "base/cpu_set.h"
#include "base/error.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stdint.h>

enum { FACT_BYTES = 96, REASON_BYTES = 512, INTERFACES_MAX = 16, SETTING_TEXT_BYTES = 256 };

typedef enum Launcher { LAUNCHER_NONE, LAUNCHER_MPIRUN, LAUNCHER_SRUN } Launcher;

/* What the bits of a result depend on; the same on all ranks, or they would differ. */
typedef enum Part {
    PART_PROGRAM, /* "0.1.0, commit 0123abc, gcc 12.2.0" */
    PART_KERNELS, /* "v4" */
    PART_BLAS,    /* "OpenBLAS 0.3.21, pthread", or "not used" */
    PART_CORE,    /* OpenBLAS core type: "SkylakeX", or "not used" */
    PART_JPEG,
    PART_HDF5,
    PART_MPI,
    PART_LIBC,
    PARTS,
} Part;
extern const char *const part_name[PARTS]; /* for people */

/* A network interface that is up, has an IPv4 address and is not the loopback. */
typedef struct Interface {
    char name[16];
    char address[24];          /* "172.17.0.1/16" */
    uint32_t network, netmask; /* host byte order */
} Interface;

/* One rank. Plain data: it is sent as it is. */
typedef struct RankFacts {
    char host[64];

    /* cores; numbers of the operating system for `cpus`, of machine.h for `cores` */
    CpuSet cpus, cores;        /* hardware threads that the rank may use, and their cores */
    int host_cpus, host_cores; /* that the whole job may use on this host */
    int workers;
    bool workers_chosen; /* by the configuration; else one per hardware thread */

    /* BLAS */
    char blas_variable[24]; /* that asks BLAS for threads: "OMP_NUM_THREADS"; empty: none */
    int blas_threads;       /* as many as it asks for */
    bool blas_openmp;       /* OpenBLAS was built with OpenMP */

    char part[PARTS][FACT_BYTES];

    /* network */
    Interface interface[INTERFACES_MAX];
    int interfaces;
    bool has_fast_network; /* InfiniBand or the like, which TCP settings do not concern */

    /* limits, bytes; UINT64_MAX: none */
    uint64_t memory_needed; /* 0: not known */
    uint64_t memory_shared; /* needed once on each host besides */
    uint64_t memory_host, memory_process;
    uint64_t locked_limit, file_limit;

    /* configuration, pack, run folder */
    bool has_config;
    uint64_t config_hash;              /* of all that shapes the numbers */
    char config_problem[REASON_BYTES]; /* empty: none */
    Hash128 pack_hash;
    char pack_problem[REASON_BYTES];
    char stage_problem[REASON_BYTES]; /* of copying the pack to this host */
    bool sees_run_folder;

    double clock_ahead; /* seconds before rank 0's clock */

    /* to the next rank, of the last one to the first; 0: not measured */
    double link_bandwidth, link_latency; /* bytes per second; seconds */
} RankFacts;

typedef struct Survey {
    int ranks;
    RankFacts *rank; /* (ranks) */
    int hosts;
    int *host; /* (ranks): number of its host, in the order of their first ranks */
    Launcher launcher;
    bool is_open_mpi;
    char tcp_include[SETTING_TEXT_BYTES], tcp_exclude[SETTING_TEXT_BYTES];

    /* of the configuration, if there is one */
    bool has_config;
    const char *pack, *run; /* paths */
    int batch, lane;
    uint64_t train_images, val_images; /* 0 if the pack cannot be read */
    uint64_t parameters, checkpoint_bytes;
    int checkpoints; /* most that lie in the run folder at the same time */

    /* of the run folder, as rank 0 sees it */
    char run_problem[REASON_BYTES];
    uint64_t held_bytes; /* in checkpoints that are there already */
    uint64_t free_bytes;
    double sync_seconds; /* of a small file */

    /* time */
    double seconds_left;  /* until the batch system ends the job; < 0: no limit known */
    double run_seconds;   /* after which the configuration ends a run; 0: none */
    double round_seconds; /* a lane on every worker; 0: not measured */
    char trial_problem[REASON_BYTES];
} Survey;

/* Fills in `hosts` and `host` from the ranks' host names. Memory comes from `arena`. */
void survey_find_hosts(Survey *survey, Arena *arena);

/* Whether rank r is the first of its host. */
bool survey_leads(const Survey *survey, int r);

/* Whether rank r has a link to the next one: of two ranks the first alone, since they share it. */
bool survey_link_exists(int r, int ranks);
/* The rank at the other end. */
int survey_link_end(const Survey *survey, int r);
/* Whether the link of rank r was measured and joins two hosts, or ranks of one. */
bool survey_link_joins_hosts(const Survey *survey, int r);
bool survey_link_is_local(const Survey *survey, int r);

/* The text of an error as one line, cut if need be; empty if there is none. */
void survey_keep_reason(char reason[REASON_BYTES], const Error *err);

/* "rank 3 (node2)", "ranks 0-2 (node1)", "all 8 ranks (2 hosts)": those whose `chosen` is set. */
const char *survey_name_ranks(const Survey *survey, const bool *chosen, Arena *arena);

/* Steps of an epoch, and how long one takes with validation; 0 if not known. */
uint64_t survey_steps(const Survey *survey);
double survey_epoch_seconds(const Survey *survey);
/* Times that every worker computes a lane one after the other in a step; at least 1. */
int survey_rounds(const Survey *survey);
int survey_workers(const Survey *survey); /* of all ranks */
