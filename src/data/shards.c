/*
 * Tar files in the layout of WebDataset: the files of a sample stand together and share a name up to its
 * first dot, its key: key.jpg, key.json, key.cls. A label NAME is the member NAME of key.json, or the text of
 * key.NAME. The tar files are read twice: here for labels, and for images when they are packed.
 */
#include "cell.h"
#include "data/image.h"
#include "io/json.h"
#include "io/tar.h"
#include "listing.h"
#include "shard_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 1 << 20 };

/* --- samples --- */

/* What stands behind a name in a sample: the column of a label, "split", or what keeps together. */
typedef struct Sample {
    const char *key; /* in its shard; NULL: none has begun */
    bool labelled;   /* has a file of labels */
    const char *image;
    ShardPlace place;
    char **value; /* (columns) NULL where there is none */
} Sample;

typedef struct Reading {
    Listing *listing;
    char *const *shard;
    int number; /* of the shard */
    uint64_t entry;
    const char *column[GROUPS_MAX + 2]; /* labels, then split, then what keeps together */
    int columns, groups;
    Sample now;
    Sample *sample; /* (samples) with images */
    size_t samples;
    bool keep_going;
    Error *err;
} Reading;

/* A sample that cannot be packed: a problem, or left out. */
static void refuse(Reading *reading, const char *name, const char *reason)
{
    const char *shard = reading->shard[reading->number];
    if (reading->keep_going)
        listing_reject(reading->listing,
                       arena_printf(reading->listing->memory, "%s: %s", shard, name), reason);
    else
        PROBLEM(reading->err, "%s: %s: %s", shard, name, reason);
}

static bool check_values(Reading *reading, const Sample *sample)
{
    for (int c = 0; c < reading->columns; c++) {
        Error why = {0};
        const char *value = sample->value[c];
        char reason[ERROR_TEXT_BYTES + 256];
        if (!value) continue;
        if (!is_utf8(value))
            error_set(&why, ERROR_DATA, "is not in UTF-8");
        else if (c < reading->groups)
            cell_check(listing_kind(reading->listing, c), value, &why);
        else if (strcmp(reading->column[c], "split") == 0 && !split_parse(value, &(Split){0}))
            error_set(&why, ERROR_DATA, "must be train, val or test, not \"%s\"", value);
        if (why.kind == ERROR_NONE) continue;
        snprintf(reason, sizeof reason, "%.200s: %s", reading->column[c], why.text);
        refuse(reading, sample->key, reason);
        return false;
    }
    return true;
}

static void finish_sample(Reading *reading)
{
    Sample *now = &reading->now;
    Arena *arena = reading->listing->memory;
    bool begun = now->key != NULL;
    if (begun && now->labelled && !now->image)
        refuse(reading, now->key, "has no image beside it; the files of a sample stand together");
    else if (begun && now->image && check_values(reading, now)) {
        reading->sample = arena_extend(arena, reading->sample, reading->samples);
        reading->sample[reading->samples++] = *now;
    }
    *now = (Sample){.value = arena_new(arena, char *, reading->columns + 1)};
}

/* --- files of a sample --- */

static void set_value(Reading *reading, const char *name, const char *text)
{
    for (int c = 0; c < reading->columns; c++)
        if (strcmp(reading->column[c], name) == 0 && *text)
            reading->now.value[c] = arena_strdup(reading->listing->memory, text);
}

/* A text, a number, or a list of texts as a set; NULL: something else. */
static const char *json_cell(const JsonValue *value, Arena *arena)
{
    int64_t integer;
    double real;
    size_t count;
    if (json_get_text(value)) return json_get_text(value);
    if (json_get_integer(value, &integer)) return arena_printf(arena, "%lld", (long long)integer);
    if (json_get_real(value, &real)) return arena_printf(arena, "%.17g", real);
    if (!json_elements(value, &count)) return NULL;
    const char *set = "";
    for (size_t i = 0; i < count; i++) {
        const char *text = json_get_text(json_element(value, i));
        if (!text) return NULL;
        set = arena_printf(arena, "%s%s%s", set, i ? ";" : "", text);
    }
    return count > 0 ? set : ";";
}

static void read_json(Reading *reading, const char *name, const uint8_t *text, size_t bytes)
{
    Error why = {0};
    JsonValue *root = json_parse((const char *)text, bytes, &why);
    if (!root) refuse(reading, name, why.text);
    for (int c = 0; root && c < reading->columns; c++) {
        const JsonValue *value = json_member(root, reading->column[c]);
        if (!value || json_is_nothing(value)) continue;
        const char *cell = json_cell(value, reading->listing->memory);
        if (cell)
            set_value(reading, reading->column[c], cell);
        else
            refuse(reading, name,
                   arena_printf(reading->listing->memory,
                                "\"%s\" is neither text nor number nor a list of texts",
                                reading->column[c]));
    }
    json_free(root);
}

static bool is_column(const Reading *reading, const char *name)
{
    for (int c = 0; c < reading->columns; c++)
        if (strcmp(reading->column[c], name) == 0) return true;
    return false;
}

static void read_text(Reading *reading, Tar *tar, const char *name, const char *extension)
{
    uint8_t *data;
    size_t bytes;
    Error why = {0};
    reading->now.labelled = true;
    if (!tar_read(tar, TEXT_BYTES_MAX, &data, &bytes, &why)) {
        refuse(reading, name, why.text);
        return;
    }
    if (strcmp(extension, "json") == 0)
        read_json(reading, name, data, bytes);
    else {
        char *text = (char *)data;
        text[strcspn(text, "\r\n")] = 0;
        set_value(reading, extension, text);
    }
    free(data);
}

