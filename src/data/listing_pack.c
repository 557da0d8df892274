/* A pack as a listing: its labels as the texts of a manifest. */
#include "cell.h"
#include "listing.h"
#include "record.h"

#include <stdio.h>
#include <stdlib.h>

/* --- the bytes --- */

typedef struct PackSource {
    RecordSource source;
    Pack *pack;
} PackSource;

static bool read_record(RecordSource *source, size_t record, uint8_t **data, size_t *bytes,
                        Error *err)
{
    const Pack *pack = ((PackSource *)source)->pack;
    *bytes = pack_image_bytes(pack, record);
    *data = malloc(*bytes + 1);
    if (!*data) return error_set(err, ERROR_SYSTEM, "no memory for %zu bytes", *bytes);
    return pack_read(pack, record, *data, err);
}

static void name_record(const RecordSource *source, size_t record, char *text, size_t bytes)
{
    const Pack *pack = ((const PackSource *)source)->pack;
    snprintf(text, bytes, "%s: %s", pack_path(pack), pack_record_path(pack, record));
}

static void close_pack(RecordSource *source)
{
    pack_close(((PackSource *)source)->pack);
    free(source);
}

static RecordSource *pack_source(Pack *pack)
{
    PackSource *source = malloc(sizeof *source);
    if (!source) die("no memory for a source of images");
    *source = (PackSource){{.read = read_record, .name = name_record, .close = close_pack}, pack};
    return &source->source;
}

/* --- the labels --- */

/* "a;b", or ";" for a set that is known to be empty. */
static char *set_text(const LabelGroup *group, size_t record, Arena *arena)
{
    int classes;
    char *text = arena_strdup(arena, "");
    const int32_t *class = label_classes(group, record, &classes);
    for (int k = 0; k < classes; k++)
        text = arena_printf(arena, "%s%s%s", text, k ? ";" : "", group->class_name[class[k]]);
    return classes > 0 ? text : arena_strdup(arena, ";");
}

/* 17 digits give back every double. */
static char *label_cell(const LabelGroup *group, size_t record, Arena *arena)
{
    if (!label_is_known(group, record)) return NULL;
    switch (group->kind) {
    case LABEL_MULTI:
        return set_text(group, record, arena);
    case LABEL_VALUE:
        return arena_printf(arena, "%.17g", group->value[record]);
    default:
        return (char *)group->class_name[group->label[record]];
    }
}

/* A pack that was made by other means may hold names that no manifest can say. */
static bool check_cell(const Pack *pack, const LabelGroup *group, const char *cell, Error *err)
{
    Error why = {0};
    if (!cell || (*cell && cell_check(group->kind, cell, &why))) return true;
    return error_set(err, ERROR_DATA, "%s: label group %s: %s", pack_path(pack), group->name,
                     *cell ? why.text : "a class has no name");
}

static bool list_groups(Listing *listing, const Pack *pack, Error *err)
{
    Arena *arena = listing->memory;
    listing->groups = pack_groups(pack);
    listing->group_name = arena_new(arena, char *, listing->groups + 1);
    listing->kind = arena_new(arena, LabelKind, listing->groups + 1);
    listing->label = arena_new(arena, char **, listing->groups + 1);
    for (int g = 0; g < listing->groups; g++) {
        const LabelGroup *group = pack_group(pack, g);
        listing->group_name[g] = (char *)group->name;
        listing->kind[g] = group->kind;
        listing->label[g] = arena_new(arena, char *, listing->count);
        for (size_t r = 0; r < listing->count; r++) {
            listing->label[g][r] = label_cell(group, r, arena);
            if (!check_cell(pack, group, listing->label[g][r], err)) return false;
        }
    }
    return true;
}

bool listing_of_pack(Listing *listing, const char *path, Error *err)
{
    *listing = (Listing){.memory = arena_create("listing")};
    Pack *pack = pack_open(path, err);
    if (!pack) return false;
    size_t count = listing->count = pack_records(pack);
    listing->source = pack_source(pack);
    listing->path = arena_new(listing->memory, char *, count);
    listing->split = arena_new(listing->memory, char *, count);
    if (pack_record_group(pack, 0))
        listing->keep_together = arena_new(listing->memory, char *, count);
    for (size_t r = 0; r < count; r++) {
        listing->path[r] = (char *)pack_record_path(pack, r);
        listing->split[r] = (char *)split_name(pack_split_of(pack, r));
        if (listing->keep_together) listing->keep_together[r] = (char *)pack_record_group(pack, r);
    }
    return list_groups(listing, pack, err);
}
