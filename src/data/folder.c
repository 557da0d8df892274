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
    size_t count;
    Error *err;
} Scan;

static void add_path(Scan *scan, const char *path)
{
    Arena *arena = scan->listing->memory;
    scan->path = arena_extend(arena, scan->path, scan->count);
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

/* --- a list --- */

static void add_line(Scan *scan, const char *name, const char *line, size_t length)
{
    char *path = arena_printf(scan->listing->memory, "%.*s", (int)length, line);
    while (path[0] == '.' && path[1] == '/') path += 2; /* as find prints them */
    if (!is_utf8(path))
        refuse(scan, path, name, "a path that is not in UTF-8; rename the file");
    else if (path_leaves_root(path))
        PROBLEM(scan->err, "%s: the path %s leaves the root folder; paths are relative to --root",
                name, path);
    else
        add_path(scan, path);
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

static void label_paths(Scan *scan)
{
    Listing *listing = scan->listing;
    Arena *arena = listing->memory;
    listing->path = arena_new(arena, char *, scan->count);
    listing->label = arena_new(arena, char **, listing->groups);
    for (int g = 0; g < listing->groups; g++)
        listing->label[g] = arena_new(arena, char *, scan->count);
    if (scan->pattern.has_split) listing->split = arena_new(arena, char *, scan->count);
    Taken *taken = arena_new(arena, Taken, scan->pattern.pieces);
    for (size_t i = 0; i < scan->count; i++) label_path(scan, scan->path[i], taken);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Without labels yet. */
static bool begin(Scan *scan, Listing *listing, const char *pattern)
{
    *listing = (Listing){.memory = arena_create("listing")};
    scan->listing = listing;
    return pattern_parse(&scan->pattern, arena_strdup(listing->memory, pattern), listing,
                         scan->err);
}

bool folder_scan(Listing *listing, const char *folder, const char *pattern, bool keep_going,
                 Error *err)
{
    Scan scan = {.root = folder, .keep_going = keep_going, .err = err};
    if (!begin(&scan, listing, pattern)) return false;
    scan_folder(&scan, "", 0);
    if (!no_problems(err)) return false;
    if (scan.count == 0 && listing->rejects == 0)
        return error_set(err, ERROR_DATA, "%s: holds no images (%s)", folder, image_extensions());
    if (scan.count) qsort(scan.path, scan.count, sizeof *scan.path, by_text);
    label_paths(&scan);
    return no_problems(err);
}

bool list_parse(Listing *listing, const char *name, const void *text, size_t bytes,
                const char *root, const char *pattern, bool keep_going, Error *err)
{
    Scan scan = {.root = root, .keep_going = keep_going, .err = err};
    if (!begin(&scan, listing, pattern)) return false;
    for (const char *at = text, *end = at + bytes; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at);
        if (length > 0 && at[length - 1] == '\r') length--;
        if (length > 0) add_line(&scan, name, at, length);
        at = stop ? stop + 1 : end;
    }
    if (!no_problems(err)) return false;
    if (scan.count == 0 && listing->rejects == 0)
        return error_set(err, ERROR_DATA, "%s: lists no images; each line names one", name);
    label_paths(&scan);
    listing_check_paths(listing, name, "remove one of the lines", err);
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
