/*
 * The watchdog. Rank 0 and rank 1 keep a row for each rank; the others only listen for them. Rank 0
 * speaks first, rank 1 some seconds later, so that a fault is told once; whoever is at fault itself
 * is told by the other.
 */
#include "dist/watchdog.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "watchdog_net.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const double REPORT_SECONDS = 1;
/* Rank 1 waits so long for rank 0 to speak, all others twice as long. */
static const double DEFERENCE_SECONDS = 3;
/* Between the message and the end: the launcher usually is quicker, and ends all ranks alike. */
static const double GRACE_SECONDS = 2;

/* A thread that did not run for so long was stopped itself. */
static const double SUSPENDED_SECONDS = 5;

/* What a watching rank knows of a rank. */
typedef struct Row {
    Beat last;
    double heard, progressed; /* clock_seconds; heard 0: never */
    bool left;                /* said farewell */
    double gone;              /* when its connection closed without one; 0: it has not */
} Row;

struct Watchdog {
    pthread_t thread;
    pthread_mutex_t lock; /* of all below; the thread holds it while it works */
    int rank, size;
    double seconds;
    uint64_t nonce;
    char host[HOST_BYTES];
    int wake; /* eventfd: watchdog_stop */
    bool stopping;
    double silent_until; /* clock_seconds */
    Link up[WATCHERS];   /* to the watching ranks other than this one */
    Row up_row[WATCHERS];
    /* of watching ranks */
    int listener; /* -1: none */
    Link *client; /* (size + spare) */
    int clients, capacity;
    Row *row; /* (size) */
    struct pollfd *poll;
};

static Watchdog *current; /* for watchdog_farewell */

/* --- reports --- */

static Beat own_beat(const Watchdog *dog, BeatKind kind)
{
    Pulse pulse = pulse_read();
    Beat beat = {.nonce = dog->nonce,
                 .kind = kind,
                 .rank = dog->rank,
                 .ticks = pulse.ticks,
                 .step = pulse.step,
                 .waits = pulse.waits,
                 .allowance = pulse.allowance,
                 .waiting = pulse.waiting,
                 .process = (uint32_t)getpid()};
    snprintf(beat.phase, sizeof beat.phase, "%s", pulse.phase);
    memcpy(beat.host, dog->host, sizeof beat.host);
    return beat;
}

static void note(Row *row, const Beat *beat)
{
    double now = clock_seconds();
    if (row->heard == 0 || beat->ticks != row->last.ticks || beat->waits != row->last.waits)
        row->progressed = now;
    row->heard = now;
    row->last = *beat;
    if (beat->kind == BEAT_FAREWELL) row->left = true;
}

static void send_to_all(Watchdog *dog, BeatKind kind)
{
    Beat beat = own_beat(dog, kind);
    for (int w = 0; w < WATCHERS; w++) link_send(&dog->up[w], &beat);
    for (int c = 0; c < dog->clients; c++) link_send(&dog->client[c], &beat);
    if (dog->row) note(&dog->row[dog->rank], &beat);
}

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

