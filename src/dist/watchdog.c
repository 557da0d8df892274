/*
 * The watchdog: its thread and what it hears. Rank 0 and rank 1 keep a row for each rank; the others
 * only listen for them.
 */
#include "watchdog_state.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A thread that did not run for so long, or for half of `seconds`, was stopped itself. */
static const double SUSPENDED_SECONDS = 5;

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
    if (beat->kind == BEAT_VERDICT) row->told = true;
}

void watchdog_send(Watchdog *dog, BeatKind kind)
{
    Beat beat = own_beat(dog, kind);
    for (int w = 0; w < WATCHERS; w++) link_send(&dog->up[w], &beat);
    for (int c = 0; c < dog->clients; c++) link_send(&dog->client[c], &beat);
    if (dog->row) note(&dog->row[dog->rank], &beat);
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
    double suspended = dog->seconds / 2 < SUSPENDED_SECONDS ? dog->seconds / 2 : SUSPENDED_SECONDS;
    pthread_mutex_lock(&dog->lock);
    while (!dog->stopping) {
        wait_for_news(dog, WATCHDOG_REPORT_SECONDS / 2);
        double gap = clock_seconds() - looked;
        if (gap > suspended) forgive(dog, gap);
        looked += gap;
        if (dog->listener >= 0) accept_clients(dog);
        for (int c = 0; c < dog->clients; c++) read_client(dog, &dog->client[c]);
        drop_closed(dog);
        for (int w = 0; w < WATCHERS; w++)
            if (dog->up[w].socket >= 0) read_up(&dog->up[w], &dog->up_row[w]);
        if (clock_seconds() - sent >= WATCHDOG_REPORT_SECONDS) {
            watchdog_send(dog, BEAT_REPORT);
            sent = clock_seconds();
        }
        if (!dog->stopping && clock_seconds() > dog->silent_until) watchdog_judge(dog);
    }
    watchdog_send(dog, BEAT_FAREWELL);
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
    watchdog_send(current, BEAT_FAREWELL);
    pthread_mutex_unlock(&current->lock);
}
