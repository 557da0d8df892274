/* From a manifest, or from folders, to the listing of what is to be packed. */
#include "base/option.h"
#include "csv.h"
#include "data/pack_write.h"
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096, PROBLEMS_MAX = 20, GROUPS_MAX = 256, DEPTH_MAX = 32 };

/* A manifest being read. */
typedef struct Manifest {
    const char *name;
    Csv csv;
    Arena *arena;
    Error *err;
} Manifest;

/* Adds a problem, but not more than can be read at once. */
#define PROBLEM(err, ...)                                                                          \
    ((err)->count < PROBLEMS_MAX ? error_set((err), ERROR_DATA, __VA_ARGS__)                       \
                                 : ((err)->count++, false))

/* Says how many problems there were beyond those that are shown. */
static bool no_problems(Error *err)
{
    if (err->count > PROBLEMS_MAX)
        error_set(err, err->kind, "… and %d more", err->count - PROBLEMS_MAX);
    return err->kind == ERROR_NONE;
}

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        unsigned char first = *at++;
        int extra = first < 0x80                    ? 0
                    : first >= 0xC2 && first < 0xE0 ? 1
                    : first >= 0xE0 && first < 0xF0 ? 2
                    : first >= 0xF0 && first < 0xF5 ? 3
                                                    : -1;
        if (extra < 0 || (first == 0xE0 && *at < 0xA0) || (first == 0xED && *at > 0x9F) ||
            (first == 0xF0 && *at < 0x90) || (first == 0xF4 && *at > 0x8F))
            return false;
        for (; extra > 0; extra--, at++)
            if ((*at & 0xC0) != 0x80) return false;
    }
    return true;
}

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

