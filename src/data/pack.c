/* A pack: one file, or several that are read as one (pack_join.h). */
#include "data/pack.h"

#include "io/file.h"
#include "pack_file.h"
#include "pack_join.h"

#include <string.h>

struct Pack {
    Arena *arena;
    const char *path; /* as it was given */
    PackFile *file;   /* (files) */
    size_t *begin;    /* (files + 1): number of each file's first record */
    int files;
    PackTables tables; /* of all files together */
    uint32_t *split_record[SPLIT_COUNT];
    size_t split_count[SPLIT_COUNT];
    Hash128 hash;
    const char *creator;
};

static const char *const split_names[SPLIT_COUNT] = {"train", "val", "test"};

bool split_parse(const char *text, Split *split)
{
    for (int s = 0; s < SPLIT_COUNT; s++)
        if (strcmp(text, split_names[s]) == 0) {
            *split = (Split)s;
            return true;
        }
    return false;
}

const char *split_name(Split split)
{
    return split_names[split];
}

/* --- opening --- */

static void list_splits(Pack *pack)
{
    const PackTables *tables = &pack->tables;
    for (int s = 0; s < SPLIT_COUNT; s++) {
        pack->split_record[s] = arena_new(pack->arena, uint32_t, tables->records);
        for (size_t r = 0; r < tables->records; r++)
            if (tables->split[r] == s) pack->split_record[s][pack->split_count[s]++] = (uint32_t)r;
    }
}

/* That of the only file; of several, a hash of theirs in order. */
static Hash128 hash_files(const Pack *pack)
{
    if (pack->files == 1) return pack->file[0].hash;
    Hasher *hasher = hasher_create();
    for (int f = 0; f < pack->files; f++)
        hasher_add(hasher, &pack->file[f].hash, sizeof pack->file[f].hash);
    return hasher_finish(hasher);
}

/* Each program once: "umbel 0.1.0, umbel 0.2.0". */
static const char *list_creators(const Pack *pack)
{
    const char *all = pack->file[0].creator;
    for (int f = 1; f < pack->files; f++) {
        int before = 0;
        while (strcmp(pack->file[before].creator, pack->file[f].creator) != 0) before++;
        if (before == f) all = arena_printf(pack->arena, "%s, %s", all, pack->file[f].creator);
    }
    return all;
}

static bool open_files(Pack *pack, const PackNames *names, const char *const *copy, Error *err)
{
    pack->file = arena_new(pack->arena, PackFile, names->files);
    pack->begin = arena_new(pack->arena, size_t, names->files + 1);
    for (int f = 0; f < names->files; f++) {
        const char *name = arena_strdup(pack->arena, names->file[f]);
        const char *path = copy ? arena_strdup(pack->arena, copy[f]) : name;
        pack->files++;
        if (!pack_file_open(&pack->file[f], path, name, pack->arena, err)) return false;
        pack->begin[f + 1] = pack->begin[f] + pack->file[f].tables.records;
    }
    if (pack->files == 1)
        pack->tables = pack->file[0].tables;
    else if (!pack_join(&pack->tables, pack->file, pack->files, pack->arena, err))
        return error_context(err, "cannot read %d packs as one", pack->files);
    list_splits(pack);
    pack->hash = hash_files(pack);
    pack->creator = list_creators(pack);
    return true;
}

Pack *pack_open_files(const char *name, const PackNames *names, const char *const *copy, Error *err)
{
    Arena *arena = arena_create("pack");
    Pack *pack = arena_new(arena, Pack, 1);
    pack->arena = arena;
    pack->path = arena_strdup(arena, name);
    file_allow_many(); /* each file stays open */
    if (open_files(pack, names, copy, err)) return pack;
    pack_close(pack);
    return NULL;
}

Pack *pack_open(const char *name, Error *err)
{
    Arena *arena = arena_create("names of packs");
    PackNames names;
    Pack *pack = pack_names_expand(&names, name, arena, err)
                     ? pack_open_files(name, &names, NULL, err)
                     : NULL;
    arena_destroy(arena);
    return pack;
}

void pack_close(Pack *pack)
{
    if (!pack) return;
    for (int f = 0; f < pack->files; f++) pack_file_close(&pack->file[f]);
    arena_destroy(pack->arena);
}

/* --- what it holds --- */

const char *pack_path(const Pack *pack)
{
    return pack->path;
}

int pack_files(const Pack *pack)
{
    return pack->files;
}

PackPart pack_part(const Pack *pack, int file)
{
    return (PackPart){.path = pack->file[file].name,
                      .first = pack->begin[file],
                      .records = pack->file[file].tables.records,
                      .hash = pack->file[file].hash};
}

size_t pack_records(const Pack *pack)
{
    return pack->tables.records;
}

int pack_groups(const Pack *pack)
{
    return pack->tables.groups;
}

const LabelGroup *pack_group(const Pack *pack, int group)
{
    return &pack->tables.group[group];
}

int pack_find_group(const Pack *pack, const char *name)
{
    for (int g = 0; g < pack->tables.groups; g++)
        if (strcmp(pack->tables.group[g].name, name) == 0) return g;
    return -1;
}

Split pack_split_of(const Pack *pack, size_t record)
{
    return (Split)pack->tables.split[record];
}

const uint32_t *pack_split(const Pack *pack, Split split, size_t *count)
{
    *count = pack->split_count[split];
    return pack->split_record[split];
}

const char *pack_record_path(const Pack *pack, size_t record)
{
    return pack->tables.record_path[record];
}

const char *pack_record_group(const Pack *pack, size_t record)
{
    return pack->tables.keep ? pack->tables.keep[record] : NULL;
}

void pack_image_size(const Pack *pack, size_t record, int *width, int *height)
{
    *width = pack->tables.size[2 * record];
    *height = pack->tables.size[2 * record + 1];
}

int pack_version(const Pack *pack)
{
    int version = 1;
    for (int f = 0; f < pack->files; f++)
        if (pack->file[f].version > version) version = pack->file[f].version;
    return version;
}

const char *pack_creator(const Pack *pack)
{
    return pack->creator;
}

Hash128 pack_hash(const Pack *pack)
{
    return pack->hash;
}

/* --- the bytes --- */

/* The file that has the record, whose number there takes the place of that in the pack. */
static const PackFile *file_of(const Pack *pack, size_t *record)
{
    int low = 0, high = pack->files; /* begin[low] <= record < begin[high] */
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (pack->begin[middle] <= *record)
            low = middle;
        else
            high = middle;
    }
    *record -= pack->begin[low];
    return &pack->file[low];
}

size_t pack_image_bytes(const Pack *pack, size_t record)
{
    const PackFile *file = file_of(pack, &record);
    return pack_file_image_bytes(file, record);
}

size_t pack_largest_image_bytes(const Pack *pack)
{
    size_t largest = 0;
    for (int f = 0; f < pack->files; f++)
        if (pack->file[f].largest > largest) largest = pack->file[f].largest;
    return largest;
}

bool pack_read(const Pack *pack, size_t record, uint8_t *buffer, Error *err)
{
    const PackFile *file = file_of(pack, &record);
    return pack_file_read(file, record, buffer, err);
}
