/*
 * From a folder of images to a listing: a pattern such as "{type}/{part}_{angle}.jpg" tells which parts
 * of a path are labels. `--levels type,part` is the pattern "{type}/{part}/" and anything below.
 */
#include "data/image.h"
#include "io/file.h"
#include "listing.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096, DEPTH_MAX = 32 };

/* --- patterns --- */

typedef enum PieceKind {
    PIECE_TEXT,  /* these characters */
    PIECE_LABEL, /* one or more characters, but no slash: a label */
    PIECE_SPLIT, /* likewise: train, val or test */
    PIECE_NAME,  /* `*`: any characters but a slash */
    PIECE_REST,  /* `**`: any characters */
} PieceKind;

typedef struct Piece {
    PieceKind kind;
    const char *text; /* PIECE_TEXT */
    size_t length;
    int group;
} Piece;

typedef struct Pattern {
    const char *text;
    Piece *piece;
    int pieces;
    bool has_split;
} Pattern;

/* What a piece has taken from a path. */
typedef struct Taken {
    const char *begin;
    size_t length;
} Taken;

static bool take_name(Pattern *pattern, Piece *piece, const char **at, Listing *listing, Error *err)
{
    size_t length = strcspn(*at + 1, "{}");
    if ((*at)[1 + length] != '}')
        return error_set(err, ERROR_USAGE,
                         "--pattern: \"%s\": a { without its }; labels look like {type}",
                         pattern->text);
    char *name = arena_printf(listing->memory, "%.*s", (int)length, *at + 1);
    *at += length + 2;
    piece->kind = strcmp(name, "split") == 0 ? PIECE_SPLIT : PIECE_LABEL;
    if (piece->kind == PIECE_SPLIT) {
        pattern->has_split = true;
        return true;
    }
    piece->group = listing->groups;
    return listing_add_group(listing, "the pattern", name, err);
}

static bool parse_pattern(Pattern *pattern, Listing *listing, Error *err)
{
    pattern->piece = arena_new(listing->memory, Piece, strlen(pattern->text) + 1);
    for (const char *at = pattern->text; *at;) {
        Piece *piece = &pattern->piece[pattern->pieces++];
        if (*at == '{') {
            if (!take_name(pattern, piece, &at, listing, err)) return false;
        } else if (*at == '*') {
            piece->kind = at[1] == '*' ? PIECE_REST : PIECE_NAME;
            at += strspn(at, "*");
        } else {
            *piece = (Piece){.kind = PIECE_TEXT, .text = at, .length = strcspn(at, "{*")};
            at += piece->length;
        }
    }
    return listing->groups > 0 ||
           error_set(err, ERROR_USAGE, "--pattern: \"%s\" names no label group, such as {type}",
                     pattern->text);
}

/* Each piece takes as much as leaves a match for the rest. */
static bool match(const Piece *piece, int pieces, const char *path, Taken *taken)
{
    if (pieces == 0) return *path == 0;
    size_t least = 0, most;
    if (piece->kind == PIECE_TEXT) {
        if (strncmp(path, piece->text, piece->length) != 0) return false;
        least = most = piece->length;
    } else {
        most = piece->kind == PIECE_REST ? strlen(path) : strcspn(path, "/");
        if (piece->kind == PIECE_LABEL || piece->kind == PIECE_SPLIT) least = 1;
    }
    for (size_t length = most + 1; length-- > least;)
        if (match(piece + 1, pieces - 1, path + length, taken + 1)) {
            *taken = (Taken){path, length};
            return true;
        }
    return false;
}

/* --- walking --- */

typedef struct Scan {
    const char *root;
    Listing *listing;
    Pattern pattern;
    bool keep_going;
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

/* --- labels --- */

static void label_path(Scan *scan, char *path, Taken *taken)
{
    Listing *listing = scan->listing;
    const Pattern *pattern = &scan->pattern;
    size_t i = listing->count;
    char full[PATH_BYTES], reason[PATH_BYTES];
    file_join(full, sizeof full, scan->root, path);
    if (!match(pattern->piece, pattern->pieces, path, taken)) {
        snprintf(reason, sizeof reason,
                 "does not match the pattern %s; rename it or change the pattern", pattern->text);
        refuse(scan, path, full, reason);
        return;
    }
    for (int k = 0; k < pattern->pieces; k++) {
        const Piece *piece = &pattern->piece[k];
        char *text = arena_printf(listing->memory, "%.*s", (int)taken[k].length, taken[k].begin);
        Split split;
        if (piece->kind == PIECE_LABEL) listing->label[piece->group][i] = text;
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
    Scan scan = {.root = folder,
                 .listing = listing,
                 .pattern = {.text = arena_strdup(listing->memory, pattern)},
                 .keep_going = keep_going,
                 .err = err};
    if (!parse_pattern(&scan.pattern, listing, err)) return false;
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
