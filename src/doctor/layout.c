/*
 * Ranks and workers from the machine's shape. Workers of a rank share its parameters, prepared
 * weights and accumulator, which lie in the memory of the NUMA domain that touched them first;
 * hence a rank per domain. More ranks than that cost memory and communication.
 */
#include "doctor/layout.h"

#include <string.h>

/* A third-level cache with fewer cores is no reason for a rank of its own. */
enum { CORES_PER_CACHE = 8 };

typedef struct Domains {
    int used;  /* domains with a usable core */
    int least; /* cores in the smallest of them */
} Domains;

/* Counts the cores that `machine->bound` reaches in each domain. */
static Domains count_domains(const Machine *machine, const int16_t *domain_of)
{
    int cores[CPU_SET_MAX] = {0};
    CpuSet seen = {0};
    for (int cpu = 0; cpu < CPU_SET_MAX; cpu++) {
        int domain = domain_of[cpu];
        if (!cpu_set_has(&machine->bound, cpu) || cpu_set_has(&seen, machine->core[cpu])) continue;
        cpu_set_add(&seen, machine->core[cpu]);
        if (domain >= 0) cores[domain]++;
    }
    Domains domains = {0, 0};
    for (int d = 0; d < CPU_SET_MAX; d++) {
        if (cores[d] == 0) continue;
        if (domains.used == 0 || cores[d] < domains.least) domains.least = cores[d];
        domains.used++;
    }
    return domains;
}

Layout layout_suggest(const Machine *machine)
{
    CpuSet cores = machine_cores_of(machine, &machine->bound);
    int usable = cpu_set_count(&cores);
    Domains numa = count_domains(machine, machine->numa);
    Domains cache = count_domains(machine, machine->l3);
    bool by_cache = cache.used > numa.used && cache.least >= CORES_PER_CACHE;
    Domains best = by_cache ? cache : numa;
    /* Every rank gets as many workers as the smallest domain has cores: at most a quarter of the
     * cores may be lost by that. */
    if (best.used <= 1 || 4 * best.used * best.least < 3 * usable)
        return (Layout){1, usable > 0 ? usable : 1, "none"};
    return (Layout){best.used, best.least, by_cache ? "l3cache" : "numa"};
}