/* A name must be able to stand in an HDF5 path and in a configuration. */
static bool is_group_name(const char *name)
{
    return *name && strcmp(name, ".") != 0 && strpbrk(name, "/,[]{}\"") == NULL && is_utf8(name) &&
           strlen(name) < 128;
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

static void choose_columns(const Manifest *manifest, const char *labels, int column[GROUPS_MAX],
                           int *groups)
{
    const CsvRow *header = &manifest->csv.row[0];
    int wanted = 0;
    if (labels) {
        char *copy = arena_strdup(manifest->arena, labels), *rest = NULL;
        for (char *name = strtok_r(copy, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
            if (wanted++ < GROUPS_MAX) column[wanted - 1] = need_column(manifest, name);
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
        error_set(manifest->err, ERROR_DATA, "%s:1: has no label column besides path and split",
                  manifest->name);
}

/* --- rows --- */

static bool leaves_root(const char *path)
{
    if (path[0] == '/') return true;
    for (const char *at = path; *at;) {
        size_t length = strcspn(at, "/");
        if (length == 2 && at[0] == '.' && at[1] == '.') return true;
        at += length + (at[length] == '/');
    }
    return false;
}

static void check_row(const Manifest *manifest, const CsvRow *row, const char *path,
                      const char *split)
{
    Split parsed;
    if (!*path) PROBLEM(manifest->err, "%s:%zu: has no path", manifest->name, row->line);
    if (leaves_root(path))
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

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void check_duplicates(const Manifest *manifest, char *const *path, size_t count)
{
    char **sorted = arena_new(manifest->arena, char *, count);
    memcpy(sorted, path, sizeof *sorted * count);
    qsort(sorted, count, sizeof *sorted, by_text);
    for (size_t i = 1; i < count; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            PROBLEM(manifest->err, "%s: the path %s stands there twice", manifest->name, sorted[i]);
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
    }
}

static bool read_manifest(Listing *listing, Manifest *manifest, const char *labels,
                          const char *keep_together)
{
    int column[GROUPS_MAX], group = -1;
    int path = need_column(manifest, "path"), split = find_column(manifest, "split");
    if (keep_together) group = need_column(manifest, keep_together);
    choose_columns(manifest, labels, column, &listing->groups);
    if (manifest->err->kind != ERROR_NONE) return false;
    if (manifest->csv.rows == 1)
        return error_set(manifest->err, ERROR_DATA, "%s: lists no images", manifest->name);
    fill_listing(listing, manifest, column, path, split, group);
    check_duplicates(manifest, listing->path, listing->count);
    return no_problems(manifest->err);
}

bool manifest_read(Listing *listing, const char *path, const char *labels,
                   const char *keep_together, Error *err)
{
    uint8_t *data;
    size_t bytes;
    *listing = (Listing){.memory = arena_create("listing")};
    Manifest manifest = {.name = path, .arena = listing->memory, .err = err};
    if (!file_read(path, &data, &bytes, err)) return false;
    char *text = arena_alloc(listing->memory, bytes + 1);
    memcpy(text, data, bytes);
    free(data);
    return csv_parse(&manifest.csv, text, bytes, path, manifest.arena, err) &&
           read_manifest(listing, &manifest, labels, keep_together);
}

void listing_free(Listing *listing)
{
    arena_destroy(listing->memory);
    *listing = (Listing){0};
}

/* --- folders --- */

/* Paths found so far, relative to the root. */
typedef struct Scan {
    const char *root;
    int levels;
    char **path;
    size_t count, capacity;
    Arena *arena;
    Error *err;
} Scan;

static bool is_picture(const char *name)
{
    static const char *const endings[] = {".jpg", ".jpeg", ".png"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i]) == 0) return true;
    return false;
}

static void add_path(Scan *scan, const char *path)
{
    if (scan->count == scan->capacity) {
        scan->capacity = scan->capacity ? 2 * scan->capacity : 1024;
        char **larger = arena_new(scan->arena, char *, scan->capacity);
        if (scan->count) memcpy(larger, scan->path, sizeof *larger * scan->count);
        scan->path = larger;
    }
    scan->path[scan->count++] = arena_strdup(scan->arena, path);
}

static void scan_folder(Scan *scan, const char *relative, int depth);

static void scan_entry(Scan *scan, const char *relative, const char *name, int depth)
{
    char path[PATH_BYTES], full[PATH_BYTES];
    struct stat info;
    file_join(path, sizeof path, relative, name);
    file_join(full, sizeof full, scan->root, path);
    if (stat(full, &info) != 0) {
        PROBLEM(scan->err, "cannot examine %s: %s", full, strerror(errno));
    } else if (S_ISDIR(info.st_mode)) {
        scan_folder(scan, path, depth + 1);
    } else if (is_picture(name)) {
        if (depth < scan->levels)
            PROBLEM(scan->err, "%s: lies %d folders deep, but --levels names %d", full, depth,
                    scan->levels);
        else if (!is_utf8(path))
            PROBLEM(scan->err, "%s: its name is not in UTF-8; rename it", full);
        else
            add_path(scan, path);
    }
}

static void scan_folder(Scan *scan, const char *relative, int depth)
{
    char full[PATH_BYTES];
    file_join(full, sizeof full, scan->root, relative);
    if (depth > DEPTH_MAX) {
        PROBLEM(scan->err, "%s: folders are nested deeper than %d", full, DEPTH_MAX);
        return;
    }
    DIR *dir = opendir(full);
    if (!dir) {
        PROBLEM(scan->err, "cannot open folder %s: %s", full, strerror(errno));
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.') scan_entry(scan, relative, entry->d_name, depth);
    closedir(dir);
}

/* The name of folder level `level` in a relative path. */
static char *level_name(Arena *arena, const char *path, int level)
{
    for (; level > 0; level--) path = strchr(path, '/') + 1;
    return arena_printf(arena, "%.*s", (int)strcspn(path, "/"), path);
}

bool folder_scan(Listing *listing, const char *folder, const char *levels, Error *err)
{
    Arena *arena = arena_create("listing");
    *listing = (Listing){.memory = arena};
    char *copy = arena_strdup(arena, levels), *rest = NULL;
    listing->group_name = arena_new(arena, char *, GROUPS_MAX);
    for (char *name = strtok_r(copy, ",", &rest); name && listing->groups < GROUPS_MAX;
         name = strtok_r(NULL, ",", &rest)) {
        if (!is_group_name(name))
            return error_set(err, ERROR_USAGE, "--levels: \"%s\" cannot name a label group", name);
        for (int before = 0; before < listing->groups; before++)
            if (strcmp(listing->group_name[before], name) == 0)
                return error_set(err, ERROR_USAGE, "--levels: names \"%s\" twice", name);
        listing->group_name[listing->groups++] = name;
    }
    if (listing->groups == 0) return error_set(err, ERROR_USAGE, "--levels: names no folder level");
    Scan scan = {.root = folder, .levels = listing->groups, .arena = arena, .err = err};
    scan_folder(&scan, "", 0);
    if (!no_problems(err)) return false;
    if (scan.count == 0)
        return error_set(err, ERROR_DATA, "%s: holds no .jpg, .jpeg or .png files", folder);
    qsort(scan.path, scan.count, sizeof *scan.path, by_text);
    listing->count = scan.count;
    listing->path = scan.path;
    listing->label = arena_new(arena, char **, listing->groups);
    for (int g = 0; g < listing->groups; g++) {
        listing->label[g] = arena_new(arena, char *, scan.count);
        for (size_t i = 0; i < scan.count; i++)
            listing->label[g][i] = level_name(arena, scan.path[i], g);
    }
    return true;
}
