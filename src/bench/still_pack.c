/*
 * A pack whose pictures nobody looks at, so that training on still pictures goes the way of all
 * training. Every record is the same tiny file; labels go round.
 */
#include "still_pack.h"

#include "base/log.h"
#include "data/pack_write.h"
#include "io/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lanes of an evaluation for each worker of each rank: enough that the last round counts little. */
enum { EVALUATION_LANES = 4 };

static const char *const PICTURE = "still.jpg";

static bool write_picture(const char *folder, Error *err)
{
    uint8_t pixels[16 * 16 * 4], *jpeg = NULL;
    size_t bytes = 0;
    char path[OPTION_TEXT_BYTES];
    memset(pixels, 128, sizeof pixels);
    Image image = {.width = 16, .height = 16, .pixels = pixels};
    file_join(path, sizeof path, folder, PICTURE);
    bool ok =
        image_encode_jpeg(&image, 90, &jpeg, &bytes, err) && file_write(path, jpeg, bytes, err);
    free(jpeg);
    return ok;
}

static size_t training_records(const Rig *rig, const RigHeads *heads)
{
    int records = rig->config.batch;
    for (int h = 0; h < heads->count; h++)
        if (heads->spec[h].classes > records) records = heads->spec[h].classes;
    return (size_t)records;
}

static size_t validation_records(const Rig *rig)
{
    int workers = rig->config.workers > 0 ? rig->config.workers : pool_cores();
    uint64_t most = (uint64_t)workers;
    comm_max_u64(rig->comm, &most, 1);
    return most * (size_t)comm_size(rig->comm) * (size_t)rig->config.lane * EVALUATION_LANES;
}

/* Classes, and a hundred values, go round. */
static char *label_of(const HeadSpec *head, size_t record, Arena *arena)
{
    if (head->classes == 0) return arena_printf(arena, "%zu", record % 100);
    size_t class = record % (size_t)head->classes;
    return head->class_name ? arena_strdup(arena, head->class_name[class])
                            : arena_printf(arena, "%06zu", class);
}

static Listing list_records(const Rig *rig, const RigHeads *heads, size_t train, size_t val)
{
    Arena *arena = arena_create("still pictures");
    size_t count = train + val;
    Listing listing = {.count = count,
                       .path = arena_new(arena, char *, count),
                       .groups = heads->count,
                       .group_name = arena_new(arena, char *, heads->count),
                       .kind = arena_new(arena, LabelKind, heads->count),
                       .label = arena_new(arena, char **, heads->count),
                       .split = arena_new(arena, char *, count),
                       .memory = arena};
    for (size_t i = 0; i < count; i++) {
        listing.path[i] = (char *)PICTURE;
        listing.split[i] = (char *)split_name(i < train ? SPLIT_TRAIN : SPLIT_VAL);
    }
    for (int h = 0; h < heads->count; h++) {
        const HeadSpec *head = &heads->spec[h];
        listing.group_name[h] = rig->config.heads[h].name;
        listing.kind[h] = head->type ? head->type->label : LABEL_CLASS;
        listing.label[h] = arena_new(arena, char *, count);
        for (size_t i = 0; i < count; i++) listing.label[h][i] = label_of(head, i, arena);
    }
    return listing;
}

/* Rank 0's file, to all ranks: nodes may have no folder in common. */
static bool share_file(Comm *comm, const char *path, Error *err)
{
    uint8_t *data = NULL;
    size_t bytes = 0;
    bool first = comm_rank(comm) == 0;
    if (first) file_read(path, &data, &bytes, err);
    if (!comm_agree(comm, err)) return false;
    comm_broadcast(comm, &bytes, sizeof bytes, 0);
    if (!first && !(data = malloc(bytes))) die("still pictures: out of memory");
    comm_broadcast(comm, data, bytes, 0);
    if (!first) file_write(path, data, bytes, err);
    free(data);
    return comm_agree(comm, err);
}

bool still_pack_write(Rig *rig, const RigHeads *heads, Error *err)
{
    write_picture(rig->folder, err);
    if (!comm_agree(rig->comm, err)) return false;
    Listing listing =
        list_records(rig, heads, training_records(rig, heads), validation_records(rig));
    snprintf(rig->config.pack, sizeof rig->config.pack, "%s/still.h5", rig->folder);
    PackOptions options = {.root = rig->folder, .out = rig->config.pack, .quality = 90};
    bool quiet = log_set_quiet(true);
    bool ok = pack_write(&listing, &options, rig->comm, err);
    log_set_quiet(quiet);
    listing_free(&listing);
    return ok && share_file(rig->comm, rig->config.pack, err);
}
