/*
 * The ledger of images that could not be read: each once, with its number, split, path and reason, in
 * the run folder. Ranks note what they meet; rank 0 writes. Between two collections the order is that
 * of the records, whichever rank has met them.
 */
#pragma once

#include "data/pack.h"
#include "dist/comm.h"

typedef struct Ledger Ledger;

/* `path`: of the CSV file. Rank 0 reads what an earlier part of the run has written there, and drops
 * from the file what is no whole line of this pack: such images are noted again when they are met. NULL
 * with an error, on rank 0 alone, if the file cannot be read or mended. */
Ledger *ledger_open(const Pack *pack, const char *path, Comm *comm, Error *err);
void ledger_close(Ledger *ledger); /* NULL is allowed */

/* Notes a record and why, at most 251 bytes of it; a report function of the engine, `ledger` is a Ledger. Thread-safe. */
void ledger_note(void *ledger, uint32_t record, const char *reason);

/* Brings what is new on any rank to rank 0 and into the file. False, on all ranks, if it cannot be
 * written; then rank 0 keeps it for the next time. Collective. */
bool ledger_collect(Ledger *ledger, Error *err);

/* Records in the ledger; as of the last ledger_collect, on rank 0. */
size_t ledger_records(const Ledger *ledger);
