/*
 * Listings put together: packs one after the other, or new images and labels behind a pack. The whole has
 * the label groups of all parts, in the order in which they first come.
 */
#include "io/file.h"
#include "listing.h"
#include "path_join.h"
#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the bytes: of the part that a record comes from --- */

typedef struct Origin {
    int part;
    size_t record; /* of the part */
} Origin;

/* A part, with the name that is to be told where its groups do not fit; it stays for its texts and bytes. */
typedef struct Part {
    Listing listing;
    const char *name;
    FileSource files;
    RecordSource *source;
} Part;

typedef struct JoinedSource {
    RecordSource source;
    Part *part;
    int parts;
    Origin *origin; /* (records) */
} JoinedSource;

static bool read_joined(RecordSource *source, size_t record, uint8_t **data, size_t *bytes,
                        Error *err)
{
    const JoinedSource *joined = (JoinedSource *)source;
    Origin origin = joined->origin[record];
    RecordSource *part = joined->part[origin.part].source;
    return part->read(part, origin.record, data, bytes, err);
}

static void name_joined(const RecordSource *source, size_t record, char *text, size_t bytes)
{
    const JoinedSource *joined = (const JoinedSource *)source;
    Origin origin = joined->origin[record];
    const RecordSource *part = joined->part[origin.part].source;
    part->name(part, origin.record, text, bytes);
}

static void close_joined(RecordSource *source)
{
    JoinedSource *joined = (JoinedSource *)source;
    for (int p = 0; p < joined->parts; p++) listing_free(&joined->part[p].listing);
}

/* --- label groups --- */

static int find_group(const Listing *listing, const char *name)
{
    for (int g = 0; g < listing->groups; g++)
        if (strcmp(listing->group_name[g], name) == 0) return g;
    return -1;
}

/* The part that has first brought the group. */
static const char *origin_of(const JoinedSource *joined, const char *group)
{
    const Part *part = joined->part;
    while (find_group(&part->listing, group) < 0) part++;
    return part->name;
}

static bool join_groups(Listing *whole, const JoinedSource *joined, const Part *part, Error *err)
{
    for (int g = 0; g < part->listing.groups; g++) {
        const char *name = part->listing.group_name[g];
        LabelKind kind = listing_kind(&part->listing, g);
        int known = find_group(whole, name);
        if (known >= 0 && whole->kind[known] != kind)
            return error_set(err, ERROR_DATA,
                             "%s: label group %s is of the kind %s; in %s it is of the kind %s",
                             part->name, name, label_kind_name(kind), origin_of(joined, name),
                             label_kind_name(whole->kind[known]));
        if (known >= 0) continue;
        if (whole->groups == GROUPS_MAX)
            return error_set(err, ERROR_DATA, "%s: brings more than %d label groups together",
                             part->name, GROUPS_MAX);
        whole->kind[whole->groups] = kind;
        whole->group_name[whole->groups++] = (char *)name;
    }
    return true;
}

/* Labels that the part has; others stay as they are. */
static void take_labels(Listing *whole, size_t to, const Listing *part, size_t from)
{
    for (int g = 0; g < part->groups; g++) {
        char *label = part->label[g][from];
        if (label) whole->label[find_group(whole, part->group_name[g])][to] = label;
    }
}

/* --- records --- */

static void take_record(Listing *whole, JoinedSource *joined, int part, size_t record)
{
    const Listing *from = &joined->part[part].listing;
    size_t to = whole->count++;
    joined->origin[to] = (Origin){part, record};
    whole->path[to] = from->path[record];
    whole->split[to] = from->split ? from->split[record] : (char *)split_name(SPLIT_TRAIN);
    if (whole->keep_together)
        whole->keep_together[to] = from->keep_together ? from->keep_together[record] : (char *)"";
    take_labels(whole, to, from, record);
}

