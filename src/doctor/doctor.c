/*
 * The examination: every rank looks for itself, then all together at what they share; rank 0 gathers
 * the facts, decides whether a trial of training makes sense, and runs the checks.
 */
#include "doctor/doctor.h"

#include "checks.h"
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

Launcher doctor_launcher(void)
{
    /* Open MPI, MPICH's Hydra. Below mpirun, SLURM's variables are there too. */
    if (getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMI_FD") || getenv("HYDI_CONTROL_FD"))
        return LAUNCHER_MPIRUN;
    return getenv("SLURM_STEP_ID") && getenv("SLURM_PROCID") ? LAUNCHER_SRUN : LAUNCHER_NONE;
}

static double seconds_left(void)
{
    const char *end = getenv("SLURM_JOB_END_TIME");
    long long when = end ? strtoll(end, NULL, 10) : 0;
    if (when <= 0) return -1;
    long long left = when - (long long)time(NULL);
    return left > 0 ? (double)left : 0;
}

/* Whether every rank was given a configuration: only then all take part in what is about it. */
static bool all_have_config(Comm *comm, const Config *config)
{
    uint64_t lacks = config == NULL;
    comm_max_u64(comm, &lacks, 1);
    return !lacks;
}

static int add_workers(Comm *comm, int own)
{
    int64_t workers = own;
    comm_sum_i64(comm, &workers, 1);
    return (int)workers;
}

static void gather_ranks(Comm *comm, const RankFacts *own, Survey *survey, Arena *arena)
{
    survey->ranks = comm_size(comm);
    if (comm_rank(comm) == 0) survey->rank = arena_new(arena, RankFacts, survey->ranks);
    comm_gather(comm, own, sizeof *own, survey->rank);
}

static void add_clocks(Comm *comm, Survey *survey, Arena *arena)
{
    double *ahead = arena_new(arena, double, survey->ranks);
    probe_clocks(comm, ahead);
    for (int r = 0; survey->rank && r < survey->ranks; r++) survey->rank[r].clock_ahead = ahead[r];
}

static void complete_on_first(Survey *survey, Launcher launcher, Arena *arena)
{
    survey_find_hosts(survey, arena);
    survey->launcher = launcher;
    survey->seconds_left = seconds_left();
    survey->is_open_mpi = strncmp(comm_library(), "Open MPI", 8) == 0;
    comm_setting("btl_tcp_if_include", survey->tcp_include, sizeof survey->tcp_include);
    comm_setting("btl_tcp_if_exclude", survey->tcp_exclude, sizeof survey->tcp_exclude);
}

/* A trial would fail, or harm the host, where one of these finds a problem. */
static bool allows_trial(const Survey *survey, Arena *arena)
{
    static CheckFn *const needed[] = {check_configuration, check_pack, check_programs,
                                      check_memory};
    Findings findings = {.arena = arena, .check = "trial"};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) needed[i](survey, &findings);
    return findings.problems == 0;
}

static void try_training(Comm *comm, const Config *config, int workers, Survey *survey,
                         Arena *arena)
{
    bool go = comm_rank(comm) == 0 && allows_trial(survey, arena);
    comm_broadcast(comm, &go, sizeof go, 0);
    if (go) probe_trial(comm, config, workers, survey);
}

void doctor_examine(const DoctorOptions *options, Survey *survey, Findings *findings, Arena *arena)
{
    Comm *comm = options->comm;
    RankFacts own = {0};
    *survey = (Survey){.seconds_left = -1};
    *findings = (Findings){.arena = arena};
    bool with_config = all_have_config(comm, options->config);
    probe_process(&own, options->config);
    probe_interfaces(&own);
    own.has_config = options->config != NULL;
    probe_links(comm, &own);
    if (with_config) {
        probe_plan(&own, survey, options->config, arena);
        probe_run_folder(comm, options->config, &own, survey);
    }
    gather_ranks(comm, &own, survey, arena);
    add_clocks(comm, survey, arena);
    int workers = add_workers(comm, own.workers);
    if (comm_rank(comm) == 0) complete_on_first(survey, options->launcher, arena);
    if (with_config) try_training(comm, options->config, workers, survey, arena);
    if (comm_rank(comm) == 0) doctor_check(survey, findings);
}
