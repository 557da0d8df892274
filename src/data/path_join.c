/* Paths of packs that are put together. By a table of hashes: there may be millions. */
#include "path_join.h"

#include "base/hash.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* (count): whether an earlier record has the path; from malloc. */
static bool *find_known(const char *const *path, size_t count, bool *any)
{
    size_t slots = 16;
    while (slots < 2 * count) slots *= 2;
    size_t *slot = calloc(slots, sizeof *slot); /* record + 1 */
    bool *known = calloc(count + 1, sizeof *known);
    if (!slot || !known) die("no memory to compare %zu paths", count);
    *any = false;
    for (size_t r = 0; r < count; r++) {
        size_t at = hash_text(path[r]) & (slots - 1);
        while (slot[at] && strcmp(path[slot[at] - 1], path[r]) != 0) at = (at + 1) & (slots - 1);
        known[r] = slot[at] != 0;
        *any = *any || known[r];
        if (!slot[at]) slot[at] = r + 1;
    }
    free(slot);
    return known;
}

/* "parts" of "old/parts.h5" */
static const char *stem(const char *pack, Arena *arena)
{
    const char *slash = strrchr(pack, '/'), *name = slash ? slash + 1 : pack;
    const char *dot = strrchr(name, '.');
    size_t length = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    return arena_printf(arena, "%.*s", (int)length, name);
}

static bool check(const char *const *path, const size_t *begin, const char *const *name, int parts,
                  Error *err)
{
    bool any, *known = find_known(path, begin[parts], &any);
    for (int p = 0; any && p < parts; p++)
        for (size_t r = begin[p]; r < begin[p + 1] && err->kind == ERROR_NONE; r++)
            if (known[r])
                error_set(err, ERROR_DATA,
                          "%s: has an image %s, as another pack of this file name has; rename it",
                          name[p], path[r]);
    free(known);
    return err->kind == ERROR_NONE;
}

bool paths_join(const char **path, const size_t *begin, const char *const *name, int parts,
                Arena *arena, Error *err)
{
    bool any, *known = find_known(path, begin[parts], &any);
    for (int p = 0; any && p < parts; p++) {
        const char *prefix = stem(name[p], arena);
        for (size_t r = begin[p]; r < begin[p + 1]; r++)
            if (known[r]) path[r] = arena_printf(arena, "%s/%s", prefix, path[r]);
    }
    free(known);
    return !any || check(path, begin, name, parts, err);
}
