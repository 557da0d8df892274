/* What makes a listing: problems found while reading one, names, rejected files. Private to data. */
#pragma once

#include "base/arena.h"
#include "data/names.h"
#include "data/pack_write.h"

enum { PROBLEMS_MAX = 20, GROUPS_MAX = 256, CLASSES_MAX = 65536 };

/* Adds a problem, but not more than can be read at once. */
#define PROBLEM(err, ...)                                                                          \
    ((err)->count < PROBLEMS_MAX ? error_set((err), ERROR_DATA, __VA_ARGS__)                       \
                                 : ((err)->count++, false))

/* Says how many problems there were beyond those that are shown. */
bool no_problems(Error *err);

/* Whether a path is absolute or has a ".." in it. */
bool path_leaves_root(const char *path);

/* Reports paths that stand in the listing twice; `name` of it, and what to do. */
void listing_check_paths(const Listing *listing, const char *name, const char *cure, Error *err);

/* Cuts the kind off "azimuth:value"; a text without the name of a kind behind its last colon is all name,
 * of classes. */
LabelKind listing_cut_kind(char *text);
LabelKind listing_kind(const Listing *listing, int group);

/* Adds a group "NAME" or "NAME:KIND"; false: the name cannot be one, or is taken, which `option` is to be
 * told. */
bool listing_add_group(Listing *listing, const char *option, const char *name, Error *err);

/* Notes a file that is left out; texts are copied. */
void listing_reject(Listing *listing, const char *path, const char *reason);

/* Leaves out the records for which `drop` (count) is true. */
void listing_drop(Listing *listing, const bool *drop);
