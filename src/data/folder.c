/*
 * From a folder of images to a listing: a pattern tells which parts of a path are labels.
 * `--levels type,part` is the pattern "{type}/{part}/" and anything below.
 */
#include "cell.h"
#include "data/image.h"
#include "io/file.h"
#include "listing.h"
#include "pattern.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096, DEPTH_MAX = 32 };

/* --- walking --- */

typedef struct Scan {
    const char *root;
    Listing *listing;
    Pattern pattern;
    bool keep_going, stopped;
    char **path; /* relative to the root */
    size_t count, capacity;
    Error *err;
} Scan;

static void add_path(Scan *scan, const char *path)
{
    Arena *arena = scan->listing->memory;
    if (scan->count == scan->capacity) {
        scan->capacity = scan->capacity ? 2 * scan->capacity : 1024;
        char **larger = arena_new(arena, char *, scan->capacity);
        if (scan->count) memcpy(larger, scan->path, sizeof *larger * scan->count);
        scan->path = larger;
    }
    scan->path[scan->count++] = arena_strdup(arena, path);
}

/* A file that cannot be packed: a problem, or left out. */
static void refuse(Scan *scan, const char *path, const char *full, const char *reason)
{
    if (scan->keep_going)
        listing_reject(scan->listing, path, reason);
    else
        PROBLEM(scan->err, "%s: %s", full, reason);
}

static void scan_folder(Scan *scan, const char *relative, int depth);

static void scan_entry(Scan *scan, const char *relative, const char *name, int depth)
{
    char path[PATH_BYTES], full[PATH_BYTES];
    struct stat info;
    file_join(path, sizeof path, relative, name);
    file_join(full, sizeof full, scan->root, path);
    if (stat(full, &info) != 0)
        refuse(scan, path, full, strerror(errno));
    else if (S_ISDIR(info.st_mode))
        scan_folder(scan, path, depth + 1);
    else if (image_has_extension(name)) {
        if (is_utf8(path))
            add_path(scan, path);
        else
            refuse(scan, path, full, "its name is not in UTF-8; rename it");
    }
}

static void scan_folder(Scan *scan, const char *relative, int depth)
{
    char full[PATH_BYTES];
    file_join(full, sizeof full, scan->root, relative);
    if (depth > DEPTH_MAX) {
        PROBLEM(scan->err,
                "%s: folders are nested deeper than %d; does a link point to a folder above it?",
                full, DEPTH_MAX);
        scan->stopped = true; /* two such links would be 2^32 folders */
        return;
    }
    DIR *dir = opendir(full);
    if (!dir) {
        PROBLEM(scan->err, "cannot open folder %s: %s", full, strerror(errno));
        return;
    }
    for (struct dirent *entry; !scan->stopped && (entry = readdir(dir));)
        if (entry->d_name[0] != '.') scan_entry(scan, relative, entry->d_name, depth);
    closedir(dir);
}

/* --- labels --- */

static void label_path(Scan *scan, char *path, Taken *taken)
{
    Listing *listing = scan->listing;
    const Pattern *pattern = &scan->pattern;
    size_t i = listing->count;
    char full[PATH_BYTES], reason[PATH_BYTES];
    file_join(full, sizeof full, scan->root, path);
    if (!pattern_match(pattern, path, taken)) {
        snprintf(reason, sizeof reason,
                 "does not match the pattern %s; rename it or change the pattern", pattern->text);
        refuse(scan, path, full, reason);
        return;
    }
    for (int k = 0; k < pattern->pieces; k++) {
        const Piece *piece = &pattern->piece[k];
        char *text = arena_printf(listing->memory, "%.*s", (int)taken[k].length, taken[k].begin);
        Split split;
        Error why = {0};
        if (piece->kind == PIECE_LABEL) listing->label[piece->group][i] = text;
        if (piece->kind == PIECE_LABEL &&
            !cell_check(listing_kind(listing, piece->group), text, &why)) {
            snprintf(reason, sizeof reason, "label %s: %.3500s", listing->group_name[piece->group],
                     why.text);
            refuse(scan, path, full, reason);
            return;
        }
        if (piece->kind == PIECE_SPLIT) listing->split[i] = text;
        if (piece->kind == PIECE_SPLIT && !split_parse(text, &split)) {
            snprintf(reason, sizeof reason, "the split must be train, val or test, not \"%s\"",
                     text);
            refuse(scan, path, full, reason);
            return;
        }
    }
    listing->path[listing->count++] = path;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void label_paths(Scan *scan)
{
    Listing *listing = scan->listing;
    Arena *arena = listing->memory;
    if (scan->count) qsort(scan->path, scan->count, sizeof *scan->path, by_text);
    listing->path = arena_new(arena, char *, scan->count);
    listing->label = arena_new(arena, char **, listing->groups);
    for (int g = 0; g < listing->groups; g++)
        listing->label[g] = arena_new(arena, char *, scan->count);
    if (scan->pattern.has_split) listing->split = arena_new(arena, char *, scan->count);
    Taken *taken = arena_new(arena, Taken, scan->pattern.pieces);
    for (size_t i = 0; i < scan->count; i++) label_path(scan, scan->path[i], taken);
}

bool folder_scan(Listing *listing, const char *folder, const char *pattern, bool keep_going,
                 Error *err)
{
    *listing = (Listing){.memory = arena_create("listing")};
    Scan scan = {.root = folder, .listing = listing, .keep_going = keep_going, .err = err};
    const char *kept = arena_strdup(listing->memory, pattern);
    if (!pattern_parse(&scan.pattern, kept, listing, err)) return false;
    scan_folder(&scan, "", 0);
    if (!no_problems(err)) return false;
    if (scan.count == 0 && listing->rejects == 0)
        return error_set(err, ERROR_DATA, "%s: holds no images (%s)", folder, image_extensions());
    label_paths(&scan);
    return no_problems(err);
}

bool folder_pattern(char *pattern, size_t bytes, const char *levels, Error *err)
{
    size_t used = 0;
    for (const char *at = levels; *at;) {
        size_t length = strcspn(at, ",");
        int written = snprintf(pattern + used, bytes - used, "{%.*s}/", (int)length, at);
        if (written < 0 || (size_t)written + 3 > bytes - used)
            return error_set(err, ERROR_USAGE, "--levels: \"%s\" is too long", levels);
        used += (size_t)written;
        at += length + (at[length] == ',');
    }
    if (used == 0) return error_set(err, ERROR_USAGE, "--levels: names no folder level");
    memcpy(pattern + used, "**", 3);
    return true;
}
