/* What MPI libraries are told, or spared, before they start. Whoever sets the variables himself, or passes mpirun the
 * same by --mca, has his way. */
#include "environment.h"

#include <malloc.h>
#include <stdlib.h>

/* Open MPI looks at the machine through hwloc, which asks the X displays :0 to :9 for graphics cards.
 * Where /etc/hosts lacks localhost, as in bare containers, that is a burst of questions to a name
 * server, and one that goes unanswered takes 5 s; where a program listens at a port from 6000 to
 * 6009, it waits for ever (open-mpi/hwloc#621). With the variable set, hwloc ignores a description
 * of the machine; where there is one, it asks no display anyway. */
static void spare_displays(void)
{
    if (!getenv("HWLOC_XMLFILE") && !getenv("HWLOC_SYNTHETIC"))
        setenv("HWLOC_COMPONENTS", "-gl", 0);
}

/* Open MPI sums in place by a tree to the first rank and back unless it is told otherwise. Rabenseifner's
 * algorithm (3) halves the data from hop to hop: a rank sends and receives at most twice the data, however many ranks
 * there are, and recursive doubling (4) all of it in each of log2(ranks) hops. */
static void choose_algorithm(void)
{
    setenv("OMPI_MCA_coll_libnbc_iallreduce_algorithm", "3", 0);
}

/* Open MPI takes memory for each sum under way and frees it again. Left to itself, glibc gives that back to the
 * kernel each time, and all pages have to be found and cleared anew: a third of what a sum over TCP costs. */
static void keep_freed_memory(void)
{
    enum { LARGEST = 4 << 20, KEPT = 32 << 20 }; /* a bucket has 2 MiB, eight are under way */
    mallopt(M_MMAP_THRESHOLD, LARGEST);
    mallopt(M_TRIM_THRESHOLD, KEPT);
}

void environment_prepare(void)
{
    spare_displays();
    choose_algorithm();
    keep_freed_memory();
}
