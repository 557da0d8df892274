/*
 * The shape of this machine: its hardware threads and the cores, third-level caches and NUMA
 * domains they belong to, and its memory. machine.c is the only file that includes hwloc.h.
 */
#pragma once

#include "base/cpu_set.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct Machine {
    CpuSet allowed; /* hardware threads that the system lets this job use (cgroup) */
    CpuSet bound;   /* of those: where this process may run (its affinity mask) */
    /* of each allowed hardware thread, numbered from 0; -1: not known */
    int16_t core[CPU_SET_MAX], l3[CPU_SET_MAX], numa[CPU_SET_MAX];
    int cores, l3_caches, numa_nodes; /* with an allowed hardware thread */
} Machine;

/* False if hwloc finds no hardware threads. HWLOC_SYNTHETIC or HWLOC_XMLFILE describe another
 * machine, on which the process is bound to nothing. */
bool machine_examine(Machine *machine);

/* The cores that hardware threads belong to. */
CpuSet machine_cores_of(const Machine *machine, const CpuSet *cpus);

/* Bytes that the processes of this job could still get together on this machine: what is available,
 * within what their cgroup allows. UINT64_MAX: not known. */
uint64_t machine_memory(void);
/* The most bytes of memory that this process has held at a time; 0: not known. */
uint64_t machine_memory_peak(void);
/* Bytes that ulimit -v leaves to this process; UINT64_MAX: no limit. */
uint64_t machine_memory_of_process(void);
