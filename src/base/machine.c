/* The shape of this machine, through hwloc; the only file that includes hwloc.h. */
#include "base/machine.h"

#include <hwloc.h>
#include <sched.h>

/* Devices are not asked for: finding them takes longest, and nothing here needs them. */
static bool load(hwloc_topology_t *topology)
{
    if (hwloc_topology_init(topology) != 0) return false;
    hwloc_topology_set_io_types_filter(*topology, HWLOC_TYPE_FILTER_KEEP_NONE);
    if (hwloc_topology_load(*topology) == 0) return true;
    hwloc_topology_destroy(*topology);
    return false;
}

/* Numbers the objects of a type that hold an allowed hardware thread, and writes each one's number
 * to its threads. Returns how many there are. */
static int number_objects(hwloc_topology_t topology, hwloc_obj_type_t type, int16_t *of_cpu)
{
    int count = 0, objects = hwloc_get_nbobjs_by_type(topology, type);
    for (int i = 0; i < objects; i++) {
        hwloc_const_bitmap_t cpus = hwloc_get_obj_by_type(topology, type, (unsigned)i)->cpuset;
        int cpu = -1;
        while ((cpu = hwloc_bitmap_next(cpus, cpu)) >= 0 && cpu < CPU_SET_MAX)
            of_cpu[cpu] = (int16_t)count;
        count += !hwloc_bitmap_iszero(cpus);
    }
    return count;
}

static void read_allowed(hwloc_topology_t topology, CpuSet *allowed)
{
    hwloc_const_bitmap_t cpus = hwloc_topology_get_topology_cpuset(topology);
    int cpu = -1;
    while ((cpu = hwloc_bitmap_next(cpus, cpu)) >= 0) cpu_set_add(allowed, cpu);
}

static void read_bound(Machine *machine, bool is_this_machine)
{
    cpu_set_t mask;
    machine->bound = machine->allowed;
    if (!is_this_machine || sched_getaffinity(0, sizeof mask, &mask) != 0) return;
    machine->bound = (CpuSet){0};
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET((size_t)cpu, &mask)) cpu_set_add(&machine->bound, cpu);
}

bool machine_examine(Machine *machine)
{
    hwloc_topology_t topology;
    *machine = (Machine){0};
    for (int cpu = 0; cpu < CPU_SET_MAX; cpu++)
        machine->core[cpu] = machine->l3[cpu] = machine->numa[cpu] = -1;
    if (!load(&topology)) return false;
    read_allowed(topology, &machine->allowed);
    read_bound(machine, hwloc_topology_is_thissystem(topology));
    machine->cores = number_objects(topology, HWLOC_OBJ_CORE, machine->core);
    machine->l3_caches = number_objects(topology, HWLOC_OBJ_L3CACHE, machine->l3);
    machine->numa_nodes = number_objects(topology, HWLOC_OBJ_NUMANODE, machine->numa);
    /* Where the system tells no cores, each hardware thread counts as one. */
    if (machine->cores == 0) machine->cores = number_objects(topology, HWLOC_OBJ_PU, machine->core);
    hwloc_topology_destroy(topology);
    return machine->cores > 0;
}

CpuSet machine_cores_of(const Machine *machine, const CpuSet *cpus)
{
    CpuSet cores = {0};
    for (int cpu = 0; cpu < CPU_SET_MAX; cpu++)
        if (cpu_set_has(cpus, cpu)) cpu_set_add(&cores, machine->core[cpu]);
    return cores;
}
