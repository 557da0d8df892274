/* Faults of all ranks: to rank 0, sorted, and back to all. */
#include "faults.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void faults_add(Faults *faults, size_t record, ErrorKind kind, const char *why)
{
    faults->list = arena_extend(faults->arena, faults->list, faults->count);
    faults->list[faults->count++] = (Fault){record, kind, arena_strdup(faults->arena, why)};
}

static int by_record(const void *a, const void *b)
{
    const Fault *x = a, *y = b;
    return (x->record > y->record) - (x->record < y->record);
}

/* A fault between ranks, with its text behind it. */
typedef struct FaultHead {
    uint64_t record, bytes;
    int32_t kind;
} FaultHead;

static FaultHead head_of(const Fault *fault)
{
    return (FaultHead){fault->record, strlen(fault->why) + 1, (int32_t)fault->kind};
}

static void send_to_first(const Faults *faults, Comm *comm)
{
    comm_send(comm, &faults->count, sizeof faults->count, 0);
    for (size_t i = 0; i < faults->count; i++) {
        FaultHead head = head_of(&faults->list[i]);
        comm_send(comm, &head, sizeof head, 0);
        comm_send(comm, faults->list[i].why, head.bytes, 0);
    }
}

static void receive_from(Faults *faults, Comm *comm, int rank)
{
    size_t count;
    FaultHead head;
    char why[ERROR_TEXT_BYTES];
    comm_receive(comm, &count, sizeof count, rank);
    for (size_t i = 0; i < count; i++) {
        comm_receive(comm, &head, sizeof head, rank);
        comm_receive(comm, why, head.bytes, rank);
        faults_add(faults, head.record, (ErrorKind)head.kind, why);
    }
}

/* What rank 0 has becomes what all have. */
static void spread(Faults *faults, Comm *comm)
{
    bool is_first = comm_rank(comm) == 0;
    size_t count = faults->count;
    char why[ERROR_TEXT_BYTES] = "";
    comm_broadcast(comm, &count, sizeof count, 0);
    if (!is_first) faults->count = 0;
    for (size_t i = 0; i < count; i++) {
        FaultHead head = {0};
        if (is_first) {
            head = head_of(&faults->list[i]);
            memcpy(why, faults->list[i].why, head.bytes);
        }
        comm_broadcast(comm, &head, sizeof head, 0);
        comm_broadcast(comm, why, head.bytes, 0);
        if (!is_first) faults_add(faults, head.record, (ErrorKind)head.kind, why);
    }
}

void faults_share(Faults *faults, Comm *comm)
{
    for (int rank = 1; rank < comm_size(comm); rank++) {
        if (comm_rank(comm) == 0) receive_from(faults, comm, rank);
        if (comm_rank(comm) == rank) send_to_first(faults, comm);
    }
    if (comm_rank(comm) == 0 && faults->count)
        qsort(faults->list, faults->count, sizeof(Fault), by_record);
    spread(faults, comm);
}
