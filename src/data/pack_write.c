/*
 * Writing a pack as one file. Blocks of records are dealt to the ranks in turn; each rank reads, checks and, if
 * asked to, re-encodes its blocks on all its cores and sends them to rank 0, which spools the bytes
 * in record order, then writes the tables, copies the bytes behind them, and seals the file.
 */
#include "data/pack_write.h"

#include "base/progress.h"
#include "io/file.h"
#include "pack_block.h"
#include "pack_shards.h"
#include "pack_spool.h"
#include "rejects.h"

#include <stdlib.h>

enum { PATH_BYTES = 4096 };

/* --- between ranks --- */

static int owner_of(size_t number, const Comm *comm)
{
    return (int)(number % (size_t)comm_size(comm));
}

typedef struct RecordHead {
    uint64_t bytes;
    int32_t width, height;
    int32_t failed;
} RecordHead;

static void send_block(Block *block, Comm *comm)
{
    for (size_t i = 0; i < block->count; i++) {
        Record *record = &block->record[i];
        RecordHead head = {record->bytes, record->width, record->height, record->data == NULL};
        comm_send(comm, &head, sizeof head, 0);
        if (head.failed)
            comm_send(comm, &record->err, sizeof record->err, 0);
        else
            comm_send(comm, record->data, record->bytes, 0);
    }
    block_drop(block);
}

static void receive_block(Block *block, Comm *comm, int from)
{
    for (size_t i = 0; i < block->count; i++) {
        Record *record = &block->record[i];
        RecordHead head;
        comm_receive(comm, &head, sizeof head, from);
        if (head.failed) {
            comm_receive(comm, &record->err, sizeof record->err, from);
            continue;
        }
        *record = (Record){.data = malloc(head.bytes + 1),
                           .bytes = head.bytes,
                           .width = head.width,
                           .height = head.height};
        if (!record->data) die("pack: no memory for an image of %zu bytes", record->bytes);
        comm_receive(comm, record->data, record->bytes, from);
    }
}

/* Block `number` on its owner's workers; on rank 0 also those of other ranks, which send theirs
 * only when asked. False when no more blocks are wanted. */
static bool fetch_block(Block *block, size_t number, Comm *comm)
{
    int rank = comm_rank(comm), owner = owner_of(number, comm);
    bool wanted = true;
    block_set(block, number * BLOCK_RECORDS, block->listing->count);
    if (owner == rank) block_load(block);
    if (owner == 0) return true;
    if (rank == 0) {
        comm_send(comm, &wanted, sizeof wanted, owner);
        receive_block(block, comm, owner);
        return true;
    }
    comm_receive(comm, &wanted, sizeof wanted, 0);
    if (wanted)
        send_block(block, comm);
    else
        block_drop(block);
    return wanted;
}

/* Tells every other rank that its next block, of which the first is `next`, is not wanted. */
static void stop_ranks(size_t next, size_t blocks, Comm *comm)
{
    bool wanted = false;
    size_t size = (size_t)comm_size(comm);
    for (size_t number = next; number < blocks && number < next + size; number++)
        if (owner_of(number, comm) != 0)
            comm_send(comm, &wanted, sizeof wanted, owner_of(number, comm));
}

/* --- rank 0 --- */

/* Takes over the block; problems are collected, but not more than can be read at once. */
static void spool_block(Spool *spool, Rejects *rejects, Block *block, Error *err)
{
    for (size_t i = 0; i < block->count; i++) {
        Record *record = &block->record[i];
        if (!record->data)
            rejects_note(rejects, block->begin + i, record->err.kind, record->err.text, err);
        spool_put(spool, block->begin + i, record, err);
    }
}

static bool finish_file(const PackOptions *options, const Spool *spool, const Contents *contents,
                        Arena *arena, Error *err)
{
    char temporary[PATH_BYTES];
    Piece all = {0, 0, contents->listing->count};
    file_temporary(options->out, temporary, sizeof temporary);
    return spool_write_pack(spool, contents, all, temporary, arena, err) &&
           file_commit(temporary, options->out, err);
}

/* When all records have come. */
static bool finish_pack(Spool *spool, Rejects *rejects, Contents *contents,
                        const PackOptions *options, Arena *arena, Error *err)
{
    Listing *listing = rejects->listing;
    size_t listed = listing->count;
    spool_drop(spool, rejects->rejected);
    listing_drop(listing, rejects->rejected);
    if (!rejects_leave_some(listing, err)) return false;
    if (listing->count < listed && !contents_prepare(contents, listing, options, arena, err))
        return false;
    return finish_file(options, spool, contents, arena, err) &&
           rejects_write(listing, options->out, err);
}

/* --- all --- */

static void fetch_blocks(Block *block, Comm *comm, Spool *spool, Rejects *rejects, Error *err)
{
    int rank = comm_rank(comm);
    size_t records = block->listing->count, blocks = (records + BLOCK_RECORDS - 1) / BLOCK_RECORDS;
    Progress progress;
    progress_start(&progress, "packing", "images", records, 0);
    for (size_t number = 0; number < blocks; number++) {
        if (rank != 0 && rank != owner_of(number, comm)) continue;
        if (!fetch_block(block, number, comm)) return;
        if (rank != 0) continue;
        spool_block(spool, rejects, block, err);
        if (spool->broken || rejects_are_too_many(err)) {
            stop_ranks(number + 1, blocks, comm);
            progress_hide(&progress);
            return;
        }
        progress_set(&progress, block->begin + block->count);
    }
    if (rank == 0) progress_finish(&progress);
}

static bool write_one(Listing *listing, Contents *contents, const PackOptions *options,
                      Arena *arena, Comm *comm, Error *err)
{
    Spool spool = {0};
    Rejects rejects = {listing, options->keep_going, arena_new(arena, bool, listing->count + 1)};
    if (comm_rank(comm) == 0) spool_open(&spool, options->out, listing->count, arena, err);
    bool ok = comm_agree(comm, err);
    if (ok) {
        Block *block = block_create(listing, options);
        fetch_blocks(block, comm, &spool, &rejects, err);
        rejects_tell_end(err);
        block_destroy(block);
        if (comm_rank(comm) == 0 && err->kind == ERROR_NONE)
            finish_pack(&spool, &rejects, contents, options, arena, err);
        ok = comm_agree(comm, err);
    }
    spool_close(&spool);
    return ok;
}

bool pack_write(Listing *listing, const PackOptions *options, Comm *comm, Error *err)
{
    Arena *arena = arena_create("packing");
    Contents contents = {.listing = listing};
    if (listing->count == 0 && listing->rejects > 0)
        error_set(err, ERROR_DATA, "no image is left: all %zu were rejected; the first: %s: %s",
                  listing->rejects, listing->reject[0].path, listing->reject[0].reason);
    else
        contents_prepare(&contents, listing, options, arena, err);
    bool ok = comm_agree(comm, err) &&
              (options->shards > 0 ? shards_write(listing, &contents, options, arena, comm, err)
                                   : write_one(listing, &contents, options, arena, comm, err));
    arena_destroy(arena);
    return ok;
}
