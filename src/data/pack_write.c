/*
 * Writing a pack as one file. Blocks of records are dealt to the ranks in turn; each rank reads, checks and, if
 * asked to, re-encodes its blocks on all its cores and sends them to rank 0, which spools the bytes
 * in record order, then adds the tables and seals the file.
 */
#include "data/pack_write.h"

#include "base/progress.h"
#include "base/stop.h"
#include "io/file.h"
#include "pack_pipeline.h"
#include "pack_shards.h"
#include "pack_spool.h"
#include "rejects.h"

#include <stdlib.h>

enum { PATH_BYTES = 4096 };

/* --- between ranks --- */

typedef struct RecordHead {
    uint64_t bytes, checksum;
    int32_t width, height;
    int32_t failed;
} RecordHead;

/* Ranks send a block only when asked, since rank 0 may want no more of them. */
static void send_block(const Block *block, Comm *comm)
{
    RecordHead head[BLOCK_RECORDS];
    for (size_t i = 0; i < block->count; i++) {
        const Record *record = &block->record[i];
        head[i] = (RecordHead){record->bytes, record->checksum, record->width, record->height,
                               record->data == NULL};
    }
    comm_send(comm, head, block->count * sizeof *head, 0);
    for (size_t i = 0; i < block->count; i++) {
        const Record *record = &block->record[i];
        if (record->data)
            comm_send(comm, record->data, record->bytes, 0);
        else
            comm_send(comm, &record->err, sizeof record->err, 0);
    }
}

static void receive_record(Record *record, const RecordHead *head, Comm *comm, int from)
{
    *record = (Record){0};
    if (head->failed) {
        comm_receive(comm, &record->err, sizeof record->err, from);
        return;
    }
    *record = (Record){.data = malloc(head->bytes + 1),
                       .bytes = head->bytes,
                       .width = head->width,
                       .height = head->height,
                       .checksum = head->checksum};
    if (!record->data) die("pack: no memory for an image of %zu bytes", record->bytes);
    comm_receive(comm, record->data, record->bytes, from);
}

static void receive_block(Block *block, size_t records, Comm *comm, int from)
{
    RecordHead head[BLOCK_RECORDS];
    bool wanted = true;
    block->count = records;
    comm_send(comm, &wanted, sizeof wanted, from);
    comm_await(comm, from);
    comm_receive(comm, head, records * sizeof *head, from);
    for (size_t i = 0; i < records; i++) receive_record(&block->record[i], &head[i], comm, from);
}

/* --- spooling --- */

/* One file that is being made. */
typedef struct Writer {
    const Listing *listing;
    Comm *comm;
    Spool *spool;
    Rejects *rejects;
    Error *err;
} Writer;

static int owner_of(const Writer *writer, size_t number)
{
    return (int)(number % (size_t)comm_size(writer->comm));
}

static size_t count_blocks(const Writer *writer)
{
    return (writer->listing->count + BLOCK_RECORDS - 1) / BLOCK_RECORDS;
}

static size_t block_records(const Writer *writer, size_t number)
{
    size_t left = writer->listing->count - number * BLOCK_RECORDS;
    return left < BLOCK_RECORDS ? left : BLOCK_RECORDS;
}

/* Takes over block `number`; problems are collected, but not more than can be read at once. */
static void spool_block(Writer *writer, Block *block, size_t number)
{
    for (size_t i = 0; i < block->count; i++) {
        Record *record = &block->record[i];
        size_t index = number * BLOCK_RECORDS + i;
        if (!record->data)
            rejects_note(writer->rejects, index, record->err.kind, record->err.text, writer->err);
        spool_put(writer->spool, index, record, writer->err);
    }
}

/* Tells every other rank that its next block, of which the first is `next`, is not wanted. */
static void stop_ranks(const Writer *writer, size_t next)
{
    bool wanted = false;
    size_t size = (size_t)comm_size(writer->comm);
    for (size_t number = next; number < count_blocks(writer) && number < next + size; number++)
        if (owner_of(writer, number) != 0)
            comm_send(writer->comm, &wanted, sizeof wanted, owner_of(writer, number));
}

/* False when no more blocks are wanted. */
static bool take_block(Writer *writer, Block *block, size_t number)
{
    spool_block(writer, block, number);
    bool ends = writer->spool->broken || rejects_are_too_many(writer->err);
    if (!ends && !stop_ends("packing", writer->err)) return true;
    stop_ranks(writer, number + 1);
    return false;
}

/* On rank 0: all blocks in their order, its own and those of other ranks. */
static void gather_blocks(void *context, Pipeline *own)
{
    Writer *writer = context;
    size_t records = writer->listing->count, done = 0;
    Block *foreign = calloc(1, sizeof *foreign);
    Progress progress;
    if (!foreign) die("pack: out of memory");
    progress_start(&progress, "packing", "images", records, 0);
    for (size_t number = 0; number < count_blocks(writer); number++) {
        int owner = owner_of(writer, number);
        Block *block = owner == 0 ? pipeline_next(own) : foreign;
        if (owner != 0) receive_block(block, block_records(writer, number), writer->comm, owner);
        if (!take_block(writer, block, number)) break;
        done += block->count;
        progress_set(&progress, done);
    }
    if (done == records)
        progress_finish(&progress);
    else
        progress_hide(&progress);
    free(foreign);
}

static void send_blocks(void *context, Pipeline *own)
{
    const Writer *writer = context;
    bool wanted;
    for (Block *block; (block = pipeline_next(own));) {
        comm_await(writer->comm, 0);
        comm_receive(writer->comm, &wanted, sizeof wanted, 0);
        if (!wanted) return;
        send_block(block, writer->comm);
    }
}

/* The records that this rank prepares. */
static PipelineInput deal_records(const Writer *writer, const PackOptions *options, Arena *arena)
{
    size_t *own = arena_new(arena, size_t, writer->listing->count + 1), count = 0;
    for (size_t i = 0; i < writer->listing->count; i++)
        if (owner_of(writer, i / BLOCK_RECORDS) == comm_rank(writer->comm)) own[count++] = i;
    return (PipelineInput){writer->listing, options, own, count};
}

static void fill_spool(Writer *writer, const PackOptions *options, Arena *arena)
{
    PipelineInput input = deal_records(writer, options, arena);
    pipeline_run(&input, comm_rank(writer->comm) == 0 ? gather_blocks : send_blocks, writer);
    rejects_tell_end(writer->err);
}

/* --- the file --- */

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

static bool write_one(Listing *listing, Contents *contents, const PackOptions *options,
                      Arena *arena, Comm *comm, Error *err)
{
    Spool spool = {0};
    Rejects rejects = {listing, options->keep_going, arena_new(arena, bool, listing->count + 1)};
    if (comm_rank(comm) == 0 && spool_open(&spool, options->out, listing->count, arena, err))
        spool_aim(&spool, contents, (Piece){0, 0, listing->count}, arena);
    bool ok = comm_agree(comm, err);
    if (ok) {
        fill_spool(&(Writer){listing, comm, &spool, &rejects, err}, options, arena);
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
