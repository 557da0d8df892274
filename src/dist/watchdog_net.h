/* The watchdog's connections: rank 0 and rank 1 listen, all others connect to them. Private to dist.
 */
#pragma once

#include "base/pulse.h"
#include "dist/comm.h"

#include <stdbool.h>
#include <stdint.h>

enum { WATCHERS = 2, HOST_BYTES = 64, PHASE_BYTES = 48 };

typedef enum BeatKind {
    BEAT_HELLO = 1,
    BEAT_REPORT,
    BEAT_FAREWELL, /* the rank leaves, and all is well */
    BEAT_VERDICT,  /* the rank has told who is at fault, and ends the job */
} BeatKind;

/* What travels, as it lies in memory: ranks run the same program on machines of one kind. */
typedef struct Beat {
    uint64_t nonce; /* of the job */
    uint32_t kind;  /* BeatKind */
    int32_t rank;
    uint64_t ticks, step, waits;
    double allowance;
    uint32_t waiting, process;
    char phase[PHASE_BYTES], host[HOST_BYTES];
} Beat;

/* A connection that sends and receives whole beats without ever blocking. */
typedef struct Link {
    int socket; /* -1: closed */
    int rank;   /* of the other side; -1: not known yet */
    Beat in;    /* being received */
    unsigned received;
} Link;

/* Where a watching rank listens, as it is told to all. */
typedef struct Address {
    uint64_t nonce;
    char host[HOST_BYTES];
    uint32_t ip[16]; /* IPv4, network byte order */
    int32_t ips;
    uint16_t port; /* network byte order */
} Address;

/* Listens on any port and fills `address`; -1 on failure. */
int link_listen(Address *address, uint64_t nonce);

/* Connects to a watching rank by the first of its addresses that answers; false after some seconds
 * each. Sends the hello. */
bool link_connect(Link *link, const Address *address, const Beat *hello);

/* Sends a beat; what does not fit into the kernel's buffer is dropped, the next one follows soon. */
void link_send(Link *link, const Beat *beat);

/* Takes what has come: 1 a whole beat is in link->in, 0 nothing yet, -1 the other side has closed. */
int link_receive(Link *link);
void link_close(Link *link);
