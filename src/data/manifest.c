/* From a manifest to the listing of what is to be packed. */
#include "base/option.h"
#include "cell.h"
#include "data/csv.h"
#include "io/file.h"
#include "listing.h"

#include <stdlib.h>
#include <string.h>

/* A manifest being read. */
typedef struct Manifest {
    const char *name;
    Csv csv;
    Arena *arena;
    Error *err;
} Manifest;

/* --- columns --- */

static int find_column(const Manifest *manifest, const char *name)
{
    const CsvRow *header = &manifest->csv.row[0];
    for (int c = 0; c < header->fields; c++)
        if (strcmp(header->field[c], name) == 0) return c;
    return -1;
}

/* As find_column, but its absence is an error that names the nearest one. */
static int need_column(const Manifest *manifest, const char *name)
{
    const CsvRow *header = &manifest->csv.row[0];
    int column = find_column(manifest, name);
    if (column >= 0) return column;
    const char *near = option_nearest(name, (const char *const *)header->field, header->fields);
    error_set(manifest->err, ERROR_DATA, "%s:1: has no column \"%s\"%s%s%s", manifest->name, name,
              near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return -1;
}

/* A second column, or a second --labels entry, of one name would be a second group of that name. */
static void check_names(const Manifest *manifest, const int *column, int groups)
{
    const CsvRow *header = &manifest->csv.row[0];
    for (int c = 0; c < header->fields; c++)
        if (find_column(manifest, header->field[c]) != c)
            PROBLEM(manifest->err, "%s:1: has two columns \"%s\"", manifest->name,
                    header->field[c]);
    for (int g = 0; g < groups; g++)
        for (int before = 0; before < g; before++)
            if (column[g] >= 0 && column[g] == column[before])
                PROBLEM(manifest->err, "--labels: names \"%s\" twice", header->field[column[g]]);
}

/* The column of "NAME" or "NAME:KIND". A column whose own name ends like a kind is found by its whole
 * name. */
static int find_label(const Manifest *manifest, char *text, LabelKind *kind)
{
    *kind = LABEL_CLASS;
    if (find_column(manifest, text) < 0) *kind = listing_cut_kind(text);
    char *colon = strrchr(text, ':');
    if (colon && find_column(manifest, text) < 0) {
        *colon = 0;
        bool known = find_column(manifest, text) >= 0;
        *colon = ':';
        if (known) {
            error_set(manifest->err, ERROR_USAGE,
                      "--labels: \"%s\": there is no kind \"%s\" of label; class, multi and value "
                      "are possible",
                      text, colon + 1);
            return -1;
        }
    }
    return need_column(manifest, text);
}

static void choose_columns(const Manifest *manifest, const char *labels, int column[GROUPS_MAX],
                           LabelKind *kind, int *groups)
{
    const CsvRow *header = &manifest->csv.row[0];
    int wanted = 0;
    if (labels) {
        char *copy = arena_strdup(manifest->arena, labels), *rest = NULL;
        for (char *name = strtok_r(copy, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
            if (wanted++ < GROUPS_MAX)
                column[wanted - 1] = find_label(manifest, name, &kind[wanted - 1]);
    } else {
        for (int c = 0; c < header->fields; c++)
            if (strcmp(header->field[c], "path") != 0 && strcmp(header->field[c], "split") != 0)
                if (wanted++ < GROUPS_MAX) column[wanted - 1] = c;
    }
    *groups = wanted < GROUPS_MAX ? wanted : GROUPS_MAX;
    if (wanted > GROUPS_MAX)
        PROBLEM(manifest->err, "%s:1: has %d label columns; at most %d are possible",
                manifest->name, wanted, GROUPS_MAX);
    check_names(manifest, column, *groups);
    for (int g = 0; g < *groups; g++)
        if (column[g] >= 0 && !is_group_name(header->field[column[g]]))
            error_set(manifest->err, ERROR_DATA, "%s:1: \"%s\" cannot name a label group",
                      manifest->name, header->field[column[g]]);
    if (*groups == 0)
        error_set(manifest->err, ERROR_DATA,
                  "%s:1: has no label column besides path and split; add one per label group",
                  manifest->name);
}

/* --- rows --- */

static void check_row(const Manifest *manifest, const CsvRow *row, const char *path,
                      const char *split)
{
    Split parsed;
    if (!*path) PROBLEM(manifest->err, "%s:%zu: has no path", manifest->name, row->line);
    if (path_leaves_root(path))
        PROBLEM(manifest->err,
                "%s:%zu: the path %s leaves the root folder; paths are relative to --root",
                manifest->name, row->line, path);
    if (split && !split_parse(split, &parsed))
        PROBLEM(manifest->err, "%s:%zu: the split must be train, val or test, not \"%s\"",
                manifest->name, row->line, split);
    for (int c = 0; c < row->fields; c++)
        if (!is_utf8(row->field[c])) {
            PROBLEM(manifest->err, "%s:%zu: is not in UTF-8; convert the manifest", manifest->name,
                    row->line);
            return;
        }
}

/* Cells that cannot be labels of their column's kind. */
static void check_cells(const Listing *listing, const Manifest *manifest, size_t i)
{
    for (int g = 0; g < listing->groups; g++) {
        Error why = {0};
        const char *text = listing->label[g][i];
        if (text && !cell_check(listing->kind[g], text, &why))
            PROBLEM(manifest->err, "%s:%zu: column \"%s\": %s", manifest->name,
                    manifest->csv.row[i + 1].line, listing->group_name[g], why.text);
    }
}

static void fill_listing(Listing *listing, const Manifest *manifest, const int *column, int path,
                         int split, int group)
{
    size_t count = manifest->csv.rows - 1;
    listing->count = count;
    listing->path = arena_new(manifest->arena, char *, count);
    listing->label = arena_new(manifest->arena, char **, listing->groups);
    listing->group_name = arena_new(manifest->arena, char *, listing->groups);
    if (split >= 0) listing->split = arena_new(manifest->arena, char *, count);
    if (group >= 0) listing->keep_together = arena_new(manifest->arena, char *, count);
    for (int g = 0; g < listing->groups; g++) {
        listing->label[g] = arena_new(manifest->arena, char *, count);
        listing->group_name[g] = manifest->csv.row[0].field[column[g]];
    }
    for (size_t i = 0; i < count; i++) {
        const CsvRow *row = &manifest->csv.row[i + 1];
        listing->path[i] = row->field[path];
        if (split >= 0) listing->split[i] = row->field[split];
        if (group >= 0) listing->keep_together[i] = row->field[group];
        for (int g = 0; g < listing->groups; g++)
            listing->label[g][i] = *row->field[column[g]] ? row->field[column[g]] : NULL;
        check_row(manifest, row, listing->path[i], split >= 0 ? listing->split[i] : NULL);
        check_cells(listing, manifest, i);
    }
}

static bool read_manifest(Listing *listing, Manifest *manifest, const char *labels,
                          const char *keep_together)
{
    int column[GROUPS_MAX], group = -1;
    int path = need_column(manifest, "path"), split = find_column(manifest, "split");
    if (keep_together) group = need_column(manifest, keep_together);
    listing->kind = arena_new(manifest->arena, LabelKind, GROUPS_MAX);
    choose_columns(manifest, labels, column, listing->kind, &listing->groups);
    if (manifest->err->kind != ERROR_NONE) return false;
    if (manifest->csv.rows == 1)
        return error_set(manifest->err, ERROR_DATA,
                         "%s: lists no images; each row below the header names one",
                         manifest->name);
    fill_listing(listing, manifest, column, path, split, group);
    listing_check_paths(listing, manifest->name, "remove one of the rows", manifest->err);
    return no_problems(manifest->err);
}

bool manifest_parse(Listing *listing, const char *name, const void *text, size_t bytes,
                    const char *labels, const char *keep_together, Error *err)
{
    *listing = (Listing){.memory = arena_create("listing")};
    Manifest manifest = {.name = name, .arena = listing->memory, .err = err};
    char *copy = arena_alloc(listing->memory, bytes + 1);
    memcpy(copy, text, bytes);
    return csv_parse(&manifest.csv, copy, bytes, name, manifest.arena, err) &&
           read_manifest(listing, &manifest, labels, keep_together);
}

bool manifest_read(Listing *listing, const char *path, const char *labels,
                   const char *keep_together, Error *err)
{
    uint8_t *data;
    size_t bytes;
    *listing = (Listing){0};
    if (!file_read(path, &data, &bytes, err)) return false;
    bool ok = manifest_parse(listing, path, data, bytes, labels, keep_together, err);
    free(data);
    return ok;
}
