/*
 * Writing a pack. Blocks of records are dealt to the ranks in turn; each rank reads, checks and, if
 * asked to, re-encodes its blocks on all its cores and sends them to rank 0, which spools the bytes
 * in record order, then writes the tables, copies the bytes behind them, and seals the file.
 */
#include "data/pack_write.h"

#include "base/hash.h"
#include "base/pool.h"
#include "base/progress.h"
#include "base/version.h"
#include "data/csv.h"
#include "encode.h"
#include "io/file.h"
#include "io/h5.h"
#include "io/seal.h"
#include "listing.h"
#include "pack_labels.h"
#include "record.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 64, PATH_BYTES = 4096, COPY_BYTES = 1 << 22 };

/* --- one block, on all workers --- */

typedef struct Block {
    const Listing *listing;
    const PackOptions *options;
    size_t begin, count;
    Record record[BLOCK];
    RecordSource *source;
    Image *image; /* (workers) */
    atomic_size_t next;
    pthread_mutex_t turn; /* to read, of a source that is read in order */
} Block;

/* The next record of the block, with its bytes or the error that kept them away. */
static bool take_record(Block *block, size_t *i)
{
    RecordSource *source = block->source;
    if (source->in_order) pthread_mutex_lock(&block->turn);
    *i = atomic_fetch_add(&block->next, 1);
    bool taken = *i < block->count;
    if (taken) record_read(&block->record[*i], source, block->begin + *i);
    if (source->in_order) pthread_mutex_unlock(&block->turn);
    return taken;
}

static void load_some(void *context, int worker)
{
    Block *block = context;
    size_t i;
    while (take_record(block, &i)) {
        Record *record = &block->record[i];
        if (record->err.kind == ERROR_NONE &&
            record_prepare(record, block->options, &block->image[worker]))
            continue;
        record_fail(record, block->source, block->begin + i);
    }
}

static void load_block(Block *block, Pool *pool)
{
    memset(block->record, 0, sizeof block->record);
    atomic_store(&block->next, 0);
    pool_run(pool, load_some, block);
}

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
        free(record->data);
    }
}