static void read_entry(Reading *reading, Tar *tar, const char *name)
{
    Arena *arena = reading->listing->memory;
    Sample *now = &reading->now;
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    const char *dot = strchr(base, '.');
    if (!dot || dot == base) return; /* no sample's */
    size_t length = (size_t)(dot - name);
    if (!now->key || strncmp(now->key, name, length) != 0 || now->key[length]) {
        finish_sample(reading);
        now->key = arena_printf(arena, "%.*s", (int)length, name);
    }
    if (image_has_extension(name)) {
        if (now->image) refuse(reading, name, "is a second image of its sample");
        now->image = arena_strdup(arena, name);
        now->place = (ShardPlace){reading->number, reading->entry};
    } else if (strcmp(dot, ".json") == 0 || is_column(reading, dot + 1))
        read_text(reading, tar, name, dot + 1);
}

static bool read_shard(Reading *reading, int number)
{
    TarEntry entry;
    Error why = {0};
    Tar *tar = tar_open(reading->shard[number], reading->err);
    if (!tar) return false;
    reading->number = number;
    finish_sample(reading);
    for (reading->entry = 0; tar_next(tar, &entry, &why); reading->entry++)
        read_entry(reading, tar, entry.name);
    tar_close(tar);
    if (why.kind != ERROR_NONE) return error_set(reading->err, why.kind, "%s", why.text);
    finish_sample(reading);
    return true;
}

/* --- the listing --- */

/* "train-000" of "shards/train-000.tar.gz" */
static const char *stem(const char *path, Arena *arena)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strstr(name, ".tar");
    return arena_printf(arena, "%.*s", (int)(dot ? (size_t)(dot - name) : strlen(name)), name);
}

static char **take_column(const Reading *reading, int column)
{
    char **text = arena_new(reading->listing->memory, char *, reading->samples);
    for (size_t i = 0; i < reading->samples; i++) text[i] = reading->sample[i].value[column];
    return text;
}

static size_t count_values(char *const *text, size_t count)
{
    size_t values = 0;
    for (size_t i = 0; i < count; i++) values += text[i] != NULL;
    return values;
}

static bool take_split(Reading *reading, int column)
{
    Listing *listing = reading->listing;
    listing->split = take_column(reading, column);
    size_t values = count_values(listing->split, listing->count);
    if (values == 0) listing->split = NULL;
    return values == 0 || values == listing->count ||
           error_set(reading->err, ERROR_DATA,
                     "%zu of %zu samples have a split; give it to all or to none", values,
                     listing->count);
}

static void take_samples(Reading *reading)
{
    Listing *listing = reading->listing;
    Arena *arena = listing->memory;
    size_t count = listing->count = reading->samples;
    const char **name = arena_new(arena, const char *, count);
    ShardPlace *place = arena_new(arena, ShardPlace, count);
    listing->path = arena_new(arena, char *, count);
    for (size_t i = 0; i < count; i++) {
        const Sample *sample = &reading->sample[i];
        const char *shard = reading->shard[sample->place.shard];
        listing->path[i] = arena_printf(arena, "%s/%s", stem(shard, arena), sample->image);
        name[i] = arena_printf(arena, "%s: %s", shard, sample->image);
        place[i] = sample->place;
    }
    listing->source = shard_source(reading->shard, name, place, arena);
    listing->label = arena_new(arena, char **, listing->groups);
    for (int g = 0; g < listing->groups; g++) listing->label[g] = take_column(reading, g);
}

static bool choose_columns(Reading *reading, const char *labels, const char *keep_together)
{
    Listing *listing = reading->listing;
    char *copy = arena_strdup(listing->memory, labels), *rest = NULL;
    for (char *name = strtok_r(copy, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
        if (!listing_add_group(listing, "--labels", name, reading->err)) return false;
    for (int g = 0; g < listing->groups; g++)
        reading->column[reading->columns++] = listing->group_name[g];
    reading->groups = listing->groups;
    reading->column[reading->columns++] = "split";
    if (keep_together) reading->column[reading->columns++] = keep_together;
    return true;
}

bool shards_read(Listing *listing, char *const *paths, int count, const char *labels,
                 const char *keep_together, bool keep_going, Error *err)
{
    *listing = (Listing){.memory = arena_create("listing")};
    Reading reading = {.listing = listing, .shard = paths, .keep_going = keep_going, .err = err};
    if (!choose_columns(&reading, labels, keep_together)) return false;
    for (int s = 0; s < count; s++)
        if (!read_shard(&reading, s)) return false;
    if (!no_problems(err)) return false;
    if (reading.samples == 0 && listing->rejects == 0)
        return error_set(err, ERROR_DATA, "%s: holds no images (%s)", paths[0], image_extensions());
    take_samples(&reading);
    if (keep_together) {
        listing->keep_together = take_column(&reading, reading.columns - 1);
        for (size_t i = 0; i < listing->count; i++)
            if (!listing->keep_together[i]) listing->keep_together[i] = (char *)"";
    }
    listing_check_paths(listing, "--tar", "give the tar files different names", err);
    return no_problems(err) && take_split(&reading, reading.groups);
}
