/*
 * Who is at fault, and the end of the job. Rank 0 speaks first, rank 1 some seconds later, so that a
 * fault is told once; whoever is at fault itself is told by the other.
 */
#include "watchdog_state.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Rank 1 waits so long for rank 0 to speak, all others twice as long. */
static const double DEFERENCE_SECONDS = 3;
/* Between the message and the end: the launcher usually is quicker, and ends all ranks alike. */
static const double GRACE_SECONDS = 2;

/* --- the end --- */

/* Without stdio, whose locks a stuck thread may hold. */
static void say(const char *text)
{
    char line[1024];
    int length =
        snprintf(line, sizeof line, "umbel: %s; the job ends. Go on with --resume\n", text);
    ssize_t written = write(STDERR_FILENO, line, (size_t)length);
    (void)written;
}

/* NULL: somebody else has told already. */
static _Noreturn void end_process(Watchdog *dog, const char *text)
{
    if (text) {
        say(text);
        watchdog_send(dog, BEAT_VERDICT);
    }
    struct timespec grace = {.tv_sec = (time_t)GRACE_SECONDS};
    nanosleep(&grace, NULL);
    _exit(WATCHDOG_EXIT);
}

/* "rank 3 on node2 (process 4711, step 512, backward)" */
static const char *describe(const Row *row, int rank, char text[256])
{
    if (row->heard == 0)
        snprintf(text, 256, "rank %d", rank);
    else
        snprintf(text, 256, "rank %d on %s (process %u, step %llu, %s)", rank, row->last.host,
                 row->last.process, (unsigned long long)row->last.step, row->last.phase);
    return text;
}

/* How long this rank leaves the word to one before it. */
static double deference(const Watchdog *dog, int culprit)
{
    return dog->rank == 0 || culprit == 0 ? 0 : DEFERENCE_SECONDS;
}

/* --- judgement --- */

static void judge_life(Watchdog *dog, int rank, double now)
{
    const Row *row = &dog->row[rank];
    double limit = dog->seconds + deference(dog, rank);
    char who[256], text[512];
    if (row->left || row->heard == 0) return;
    if (row->gone > 0 && now - row->gone >= deference(dog, rank)) {
        snprintf(text, sizeof text, "%s is gone: killed, or ended without a word",
                 describe(row, rank, who));
        end_process(dog, text);
    }
    if (now - row->heard > limit) {
        snprintf(text, sizeof text,
                 "%s has given no sign of life for %.0f s: it is stopped, or its host is cut off",
                 describe(row, rank, who), now - row->heard);
        end_process(dog, text);
    }
}

/* A rank may also be stuck because of another: in a lock that a stopped one holds. So this comes
 * after all have been asked for signs of life, and later. */
static void judge_progress(Watchdog *dog, int rank, double now)
{
    const Row *row = &dog->row[rank];
    double limit = dog->seconds + deference(dog, -1) + 2 * WATCHDOG_REPORT_SECONDS;
    char who[256], text[512];
    if (row->left || row->heard == 0 || row->last.waiting) return;
    if (now - row->progressed > limit + row->last.allowance) {
        snprintf(text, sizeof text, "%s has been stuck for %.0f s", describe(row, rank, who),
                 now - row->progressed);
        end_process(dog, text);
    }
}

/* The rank that stands elsewhere than rank 0, or -1. */
static int odd_one_out(const Watchdog *dog)
{
    const Beat *first = &dog->row[0].last;
    for (int r = 1; r < dog->size; r++) {
        const Beat *beat = &dog->row[r].last;
        if (dog->row[r].left || beat->step != first->step || beat->waits != first->waits ||
            strcmp(beat->phase, first->phase) != 0)
            return r;
    }
    return -1;
}

static void judge_waiting(Watchdog *dog, double now)
{
    double latest = 0;
    for (int r = 0; r < dog->size; r++) {
        const Row *row = &dog->row[r];
        if (row->heard == 0 || (!row->left && !row->last.waiting)) return;
        if (row->progressed > latest) latest = row->progressed;
    }
    if (dog->row[0].left || now - latest <= dog->seconds + deference(dog, -1)) return;
    char who[256], first[256], text[1024];
    int odd = odd_one_out(dog);
    if (odd >= 0)
        snprintf(text, sizeof text, "ranks have waited for each other for %.0f s: %s, but %s",
                 now - latest, describe(&dog->row[0], 0, first),
                 describe(&dog->row[odd], odd, who));
    else
        snprintf(text, sizeof text,
                 "all ranks have waited for each other for %.0f s, %s and the others: a link "
                 "between hosts may be cut",
                 now - latest, describe(&dog->row[0], 0, first));
    end_process(dog, text);
}

/* What a rank can tell that watches nobody: that those who watch are not there any more. */
static void judge_watchers(Watchdog *dog, double now)
{
    bool lost = true, closed = true;
    for (int w = 0; w < WATCHERS && w < dog->size; w++) {
        const Row *row = &dog->up_row[w];
        if (row->left) return;
        lost &= row->gone > 0 ? now - row->gone > 2 * DEFERENCE_SECONDS
                              : now - row->heard > dog->seconds + 2 * DEFERENCE_SECONDS;
        closed &= row->gone > 0;
    }
    if (!lost) return;
    char text[256];
    snprintf(text, sizeof text, "rank %d on %s has lost rank 0 and rank 1", dog->rank, dog->host);
    end_process(dog, closed ? NULL : text); /* a rank that is gone has been told of already */
}

/* Whether another rank has named a culprit. Then the launcher ends this rank; if it does not, the rank
 * ends itself. */
static bool is_told(Watchdog *dog, double now)
{
    bool told = false;
    for (int w = 0; w < WATCHERS; w++) told |= dog->up_row[w].told;
    for (int r = 0; dog->row && r < dog->size; r++) told |= dog->row[r].told;
    if (told && dog->told == 0) dog->told = now;
    if (told && now - dog->told > DEFERENCE_SECONDS) end_process(dog, NULL);
    return told;
}

void watchdog_judge(Watchdog *dog)
{
    double now = clock_seconds();
    if (is_told(dog, now)) return;
    if (!dog->row) {
        judge_watchers(dog, now);
        return;
    }
    for (int r = 0; r < dog->size; r++) judge_life(dog, r, now);
    for (int r = 0; r < dog->size; r++) judge_progress(dog, r, now);
    judge_waiting(dog, now);
}