/* A whole with room for all records and groups of the parts, and none yet. It owns the parts. */
static JoinedSource *make_whole(Listing *whole, const Part *part, int parts, Arena *arena)
{
    size_t records = 0;
    bool together = false;
    JoinedSource *joined = arena_new(arena, JoinedSource, 1);
    *whole = (Listing){.memory = arena, .source = &joined->source};
    *joined = (JoinedSource){{.read = read_joined, .name = name_joined, .close = close_joined},
                             arena_new(arena, Part, parts),
                             parts,
                             NULL};
    for (int p = 0; p < parts; p++) {
        Part *kept = &joined->part[p];
        *kept = part[p];
        kept->files.listing = &kept->listing;
        kept->source = kept->listing.source ? kept->listing.source : &kept->files.source;
        joined->source.in_order = joined->source.in_order || kept->source->in_order;
        records += kept->listing.count;
        together = together || kept->listing.keep_together;
    }
    whole->path = arena_new(arena, char *, records);
    whole->split = arena_new(arena, char *, records);
    if (together) whole->keep_together = arena_new(arena, char *, records);
    whole->group_name = arena_new(arena, char *, GROUPS_MAX);
    whole->kind = arena_new(arena, LabelKind, GROUPS_MAX);
    joined->origin = arena_new(arena, Origin, records);
    return joined;
}

static bool join_all_groups(Listing *whole, const JoinedSource *joined, Error *err)
{
    size_t records = 0;
    for (int p = 0; p < joined->parts; p++) {
        records += joined->part[p].listing.count;
        if (!join_groups(whole, joined, &joined->part[p], err)) return false;
    }
    whole->label = arena_new(whole->memory, char **, whole->groups);
    for (int g = 0; g < whole->groups; g++)
        whole->label[g] = arena_new(whole->memory, char *, records);
    return true;
}

/* --- paths --- */

typedef struct Place {
    const char *path;
    size_t record;
} Place;

static int by_path(const void *a, const void *b)
{
    const Place *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : (x->record > y->record) - (x->record < y->record);
}

static Place *sort_paths(const Listing *listing, Arena *arena)
{
    Place *place = arena_new(arena, Place, listing->count + 1);
    for (size_t r = 0; r < listing->count; r++) place[r] = (Place){listing->path[r], r};
    qsort(place, listing->count, sizeof *place, by_path);
    return place;
}

static int compare_path(const void *path, const void *place)
{
    return strcmp(path, ((const Place *)place)->path);
}

static const Place *find_path(const Place *place, size_t count, const char *path)
{
    return bsearch(path, place, count, sizeof *place, compare_path);
}

static bool part_paths(Listing *whole, const JoinedSource *joined, Error *err)
{
    size_t *begin = arena_new(whole->memory, size_t, joined->parts + 1);
    const char **name = arena_new(whole->memory, const char *, joined->parts);
    for (int p = 0; p < joined->parts; p++) {
        begin[p + 1] = begin[p] + joined->part[p].listing.count;
        name[p] = joined->part[p].name;
    }
    return paths_join((const char **)whole->path, begin, name, joined->parts, whole->memory, err);
}

/* --- packs --- */

bool listing_merge(Listing *listing, char *const *packs, int count, Error *err)
{
    Arena *arena = arena_create("listing");
    Part *part = arena_new(arena, Part, count);
    bool ok = true;
    for (int p = 0; p < count && ok; p++) {
        part[p].name = packs[p];
        ok = listing_of_pack(&part[p].listing, packs[p], err);
    }
    JoinedSource *joined = make_whole(listing, part, count, arena);
    if (!ok || !join_all_groups(listing, joined, err)) return false;
    for (int p = 0; p < count; p++)
        for (size_t r = 0; r < joined->part[p].listing.count; r++)
            take_record(listing, joined, p, r);
    return part_paths(listing, joined, err);
}

/* --- a pack and more --- */

bool listing_add_to(Listing *listing, const char *pack, const char *root, Error *err)
{
    enum { BASE, MORE, PARTS };
    Arena *arena = arena_create("listing");
    Part *part = arena_new(arena, Part, PARTS);
    part[BASE].name = pack;
    part[MORE] =
        (Part){.listing = *listing, .name = "what is added", .files = file_source(NULL, root)};
    bool ok = listing_of_pack(&part[BASE].listing, pack, err);
    JoinedSource *joined = make_whole(listing, part, PARTS, arena);
    if (!ok || !join_all_groups(listing, joined, err)) return false;
    const Listing *base = &joined->part[BASE].listing, *more = &joined->part[MORE].listing;
    for (size_t r = 0; r < base->count; r++) take_record(listing, joined, BASE, r);
    const Place *place = sort_paths(base, arena);
    for (size_t r = 0; r < more->count; r++) {
        const Place *known = find_path(place, base->count, more->path[r]);
        if (known)
            take_labels(listing, known->record, more, r);
        else
            take_record(listing, joined, MORE, r);
    }
    return true;
}
