/*
 * Links: each rank sends messages to the next one, which sends them back; one rank after the other, so
 * that nothing but them is under way. Messages grow until one takes about a millisecond, so that a
 * link takes some milliseconds, whatever it is made of.
 */
#include "probe.h"

#include "base/clock.h"

#include <stdlib.h>

enum { LEAST = 1 << 14, MOST = 1 << 22, SHORT = 8, REPEATS = 3, SHORT_REPEATS = 10 };
static const double ENOUGH_SECONDS = 1e-3;

/* Ends the answers of the next rank. */
static const uint64_t NO_MORE = 0;

/* Seconds of one way. */
static double there_and_back(Comm *comm, int other, char *message, uint64_t bytes)
{
    comm_send(comm, &bytes, sizeof bytes, other);
    double begin = clock_seconds();
    comm_send(comm, message, bytes, other);
    comm_receive(comm, message, bytes, other);
    return (clock_seconds() - begin) / 2;
}

static double quickest(Comm *comm, int other, char *message, uint64_t bytes, int repeats)
{
    double best = there_and_back(comm, other, message, bytes);
    for (int i = 1; i < repeats; i++) {
        double now = there_and_back(comm, other, message, bytes);
        if (now < best) best = now;
    }
    return best;
}

static void ask(Comm *comm, int other, char *message, RankFacts *facts)
{
    uint64_t bytes = LEAST;
    facts->link_latency = quickest(comm, other, message, SHORT, SHORT_REPEATS);
    while (bytes < MOST && there_and_back(comm, other, message, bytes) < ENOUGH_SECONDS) bytes *= 2;
    facts->link_bandwidth = (double)bytes / quickest(comm, other, message, bytes, REPEATS);
    comm_send(comm, &NO_MORE, sizeof NO_MORE, other);
}

static void answer(Comm *comm, int other, char *message)
{
    for (uint64_t bytes;;) {
        comm_receive(comm, &bytes, sizeof bytes, other);
        if (bytes == NO_MORE) return;
        comm_receive(comm, message, bytes, other);
        comm_send(comm, message, bytes, other);
    }
}

void probe_links(Comm *comm, RankFacts *facts)
{
    int rank = comm_rank(comm), size = comm_size(comm);
    int next = (rank + 1) % size, previous = (rank + size - 1) % size;
    if (size == 1) return;
    char *message = calloc(1, MOST);
    if (!message) die("doctor: no memory for a message of %d bytes", MOST);
    if (rank > 0) answer(comm, previous, message);
    if (survey_link_exists(rank, size)) ask(comm, next, message, facts);
    if (rank == 0 && survey_link_exists(previous, size)) answer(comm, previous, message);
    free(message);
}
