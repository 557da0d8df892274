/*
 * Workers against cores. What follows from a single rank is told by check_workers; what follows from
 * several ranks on one host, by check_crowding (the same hardware threads twice) and check_siblings
 * (the same cores twice); cores that nobody uses, by check_idle_cores.
 */
#include "checks.h"

#include <string.h>

/* Cores that nobody uses are worth a word from this share of a host's. */
static const double IDLE_SHARE = 0.25;

/* --- one host --- */

typedef struct HostUse {
    int ranks;
    CpuSet cpus, cores; /* used by any rank of the host */
    int idle_cores;
} HostUse;

static HostUse use_of_host(const Survey *survey, int host)
{
    HostUse use = {0};
    int host_cores = 0;
    for (int r = 0; r < survey->ranks; r++) {
        if (survey->host[r] != host) continue;
        use.ranks++;
        cpu_set_unite(&use.cpus, &survey->rank[r].cpus);
        cpu_set_unite(&use.cores, &survey->rank[r].cores);
        host_cores = survey->rank[r].host_cores;
    }
    use.idle_cores = host_cores - cpu_set_count(&use.cores);
    if (use.idle_cores < 0) use.idle_cores = 0;
    return use;
}

/* What a rank's affinity mask counts. */
static const char *cpu_word(const RankFacts *rank)
{
    return rank->host_cpus == rank->host_cores ? "core" : "hardware thread";
}

static const char *plural(int count)
{
    return count == 1 ? "" : "s";
}

/* How to give each rank `cores` cores of its own. */
static const char *cure_binding(const Survey *survey, int cores, Arena *arena)
{
    switch (survey->launcher) {
    case LAUNCHER_MPIRUN:
        return survey->ranks == survey->hosts
                   ? "start with mpirun --bind-to none"
                   : arena_printf(arena, "start with mpirun --map-by slot:PE=%d --bind-to core",
                                  cores);
    case LAUNCHER_SRUN:
        return arena_printf(arena, "start with srun --cpus-per-task=%d --cpu-bind=cores", cores);
    default:
        return "start it without taskset, or in a wider cpuset";
    }
}

/* --- one rank --- */

static bool has_too_many_workers(const RankFacts *rank)
{
    int cpus = cpu_set_count(&rank->cpus);
    return cpus > 0 && rank->workers > cpus;
}

void check_workers(const Survey *survey, Findings *findings)
{
    bool *chosen = arena_new(findings->arena, bool, survey->ranks);
    const RankFacts *example = NULL;
    for (int r = 0; r < survey->ranks; r++) {
        chosen[r] = has_too_many_workers(&survey->rank[r]);
        if (chosen[r] && !example) example = &survey->rank[r];
    }
    if (!example) return;
    int cpus = cpu_set_count(&example->cpus);
    char numbers[48];
    finding_add(
        findings, PROBLEM,
        "%s: %d workers run on the %d %s%s that a rank may use (%s); set workers: %d%s%s",
        survey_name_ranks(survey, chosen, findings->arena), example->workers, cpus,
        cpu_word(example), plural(cpus), cpu_set_print(&example->cpus, numbers, sizeof numbers),
        cpus, cpus < example->host_cpus ? ", or " : "",
        cpus < example->host_cpus ? cure_binding(survey, example->workers, findings->arena) : "");
}

/* --- several ranks --- */

/* Workers that can run at once: those beyond a rank's own cores are told of already. */
static int running_workers(const RankFacts *rank)
{
    int cpus = cpu_set_count(&rank->cpus);
    return rank->workers < cpus ? rank->workers : cpus;
}

/* Which of a rank's sets may not be shared. */
typedef enum Resource { CPUS, CORES } Resource;

static const CpuSet *resource_of(const RankFacts *rank, Resource resource)
{
    return resource == CPUS ? &rank->cpus : &rank->cores;
}

/* Ranks of rank r's host that are connected with it by common members, itself included: marks them,
 * unites their sets, adds up their workers. Returns how many ranks there are. */
static int find_connected(const Survey *survey, int r, Resource resource, bool *connected,
                          CpuSet *united, int *workers)
{
    int count = 1;
    memset(connected, 0, sizeof *connected * (size_t)survey->ranks);
    connected[r] = true;
    *united = *resource_of(&survey->rank[r], resource);
    *workers = running_workers(&survey->rank[r]);
    for (bool grown = true; grown;) {
        grown = false;
        for (int other = 0; other < survey->ranks; other++) {
            const CpuSet *set = resource_of(&survey->rank[other], resource);
            if (connected[other] || survey->host[other] != survey->host[r] ||
                !cpu_set_meet(united, set))
                continue;
            connected[other] = grown = true;
            cpu_set_unite(united, set);
            *workers += running_workers(&survey->rank[other]);
            count++;
        }
    }
    return count;
}

