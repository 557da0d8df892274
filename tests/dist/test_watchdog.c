/*
 * The watchdog. Run alone it is a cmocka program on one rank; with arguments CASE SECONDS, under
 * mpirun, it makes one rank misbehave (tests/cluster/hangs.sh).
 */
#include "check.h"

#include "base/pulse.h"
#include "dist/watchdog.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static Comm *comm;

static void doze(double seconds)
{
    struct timespec time = {(time_t)seconds, (long)(1e9 * (seconds - (double)(time_t)seconds))};
    nanosleep(&time, NULL);
}

/* Alone there is nobody to watch. */
static void one_rank_has_no_watchdog(void **state)
{
    (void)state;
    assert_null(watchdog_start(comm, 1));
    watchdog_stop(NULL);
    watchdog_farewell();
}

/* --- under mpirun --- */

/* Rank 1 thinks that there is one sum less than the others think, and waits for a message. */
static void skip_a_sum(void)
{
    int64_t value = 1;
    pulse_phase(comm_rank(comm) == 1 ? "elsewhere" : "summing");
    if (comm_rank(comm) == 1)
        comm_receive(comm, &value, sizeof value, 0);
    else
        comm_sum_i64(comm, &value, 1);
}

/* A rank that works without getting anywhere. */
static void compute_for_ever(void)
{
    int64_t value = 1;
    pulse_phase("looping");
    while (comm_rank(comm) == 2) doze(0.01);
    comm_sum_i64(comm, &value, 1);
}

/* Slow work that makes progress, for three times the limit. */
static void compute_slowly(double seconds)
{
    int64_t value = 1;
    pulse_phase("slow");
    for (double t = 0; comm_rank(comm) == 1 && t < 3 * seconds; t += seconds / 4) {
        doze(seconds / 4);
        pulse_tick();
    }
    comm_sum_i64(comm, &value, 1);
}

/* One long call of the file system, within what it has announced. */
static void wait_for_a_file(double seconds)
{
    int64_t value = 1;
    if (comm_rank(comm) == 0) {
        pulse_file_begin("reading slowly", 4 * seconds);
        doze(3 * seconds);
        pulse_file_end();
    }
    comm_sum_i64(comm, &value, 1);
}

/* Ranks leave one after the other. */
static void leave_apart(Watchdog *dog, double seconds)
{
    for (int r = 0; r < comm_rank(comm); r++) doze(seconds);
    watchdog_stop(dog);
    for (int r = comm_rank(comm); r < comm_size(comm); r++) doze(seconds);
}

static int misbehave(const char *how, double seconds)
{
    Watchdog *dog = watchdog_start(comm, seconds);
    pulse_step(7);
    if (strcmp(how, "skips-a-sum") == 0) skip_a_sum();
    if (strcmp(how, "computes-for-ever") == 0) compute_for_ever();
    if (strcmp(how, "computes-slowly") == 0) compute_slowly(seconds);
    if (strcmp(how, "waits-for-a-file") == 0) wait_for_a_file(seconds);
    if (strcmp(how, "leaves-apart") == 0)
        leave_apart(dog, seconds);
    else
        watchdog_stop(dog);
    comm_close(comm);
    return dog ? 0 : 1;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_rank_has_no_watchdog),
    };
    comm = comm_open(&argc, &argv);
    if (argc == 3) return misbehave(argv[1], atof(argv[2]));
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    comm_close(comm);
    return failures;
}
