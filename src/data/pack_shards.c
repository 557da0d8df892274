/*
 * Writing a pack as shards. They are dealt to the ranks in turn; each rank reads, checks and spools the records of
 * its shards. Then all learn which records of others are left out, since labels and splits depend on all that
 * is left, and each writes its files. So a shard is a function of the listing and the number of shards.
 */
#include "pack_shards.h"

#include "base/progress.h"
#include "base/stop.h"
#include "data/pack_names.h"
#include "faults.h"
#include "io/file.h"
#include "pack_pipeline.h"
#include "pack_spool.h"
#include "rejects.h"

#include <stdlib.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

typedef struct Writer {
    Listing *listing;
    Contents *contents;
    const PackOptions *options;
    Arena *arena;
    Comm *comm;
    Spool spool; /* of the records of this rank's shards, one shard after the other */
    Rejects rejects;
    Faults faults; /* of this rank, then of all */
    Piece *
        piece; /* (shards): where the bytes of each of this rank's lie, and which records it has, once gaps are closed */
} Writer;

/* --- which shard is whose --- */

static bool is_mine(const Writer *writer, int shard)
{
    return shard % comm_size(writer->comm) == comm_rank(writer->comm);
}

/* The first record of the shard; that of the number of shards is the number of records. */
static size_t begin_of(const Writer *writer, int shard)
{
    return writer->listing->count * (size_t)shard / (size_t)writer->options->shards;
}

static const char *path_of(const Writer *writer, int shard)
{
    return pack_shard_path(writer->options->out, shard, writer->options->shards, writer->arena);
}

static size_t count_mine(const Writer *writer)
{
    size_t count = 0;
    for (int s = 0; s < writer->options->shards; s++)
        if (is_mine(writer, s)) count += begin_of(writer, s + 1) - begin_of(writer, s);
    return count;
}

/* --- spooling --- */

static bool has_enough_faults(const Writer *writer)
{
    return !writer->options->keep_going && writer->faults.count >= PROBLEMS_MAX;
}

static void spool_block(Writer *writer, Block *block, const size_t *number, Error *err)
{
    for (size_t i = 0; i < block->count; i++) {
        Record *record = &block->record[i];
        size_t place = block->place + i;
        if (!record->data)
            faults_add(&writer->faults, number[place], record->err.kind, record->err.text);
        spool_put(&writer->spool, place, record, err);
    }
}

/* What spool_blocks needs to know. */
typedef struct Spooling {
    Writer *writer;
    const size_t *number; /* of each place */
    Error *err;
} Spooling;

/* With as many faults as are told, no other rank's can come before them. */
static void spool_blocks(void *context, Pipeline *pipeline)
{
    const Spooling *spooling = context;
    Writer *writer = spooling->writer;
    Progress progress;
    progress_start(&progress, "packing", "images", writer->spool.count, 0);
    for (Block *block; (block = pipeline_next(pipeline));) {
        spool_block(writer, block, spooling->number, spooling->err);
        if (writer->spool.broken || has_enough_faults(writer)) break;
        if (stop_ends("packing", spooling->err)) break;
        progress_set(&progress, block->place + block->count);
    }
    progress_hide(&progress);
}

static void spool_shards(Writer *writer, Error *err)
{
    size_t *number = arena_new(writer->arena, size_t, writer->spool.count + 1), count = 0;
    for (int s = 0; s < writer->options->shards; s++)
        for (size_t r = begin_of(writer, s); is_mine(writer, s) && r < begin_of(writer, s + 1); r++)
            number[count++] = r;
    PipelineInput input = {writer->listing, writer->options, number, count};
    pipeline_run(&input, spool_blocks, &(Spooling){writer, number, err});
}

/* --- what is left --- */

static void note_faults(Writer *writer, Error *err)
{
    for (size_t i = 0; i < writer->faults.count && !rejects_are_too_many(err); i++) {
        const Fault *fault = &writer->faults.list[i];
        rejects_note(&writer->rejects, fault->record, fault->kind, fault->why, err);
    }
    rejects_tell_end(err);
}

static bool find_pieces(Writer *writer, Error *err)
{
    size_t record = 0, place = 0;
    int shards = writer->options->shards;
    for (int s = 0; s < shards; s++) {
        size_t count = 0;
        for (size_t r = begin_of(writer, s); r < begin_of(writer, s + 1); r++)
            count += !writer->rejects.rejected[r];
        writer->piece[s] = (Piece){record, place, count};
        record += count;
        if (is_mine(writer, s)) place += count;
        if (count == 0 && err->kind == ERROR_NONE)
            error_set(err, ERROR_DATA,
                      "%s: all of its images were rejected; ask for fewer --shards than %d",
                      path_of(writer, s), shards);
    }
    return err->kind == ERROR_NONE;
}