static void receive_block(Block *block, Comm *comm, int from)
{
    memset(block->record, 0, sizeof block->record);
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

/* --- rank 0: spool --- */

typedef struct Tables {
    uint64_t *offset, *checksum; /* (records + 1), (records) */
    int32_t *size;               /* (records,2) */
} Tables;

typedef struct Spool {
    char path[PATH_BYTES];
    const PackOptions *options;
    int fd;
    bool broken; /* cannot be written */
    Tables tables;
    Listing *listing; /* takes the rejects */
    bool *rejected;   /* (records) */
} Spool;

static bool open_spool(Spool *spool, const PackOptions *options, Listing *listing, Arena *arena,
                       Error *err)
{
    size_t records = listing->count;
    char temporary[PATH_BYTES - 16];
    file_temporary(options->out, temporary, sizeof temporary);
    snprintf(spool->path, sizeof spool->path, "%s.images", temporary);
    spool->rejected = arena_new(arena, bool, records);
    spool->tables =
        (Tables){arena_new(arena, uint64_t, records + 1), arena_new(arena, uint64_t, records),
                 arena_new(arena, int32_t, 2 * records)};
    spool->fd = open(spool->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return spool->fd >= 0 ||
           error_set(err, ERROR_SYSTEM, "cannot write %s: %s", options->out, strerror(errno));
}

static void close_spool(Spool *spool)
{
    if (spool->fd < 0) return;
    close(spool->fd);
    unlink(spool->path);
}

/* Takes over one record; problems are collected, but not more than can be read at once. */
static void spool_record(Spool *spool, Record *record, size_t index, Error *err)
{
    Tables *tables = &spool->tables;
    assert(tables->offset); /* rank 0 has opened the spool */
    tables->offset[index + 1] = tables->offset[index] + (record->data ? record->bytes : 0);
    if (!record->data) {
        spool->rejected[index] = spool->options->keep_going;
        if (spool->rejected[index])
            listing_reject(spool->listing, spool->listing->path[index], record->err.text);
        else if (err->count < PROBLEMS_MAX)
            error_set(err, record->err.kind,
                      "%s; mend it, or leave out such files with --keep-going", record->err.text);
        return;
    }
    tables->checksum[index] = hash64(record->data, record->bytes);
    tables->size[2 * index] = record->width;
    tables->size[2 * index + 1] = record->height;
    if (err->kind == ERROR_NONE &&
        !file_pwrite(spool->fd, record->data, record->bytes, tables->offset[index])) {
        error_set(err, ERROR_SYSTEM, "cannot write %s: %s", spool->options->out, strerror(errno));
        spool->broken = true;
    }
    free(record->data);
}

/* --- rank 0: the file --- */

static bool write_togetherness(H5 *file, const Listing *listing, Error *err)
{
    return !listing->keep_together ||
           h5_write_texts(file, "/images/group", (const char *const *)listing->keep_together,
                          listing->count, err);
}

static bool write_tables(H5 *file, const Listing *listing, const LabelGroup *group,
                         const uint8_t *split, const Tables *tables, uint64_t *images_at,
                         Error *err)
{
    size_t n = listing->count;
    assert(tables->offset);
    char creator[64];
    snprintf(creator, sizeof creator, "umbel %s", version_text());
    bool ok =
        h5_write_attribute_text(file, "/", "format", "umbel pack", err) &&
        h5_write_attribute_int(file, "/", "version", labels_version(group, listing->groups), err) &&
        h5_write_attribute_text(file, "/", "created_by", creator, err);
    for (int g = 0; g < listing->groups && ok; g++) ok = labels_write(file, &group[g], n, err);
    return ok && h5_write(file, "/split", H5_U8, (H5Shape){1, {n}}, split, err) &&
           h5_write(file, "/images/offset", H5_U64, (H5Shape){1, {n + 1}}, tables->offset, err) &&
           h5_write(file, "/images/checksum", H5_U64, (H5Shape){1, {n}}, tables->checksum, err) &&
           h5_write(file, "/images/size", H5_I32, (H5Shape){2, {n, 2}}, tables->size, err) &&
           h5_write_texts(file, "/images/path", (const char *const *)listing->path, n, err) &&
           write_togetherness(file, listing, err) &&
           h5_reserve(file, "/images/bytes", H5_U8, (H5Shape){1, {tables->offset[n]}}, images_at,
                      err);
}

static bool copy_images(int from, const char *path, uint64_t at, uint64_t bytes, Error *err)
{
    uint8_t *buffer = malloc(COPY_BYTES);
    int to = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = buffer && to >= 0;
    for (uint64_t done = 0; ok && done < bytes;) {
        size_t piece = bytes - done < COPY_BYTES ? (size_t)(bytes - done) : COPY_BYTES;
        ok = file_pread(from, buffer, piece, done) && file_pwrite(to, buffer, piece, at + done);
        done += piece;
    }
    int reason = errno;
    if (to >= 0 && close(to) != 0) ok = false;
    free(buffer);
    return ok || error_set(err, ERROR_SYSTEM, "cannot copy the images: %s", strerror(reason));
}

static bool write_file(const char *path, const Spool *spool, const Listing *listing,
                       const LabelGroup *group, const uint8_t *split, Error *err)
{
    assert(group && spool->tables.offset);
    uint64_t images_at = 0, bytes = spool->tables.offset[listing->count];
    H5 *file = h5_create(path, err);
    if (!file) return false;
    bool ok = write_tables(file, listing, group, split, &spool->tables, &images_at, err);
    ok = h5_close(file, ok ? err : &(Error){0}) && ok;
    Seal seal = {.kind = SEAL_PACK,
                 .version = (uint32_t)labels_version(group, listing->groups),
                 .hole_begin = images_at,
                 .hole_end = images_at + bytes};
    return ok && copy_images(spool->fd, path, images_at, bytes, err) &&
           seal_write(path, &seal, err);
}

static bool finish_file(const PackOptions *options, const Spool *spool, const Listing *listing,
                        const LabelGroup *group, const uint8_t *split, Error *err)
{
    char temporary[PATH_BYTES];
    file_temporary(options->out, temporary, sizeof temporary);
    if (write_file(temporary, spool, listing, group, split, err))
        return file_commit(temporary, options->out, err);
    unlink(temporary);
    return error_context(err, "cannot write %s", options->out);
}

/* --- rank 0: what is left out --- */

void pack_rejects_path(char *path, size_t bytes, const char *out)
{
    snprintf(path, bytes, "%s.rejected.csv", out);
}

/* Writes the list, or removes that of an earlier attempt. */
static bool write_rejects(const Listing *listing, const char *out, Error *err)
{
    char path[PATH_BYTES], temporary[PATH_BYTES];
    pack_rejects_path(path, sizeof path, out);
    if (listing->rejects == 0) {
        unlink(path);
        return true;
    }
    file_temporary(path, temporary, sizeof temporary);
    FILE *file = fopen(temporary, "w");
    if (!file) return error_set(err, ERROR_SYSTEM, "cannot write %s: %s", path, strerror(errno));
    fprintf(file, "path,reason\n");
    for (size_t i = 0; i < listing->rejects; i++) {
        csv_write_field(file, listing->reject[i].path);
        fputc(',', file);
        csv_write_field(file, listing->reject[i].reason);
        fputc('\n', file);
    }
    bool bad = ferror(file) != 0;
    if (fclose(file) == 0 && !bad) return file_commit(temporary, path, err);
    unlink(temporary);
    return error_set(err, ERROR_SYSTEM, "cannot write %s: %s", path, strerror(errno));
}

/* Closes the gaps that rejected records leave; they have no bytes in the spool. */
static void drop_rejected(Spool *spool)
{
    assert(spool->rejected); /* rank 0 has opened the spool */
    Tables *tables = &spool->tables;
    size_t kept = 0;
    for (size_t i = 0; i < spool->listing->count; i++) {
        if (spool->rejected[i]) continue;
        tables->checksum[kept] = tables->checksum[i];
        tables->size[2 * kept] = tables->size[2 * i];
        tables->size[2 * kept + 1] = tables->size[2 * i + 1];
        tables->offset[++kept] = tables->offset[i + 1];
    }
    listing_drop(spool->listing, spool->rejected);
}

/* --- all --- */

/* Labels and splits of a listing. */
typedef struct Labels {
    LabelGroup *group;
    uint8_t *split;
} Labels;

static bool prepare_labels(Labels *labels, const Listing *listing, const PackOptions *options,
                           Arena *arena, Error *err)
{
    labels->group = encode_labels(listing, arena, err);
    if (!labels->group) return false;
    labels->split =
        assign_splits(listing, labels->group, &options->shares, options->seed, arena, err);
    if (!labels->split || options->allow_unseen) return labels->split != NULL;
    const double *share = options->shares.share;
    bool computed = share[SPLIT_TRAIN] + share[SPLIT_VAL] + share[SPLIT_TEST] > 0;
    return check_classes(
        listing, labels->group, labels->split,
        computed ? "add images of them or merge them with others" : "split anew with --split", err);
}

/* Rank 0, when all records have come. */
static bool finish_pack(Spool *spool, Labels *labels, Arena *arena, Error *err)
{
    Listing *listing = spool->listing;
    const PackOptions *options = spool->options;
    size_t listed = listing->count;
    drop_rejected(spool);
    if (listing->count == 0)
        return error_set(err, ERROR_DATA, "no image is left: all %zu were rejected; the first: %s",
                         listing->rejects, listing->reject[0].reason);
    if (listing->count < listed && !prepare_labels(labels, listing, options, arena, err))
        return false;
    return finish_file(options, spool, listing, labels->group, labels->split, err) &&
           write_rejects(listing, options->out, err);
}

/* Block `number` on its owner's workers; on rank 0 also those of other ranks, which send theirs
 * only when asked. False when no more blocks are wanted. */
static bool fetch_block(Block *block, size_t number, Pool *pool, Comm *comm)
{
    int rank = comm_rank(comm), owner = owner_of(number, comm);
    bool wanted = true;
    block->begin = number * BLOCK;
    size_t left = block->listing->count - block->begin;
    block->count = left < BLOCK ? left : BLOCK;
    if (owner == rank) load_block(block, pool);
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
        for (size_t i = 0; i < block->count; i++) free(block->record[i].data);
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

static void fetch_blocks(Block *block, Pool *pool, Comm *comm, Spool *spool, Error *err)
{
    int rank = comm_rank(comm);
    size_t records = block->listing->count, blocks = (records + BLOCK - 1) / BLOCK;
    Progress progress;
    progress_start(&progress, "packing", "images", records, 0);
    for (size_t number = 0; number < blocks; number++) {
        if (rank != 0 && rank != owner_of(number, comm)) continue;
        if (!fetch_block(block, number, pool, comm)) return;
        if (rank != 0) continue;
        for (size_t i = 0; i < block->count; i++)
            spool_record(spool, &block->record[i], block->begin + i, err);
        if (spool->broken || err->count >= PROBLEMS_MAX) {
            stop_ranks(number + 1, blocks, comm);
            progress_hide(&progress);
            return;
        }
        progress_set(&progress, block->begin + block->count);
    }
    if (rank == 0) progress_finish(&progress);
}

static void process_blocks(const Listing *listing, const PackOptions *options, Comm *comm,
                           Spool *spool, Error *err)
{
    int workers = pool_cores();
    Pool *pool = pool_create(workers);
    FileSource files = file_source(listing, options->root);
    Block *block = calloc(1, sizeof *block);
    Image *image = calloc((size_t)workers, sizeof *image);
    if (!block || !image) die("pack: out of memory");
    block->listing = listing;
    block->options = options;
    block->image = image;
    block->source = listing->source ? listing->source : &files.source;
    pthread_mutex_init(&block->turn, NULL);
    fetch_blocks(block, pool, comm, spool, err);
    if (err->count >= PROBLEMS_MAX)
        error_set(err, err->kind, "stopped at the %dth image that cannot be packed", PROBLEMS_MAX);
    for (int w = 0; w < workers; w++) image_free(&image[w]);
    pthread_mutex_destroy(&block->turn);
    free(image);
    free(block);
    pool_destroy(pool);
}

bool pack_write(Listing *listing, const PackOptions *options, Comm *comm, Error *err)
{
    Arena *arena = arena_create("packing");
    Spool spool = {.fd = -1, .listing = listing, .options = options};
    Labels labels = {0};
    if (listing->count == 0 && listing->rejects > 0)
        error_set(err, ERROR_DATA, "no image is left: all %zu were rejected; the first: %s: %s",
                  listing->rejects, listing->reject[0].path, listing->reject[0].reason);
    else if (prepare_labels(&labels, listing, options, arena, err) && comm_rank(comm) == 0)
        open_spool(&spool, options, listing, arena, err);
    bool ok = comm_agree(comm, err);
    if (ok) {
        process_blocks(listing, options, comm, &spool, err);
        if (comm_rank(comm) == 0 && err->kind == ERROR_NONE)
            finish_pack(&spool, &labels, arena, err);
        ok = comm_agree(comm, err);
    }
    close_spool(&spool);
    arena_destroy(arena);
    return ok;
}