/* More workers than there are members in what connected ranks share. */
typedef struct Crowd {
    bool *rank; /* (ranks) */
    int host, ranks, workers;
    CpuSet shared;
} Crowd;

/* The first crowd of at least so many ranks; false if there is none. */
static bool find_crowd(const Survey *survey, Resource resource, int least_ranks, Crowd *crowd,
                       Arena *arena)
{
    crowd->rank = arena_new(arena, bool, survey->ranks);
    for (int r = 0; r < survey->ranks; r++) {
        crowd->host = survey->host[r];
        crowd->ranks =
            find_connected(survey, r, resource, crowd->rank, &crowd->shared, &crowd->workers);
        if (crowd->ranks >= least_ranks && crowd->workers > cpu_set_count(&crowd->shared))
            return true;
    }
    return false;
}

void check_crowding(const Survey *survey, Findings *findings)
{
    Crowd crowd;
    if (!find_crowd(survey, CPUS, 2, &crowd, findings->arena)) return;
    HostUse use = use_of_host(survey, crowd.host);
    int cpus = cpu_set_count(&crowd.shared);
    const char *who = survey_name_ranks(survey, crowd.rank, findings->arena);
    const char *word = cpu_word(&survey->rank[0]);
    int all_cores = use.idle_cores + cpu_set_count(&use.cores);
    char numbers[48];
    if (use.idle_cores > 0)
        finding_add(findings, PROBLEM,
                    "%s: %d workers share %d %s%s (%s), while %d of the host's %d cores lie idle; "
                    "%s",
                    who, crowd.workers, cpus, word, plural(cpus),
                    cpu_set_print(&crowd.shared, numbers, sizeof numbers), use.idle_cores,
                    all_cores,
                    cure_binding(survey, all_cores / use.ranks > 0 ? all_cores / use.ranks : 1,
                                 findings->arena));
    else if (crowd.ranks <= cpus)
        finding_add(findings, PROBLEM, "%s: %d workers share %d %s%s; set workers: %d, or %s", who,
                    crowd.workers, cpus, word, plural(cpus), cpus / crowd.ranks,
                    cure_binding(survey, cpus / crowd.ranks, findings->arena));
    else
        finding_add(findings, PROBLEM, "%s: share %d %s%s; start at most %d on this host", who,
                    cpus, word, plural(cpus), cpus);
}

void check_siblings(const Survey *survey, Findings *findings)
{
    if (finding_has_problem(findings, "crowding")) return;
    Crowd crowd;
    Arena *arena = findings->arena;
    if (!find_crowd(survey, CORES, 1, &crowd, arena)) return;
    HostUse use = use_of_host(survey, crowd.host);
    int cores = cpu_set_count(&crowd.shared);
    const char *who = survey_name_ranks(survey, crowd.rank, arena);
    if (use.idle_cores > 0)
        finding_add(findings, PROBLEM,
                    "%s: %d workers share %d core%s as hyper-threads, while %d of the host's %d "
                    "cores lie idle; %s",
                    who, crowd.workers, cores, plural(cores), use.idle_cores,
                    use.idle_cores + cpu_set_count(&use.cores),
                    cure_binding(survey, crowd.workers, arena));
    else
        finding_add(findings, ADVICE,
                    "%s: %d workers share %d core%s as hyper-threads, which compete for the same "
                    "vector units; try one worker per core (workers: N, or #SBATCH "
                    "--hint=nomultithread)",
                    who, crowd.workers, cores, plural(cores));
}

/* --- nobody --- */

static bool leaves_cores_idle(const Survey *survey, int host, const HostUse *use)
{
    int all = use->idle_cores + cpu_set_count(&use->cores);
    if (use->idle_cores == 0 || use->idle_cores < IDLE_SHARE * all) return false;
    /* Whoever chose the number of workers wanted no more. */
    for (int r = 0; r < survey->ranks; r++)
        if (survey->host[r] == host && !survey->rank[r].workers_chosen) return true;
    return false;
}

void check_idle_cores(const Survey *survey, Findings *findings)
{
    if (finding_has_problem(findings, "crowding")) return;
    Arena *arena = findings->arena;
    bool *chosen = arena_new(arena, bool, survey->ranks);
    HostUse example = {0};
    for (int h = 0; h < survey->hosts; h++) {
        HostUse use = use_of_host(survey, h);
        if (!leaves_cores_idle(survey, h, &use)) continue;
        for (int r = 0; r < survey->ranks; r++) chosen[r] |= survey->host[r] == h;
        if (example.ranks == 0) example = use;
    }
    if (example.ranks == 0) return;
    int used = cpu_set_count(&example.cores), all = used + example.idle_cores;
    finding_add(findings, PROBLEM, "%s: bound to %d of the %d cores of %s; the others lie idle: %s",
                survey_name_ranks(survey, chosen, arena), used, all,
                survey->hosts > 1 ? "a host" : "the host",
                cure_binding(survey, all / example.ranks > 0 ? all / example.ranks : 1, arena));
}