static void close_gaps(Writer *writer)
{
    bool *drop = arena_new(writer->arena, bool, writer->spool.count + 1);
    size_t place = 0;
    for (int s = 0; s < writer->options->shards; s++)
        for (size_t r = begin_of(writer, s); r < begin_of(writer, s + 1); r++)
            if (is_mine(writer, s)) drop[place++] = writer->rejects.rejected[r];
    spool_drop(&writer->spool, drop);
    listing_drop(writer->listing, writer->rejects.rejected);
}

/* The same on all ranks. */
static bool leave_out(Writer *writer, Error *err)
{
    size_t listed = writer->listing->count;
    note_faults(writer, err);
    if (err->kind != ERROR_NONE) return false;
    if (writer->faults.count == listed) {
        listing_drop(writer->listing, writer->rejects.rejected);
        return rejects_leave_some(writer->listing, err);
    }
    if (!find_pieces(writer, err)) return false;
    close_gaps(writer);
    return writer->listing->count == listed ||
           contents_prepare(writer->contents, writer->listing, writer->options, writer->arena, err);
}

/* --- files --- */

/* What is done with a shard's file, under its temporary name. */
typedef bool FileWork(Writer *writer, int shard, const char *temporary, Error *err);

static bool write_file(Writer *writer, int shard, const char *temporary, Error *err)
{
    return spool_write_pack(&writer->spool, writer->contents, writer->piece[shard], temporary,
                            writer->arena, err);
}

static bool commit_file(Writer *writer, int shard, const char *temporary, Error *err)
{
    return file_commit(temporary, path_of(writer, shard), err);
}

static bool remove_file(Writer *writer, int shard, const char *temporary, Error *err)
{
    (void)writer, (void)shard, (void)err;
    unlink(temporary);
    return true;
}

/* With the files of this rank's shards, until one fails. */
static void with_files(Writer *writer, FileWork *work, Error *err)
{
    char temporary[PATH_BYTES];
    bool ok = true;
    for (int s = 0; s < writer->options->shards && ok; s++) {
        if (!is_mine(writer, s)) continue;
        file_temporary(path_of(writer, s), temporary, sizeof temporary);
        ok = work(writer, s, temporary, err);
    }
}

/* With those of all ranks; the same on all ranks. */
static bool with_all_files(Writer *writer, FileWork *work, Error *err)
{
    with_files(writer, work, err);
    return comm_agree(writer->comm, err);
}

/* --- all --- */

/* A spool of one shard can become that shard. */
static void aim_spool(Writer *writer, int shard)
{
    size_t begin = begin_of(writer, shard), count = begin_of(writer, shard + 1) - begin;
    if (count == writer->spool.count)
        spool_aim(&writer->spool, writer->contents, (Piece){begin, 0, count}, writer->arena);
}

static bool open_spool(Writer *writer, Error *err)
{
    int first = comm_rank(writer->comm), shards = writer->options->shards;
    if (writer->listing->count < (size_t)shards)
        error_set(err, ERROR_USAGE, "--shards: %d are more than the %zu image%s", shards,
                  writer->listing->count, writer->listing->count == 1 ? "" : "s");
    else if (first < shards && spool_open(&writer->spool, path_of(writer, first),
                                          count_mine(writer), writer->arena, err))
        aim_spool(writer, first);
    return comm_agree(writer->comm, err);
}

static bool write_shards(Writer *writer, Error *err)
{
    if (!open_spool(writer, err)) return false;
    if (writer->spool.count > 0) spool_shards(writer, err);
    if (!comm_agree(writer->comm, err)) return false;
    faults_share(&writer->faults, writer->comm);
    leave_out(writer, err);
    if (!comm_agree(writer->comm, err)) return false;
    if (!with_all_files(writer, write_file, err) || !with_all_files(writer, commit_file, err)) {
        with_files(writer, remove_file, err);
        return false;
    }
    if (comm_rank(writer->comm) == 0) rejects_write(writer->listing, writer->options->out, err);
    return comm_agree(writer->comm, err);
}

bool shards_write(Listing *listing, Contents *contents, const PackOptions *options, Arena *arena,
                  Comm *comm, Error *err)
{
    Writer writer = {
        .listing = listing,
        .contents = contents,
        .options = options,
        .arena = arena,
        .comm = comm,
        .faults = {.arena = arena},
        .piece = arena_new(arena, Piece, options->shards),
        .rejects = {listing, options->keep_going, arena_new(arena, bool, listing->count + 1)}};
    bool ok = write_shards(&writer, err);
    spool_close(&writer.spool);
    return ok;
}
