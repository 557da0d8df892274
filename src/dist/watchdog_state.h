/*
 * What a watchdog knows, shared by those who gather it (watchdog.c) and those who judge by it
 * (watchdog_judge.c). Private to dist.
 */
#pragma once

#include "dist/watchdog.h"
#include "watchdog_net.h"

#include <poll.h>
#include <pthread.h>

/* Seconds between two reports of a rank. */
#define WATCHDOG_REPORT_SECONDS 1.0

/* What a watching rank knows of a rank. */
typedef struct Row {
    Beat last;
    double heard, progressed; /* clock_seconds; heard 0: never */
    bool left;                /* said farewell */
    bool told;                /* has named a culprit; its own end needs no word */
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
    double told;         /* clock_seconds, when another rank had named a culprit; 0: none has */
    Link up[WATCHERS];   /* to the watching ranks other than this one */
    Row up_row[WATCHERS];
    /* of watching ranks */
    int listener; /* -1: none */
    Link *client; /* (size + spare) */
    int clients, capacity;
    Row *row; /* (size) */
    struct pollfd *poll;
};

/* To all that this rank is linked with, and into its own row. The caller holds the lock. */
void watchdog_send(Watchdog *dog, BeatKind kind);

/* Looks for a rank that is at fault, by what is known now. If there is one, names it and ends this process.
 * The caller holds the lock. */
void watchdog_judge(Watchdog *dog);