static _Noreturn void end_process(const char *text)
{
    if (text) say(text);
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

static void judge_life(const Watchdog *dog, int rank, double now)
{
    const Row *row = &dog->row[rank];
    double limit = dog->seconds + deference(dog, rank);
    char who[256], text[512];
    if (row->left || row->heard == 0) return;
    if (row->gone > 0 && now - row->gone >= deference(dog, rank)) {
        snprintf(text, sizeof text, "%s is gone: killed, or ended without a word",
                 describe(row, rank, who));
        end_process(text);
    }
    if (now - row->heard > limit) {
        snprintf(text, sizeof text,
                 "%s has given no sign of life for %.0f s: it is stopped, or its host is cut off",
                 describe(row, rank, who), now - row->heard);
        end_process(text);
    }
}

/* A rank may also be stuck because of another: in a lock that a stopped one holds. So this comes
 * after all have been asked for signs of life, and later. */
static void judge_progress(const Watchdog *dog, int rank, double now)
{
    const Row *row = &dog->row[rank];
    double limit = dog->seconds + deference(dog, rank) + 2 * REPORT_SECONDS;
    char who[256], text[512];
    if (row->left || row->heard == 0 || row->last.waiting) return;
    if (now - row->progressed > limit + row->last.allowance) {
        snprintf(text, sizeof text, "%s has been stuck for %.0f s", describe(row, rank, who),
                 now - row->progressed);
        end_process(text);
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

static void judge_waiting(const Watchdog *dog, double now)
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
    end_process(text);
}

/* What a rank can tell that watches nobody: that those who watch are not there any more. */
static void judge_watchers(const Watchdog *dog, double now)
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
    end_process(closed ? NULL : text); /* a rank that is gone has been told of already */
}

static void judge(Watchdog *dog)
{
    double now = clock_seconds();
    if (!dog->row) {
        judge_watchers(dog, now);
        return;
    }
    for (int r = 0; r < dog->size; r++) judge_life(dog, r, now);
    for (int r = 0; r < dog->size; r++) judge_progress(dog, r, now);
    judge_waiting(dog, now);
}

/* --- connections --- */

static void accept_clients(Watchdog *dog)
{
    int fd;
    while ((fd = accept4(dog->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (dog->clients == dog->capacity) {
            close(fd);
            continue;
        }
        dog->client[dog->clients++] = (Link){.socket = fd, .rank = -1};
    }
}

/* A beat of a client; strangers are sent away. */
static void hear_client(Watchdog *dog, Link *link)
{
    const Beat *beat = &link->in;
    if (beat->nonce != dog->nonce || beat->rank < 0 || beat->rank >= dog->size) {
        link_close(link);
        return;
    }
    if (link->rank < 0) {
        link->rank = beat->rank;
        Beat answer = own_beat(dog, BEAT_HELLO);
        link_send(link, &answer);
    }
    note(&dog->row[link->rank], beat);
}

static void read_client(Watchdog *dog, Link *link)
{
    int got;
    while ((got = link_receive(link)) == 1) hear_client(dog, link);
    if (got == 0) return;
    if (link->rank >= 0 && !dog->row[link->rank].left) dog->row[link->rank].gone = clock_seconds();
    link_close(link);
}

static void read_up(Link *link, Row *row)
{
    int got;
    while ((got = link_receive(link)) == 1) note(row, &link->in);
    if (got == 0) return;
    if (!row->left) row->gone = clock_seconds();
    link_close(link);
}

static void drop_closed(Watchdog *dog)
{
    int kept = 0;
    for (int c = 0; c < dog->clients; c++)
        if (dog->client[c].socket >= 0) dog->client[kept++] = dog->client[c];
    dog->clients = kept;
}

/* Sleeps until something comes or `seconds` have passed. */
static void wait_for_news(Watchdog *dog, double seconds)
{
    nfds_t count = 0;
    dog->poll[count++] = (struct pollfd){.fd = dog->wake, .events = POLLIN};
    if (dog->listener >= 0)
        dog->poll[count++] = (struct pollfd){.fd = dog->listener, .events = POLLIN};
    for (int w = 0; w < WATCHERS; w++)
        if (dog->up[w].socket >= 0)
            dog->poll[count++] = (struct pollfd){.fd = dog->up[w].socket, .events = POLLIN};
    for (int c = 0; c < dog->clients; c++)
        dog->poll[count++] = (struct pollfd){.fd = dog->client[c].socket, .events = POLLIN};
    pthread_mutex_unlock(&dog->lock);
    poll(dog->poll, count, (int)(seconds * 1000));
    pthread_mutex_lock(&dog->lock);
}

/* This process was suspended, and perhaps the whole job: its news is old, and it had better listen
 * before it blames anybody. */
static void forgive(Watchdog *dog, double gap)
{
    dog->silent_until = clock_seconds() + SUSPENDED_SECONDS;
    for (int r = 0; dog->row && r < dog->size; r++) {
        if (dog->row[r].heard > 0) dog->row[r].heard += gap;
        dog->row[r].progressed += gap;
    }
    for (int w = 0; w < WATCHERS; w++) dog->up_row[w].heard += gap;
}

static void *watch(void *argument)
{
    Watchdog *dog = argument;
    double sent = 0, looked = clock_seconds();
    pthread_mutex_lock(&dog->lock);
    while (!dog->stopping) {
        wait_for_news(dog, REPORT_SECONDS / 2);
        double gap = clock_seconds() - looked;
        if (gap > SUSPENDED_SECONDS) forgive(dog, gap);
        looked += gap;
        if (dog->listener >= 0) accept_clients(dog);
        for (int c = 0; c < dog->clients; c++) read_client(dog, &dog->client[c]);
        drop_closed(dog);
        for (int w = 0; w < WATCHERS; w++)
            if (dog->up[w].socket >= 0) read_up(&dog->up[w], &dog->up_row[w]);
        if (clock_seconds() - sent >= REPORT_SECONDS) {
            send_to_all(dog, BEAT_REPORT);
            sent = clock_seconds();
        }
        if (!dog->stopping && clock_seconds() > dog->silent_until) judge(dog);
    }
    send_to_all(dog, BEAT_FAREWELL);
    pthread_mutex_unlock(&dog->lock);
    return NULL;
}

/* --- start and end --- */

static Watchdog *create(Comm *comm, double seconds, uint64_t nonce)
{
    Watchdog *dog = calloc(1, sizeof *dog);
    if (!dog) die("watchdog: out of memory");
    *dog = (Watchdog){.rank = comm_rank(comm),
                      .size = comm_size(comm),
                      .seconds = seconds,
                      .nonce = nonce,
                      .listener = -1,
                      .wake = eventfd(0, EFD_CLOEXEC),
                      .capacity = comm_size(comm) + 16};
    gethostname(dog->host, sizeof dog->host - 1);
    pthread_mutex_init(&dog->lock, NULL);
    for (int w = 0; w < WATCHERS; w++) dog->up[w] = (Link){.socket = -1, .rank = w};
    dog->poll = calloc((size_t)dog->capacity + WATCHERS + 2, sizeof *dog->poll);
    if (dog->rank < WATCHERS) {
        dog->client = calloc((size_t)dog->capacity, sizeof *dog->client);
        dog->row = calloc((size_t)dog->size, sizeof *dog->row);
    }
    if (!dog->poll || (dog->rank < WATCHERS && (!dog->client || !dog->row)))
        die("watchdog: out of memory for %d ranks", dog->size);
    return dog;
}

static void destroy(Watchdog *dog)
{
    for (int c = 0; c < dog->clients; c++) link_close(&dog->client[c]);
    for (int w = 0; w < WATCHERS; w++) link_close(&dog->up[w]);
    if (dog->listener >= 0) close(dog->listener);
    if (dog->wake >= 0) close(dog->wake);
    pthread_mutex_destroy(&dog->lock);
    free(dog->client);
    free(dog->row);
    free(dog->poll);
    free(dog);
}

static uint64_t draw_nonce(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000007U ^ (uint64_t)now.tv_nsec << 20 ^ (uint64_t)getpid();
}

/* Links to the watching ranks other than this one; false if one cannot be reached. */
static bool connect_up(Watchdog *dog, const Address address[WATCHERS])
{
    bool ok = true;
    for (int w = 0; w < WATCHERS && w < dog->size; w++) {
        if (w == dog->rank) continue;
        Link link;
        Beat hello = own_beat(dog, BEAT_HELLO);
        if (!link_connect(&link, &address[w], &hello)) {
            log_rank("watchdog: cannot reach rank %d on %s", w, address[w].host);
            ok = false;
            continue;
        }
        pthread_mutex_lock(&dog->lock);
        note(&dog->up_row[w], &link.in);
        dog->up[w] = link;
        pthread_mutex_unlock(&dog->lock);
    }
    return ok;
}

static void start_thread(Watchdog *dog)
{
    if (pthread_create(&dog->thread, NULL, watch, dog) != 0) die("watchdog: cannot start a thread");
}

Watchdog *watchdog_start(Comm *comm, double seconds)
{
    if (comm_size(comm) == 1 || seconds <= 0) return NULL;
    uint64_t nonce = draw_nonce();
    comm_broadcast(comm, &nonce, sizeof nonce, 0);
    Watchdog *dog = create(comm, seconds, nonce);
    Address address[WATCHERS] = {{0}};
    bool watches = dog->rank < WATCHERS;
    if (watches) dog->listener = link_listen(&address[dog->rank], nonce);
    for (int w = 0; w < WATCHERS; w++) comm_broadcast(comm, &address[w], sizeof address[w], w);
    if (watches) start_thread(dog); /* it answers those who connect */
    int64_t failures = !connect_up(dog, address);
    if (!watches) start_thread(dog);
    comm_sum_i64(comm, &failures, 1);
    if (failures == 0) return current = dog;
    log_warning("the watchdog is off, since %lld ranks cannot reach rank 0 or rank 1 by TCP: a "
                "rank that hangs will go unnoticed",
                (long long)failures);
    watchdog_stop(dog);
    return NULL;
}

void watchdog_stop(Watchdog *dog)
{
    if (!dog) return;
    current = NULL;
    pthread_mutex_lock(&dog->lock);
    dog->stopping = true;
    pthread_mutex_unlock(&dog->lock);
    uint64_t one = 1;
    ssize_t written = write(dog->wake, &one, sizeof one);
    (void)written;
    pthread_join(dog->thread, NULL);
    destroy(dog);
}

void watchdog_farewell(void)
{
    if (!current) return;
    pthread_mutex_lock(&current->lock);
    current->stopping = true;
    send_to_all(current, BEAT_FAREWELL);
    pthread_mutex_unlock(&current->lock);
}
