/* Listings, whichever way they are read. */
#include "listing.h"

#include "record.h"

#include <stdlib.h>
#include <string.h>

bool no_problems(Error *err)
{
    if (err->count > PROBLEMS_MAX)
        error_set(err, err->kind, "… and %d more", err->count - PROBLEMS_MAX);
    return err->kind == ERROR_NONE;
}

bool path_leaves_root(const char *path)
{
    if (path[0] == '/') return true;
    for (const char *at = path; *at;) {
        size_t length = strcspn(at, "/");
        if (length == 2 && at[0] == '.' && at[1] == '.') return true;
        at += length + (at[length] == '/');
    }
    return false;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void listing_check_paths(const Listing *listing, const char *name, const char *cure, Error *err)
{
    size_t count = listing->count;
    char **sorted = arena_new(listing->memory, char *, count + 1);
    if (count) memcpy(sorted, listing->path, sizeof *sorted * count);
    qsort(sorted, count, sizeof *sorted, by_text);
    for (size_t i = 1; i < count; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            PROBLEM(err, "%s: the path %s stands there twice; %s", name, sorted[i], cure);
}

LabelKind listing_cut_kind(char *text)
{
    LabelKind kind;
    char *colon = strrchr(text, ':');
    if (!colon || !label_kind_parse(colon + 1, &kind)) return LABEL_CLASS;
    *colon = 0;
    return kind;
}

LabelKind listing_kind(const Listing *listing, int group)
{
    return listing->kind ? listing->kind[group] : LABEL_CLASS;
}

bool listing_add_group(Listing *listing, const char *option, const char *text, Error *err)
{
    char *name = arena_strdup(listing->memory, text);
    LabelKind kind = listing_cut_kind(name);
    if (!listing->group_name) {
        listing->group_name = arena_new(listing->memory, char *, GROUPS_MAX);
        listing->kind = arena_new(listing->memory, LabelKind, GROUPS_MAX);
    }
    if (!is_group_name(name))
        return error_set(err, ERROR_USAGE, "%s: \"%s\" cannot name a label group", option, name);
    for (int before = 0; before < listing->groups; before++)
        if (strcmp(listing->group_name[before], name) == 0)
            return error_set(err, ERROR_USAGE, "%s: names \"%s\" twice", option, name);
    if (listing->groups == GROUPS_MAX)
        return error_set(err, ERROR_USAGE, "%s: names more than %d label groups", option,
                         GROUPS_MAX);
    listing->kind[listing->groups] = kind;
    listing->group_name[listing->groups++] = name;
    return true;
}

void listing_reject(Listing *listing, const char *path, const char *reason)
{
    listing->reject = arena_extend(listing->memory, listing->reject, listing->rejects);
    listing->reject[listing->rejects++] =
        (Reject){arena_strdup(listing->memory, path), arena_strdup(listing->memory, reason)};
}

static void drop_texts(char **text, const bool *drop, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; text && i < count; i++)
        if (!drop[i]) text[kept++] = text[i];
}

void listing_drop(Listing *listing, const bool *drop)
{
    size_t count = listing->count, kept = 0;
    for (size_t i = 0; i < count; i++) kept += !drop[i];
    drop_texts(listing->path, drop, count);
    drop_texts(listing->split, drop, count);
    drop_texts(listing->keep_together, drop, count);
    for (int g = 0; g < listing->groups; g++) drop_texts(listing->label[g], drop, count);
    listing->count = kept;
}

void listing_free(Listing *listing)
{
    if (listing->source && listing->source->close) listing->source->close(listing->source);
    arena_destroy(listing->memory);
    *listing = (Listing){0};
}
