/* Records that ranks could not pack, brought together. Private to data. */
#pragma once

#include "base/arena.h"
#include "dist/comm.h"

typedef struct Fault {
    size_t record;
    ErrorKind kind;
    const char *why; /* names the record */
} Fault;

typedef struct Faults {
    Arena *arena; /* owns list and texts */
    Fault *list;
    size_t count;
} Faults;

/* `why` is copied. */
void faults_add(Faults *faults, size_t record, ErrorKind kind, const char *why);

/* Afterwards every rank has those of all ranks, in the order of the records. Collective. */
void faults_share(Faults *faults, Comm *comm);
