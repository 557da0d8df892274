/* Names of packs: lists, patterns, shards. */
#include "data/pack_names.h"

#include "io/file.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096 };

/* --- shards: STEM-00001-of-00004.h5 --- */

typedef struct Shard {
    int stem; /* bytes before "-00001" */
    int number, of;
    int digits;         /* of the number */
    const char *ending; /* behind the last digit */
} Shard;

static size_t digits_before(const char *begin, const char *end)
{
    size_t count = 0;
    while (end - count > begin && isdigit((unsigned char)end[-1 - (ptrdiff_t)count])) count++;
    return count;
}

/* False: the path is not that of a shard. */
static bool parse_shard(const char *path, Shard *shard)
{
    const char *middle = NULL;
    for (const char *at = strstr(path, "-of-"); at; at = strstr(at + 1, "-of-")) middle = at;
    if (!middle || strchr(middle, '/')) return false;
    size_t before = digits_before(path, middle), behind = strspn(middle + 4, "0123456789");
    const char *number = middle - before;
    if (before < 1 || before > 9 || behind < 1 || behind > 9 || number == path || number[-1] != '-')
        return false;
    *shard = (Shard){.stem = (int)(number - 1 - path),
                     .number = (int)strtol(number, NULL, 10),
                     .of = (int)strtol(middle + 4, NULL, 10),
                     .digits = (int)before,
                     .ending = middle + 4 + behind};
    return shard->number >= 1 && shard->number <= shard->of && shard->of <= SHARDS_MAX;
}

/* Whether two shards are of one pack, if they are of one number. */
static bool is_sibling(const Shard *a, const char *a_path, const Shard *b, const char *b_path)
{
    return a->stem == b->stem && strncmp(a_path, b_path, (size_t)a->stem) == 0 &&
           strcmp(a->ending, b->ending) == 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_all_shards(const char *pattern, char **match, size_t count, const char *path,
                           const Shard *shard, Error *err)
{
    char wanted[PATH_BYTES];
    const char *key = wanted, *of = path + shard->stem + 1 + shard->digits;
    for (int number = 1; number <= shard->of; number++) {
        snprintf(wanted, sizeof wanted, "%.*s-%0*d%s", shard->stem, path, shard->digits, number,
                 of);
        if (!bsearch(&key, match, count, sizeof *match, by_text))
            return error_set(
                err, ERROR_SYSTEM,
                "%s: %s is missing, one of %d shards; bring it, or list the files that "
                "are wanted: [a.h5, b.h5]",
                pattern, wanted, shard->of);
    }
    return true;
}

/* Matches are sorted, so that shards of one pack are neighbours. */
static bool check_shards(const char *pattern, char **match, size_t count, Error *err)
{
    Shard last = {0}, shard;
    const char *last_path = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!parse_shard(match[i], &shard)) continue;
        bool known = last_path && is_sibling(&shard, match[i], &last, last_path);
        if (known && shard.of != last.of)
            return error_set(err, ERROR_DATA,
                             "%s: matches %s and %s, shards of %d and of %d; remove the old ones, "
                             "or write the number: *-of-%05d",
                             pattern, last_path, match[i], last.of, shard.of, shard.of);
        if (!known && !has_all_shards(pattern, match, count, match[i], &shard, err)) return false;
        last = shard;
        last_path = match[i];
    }
    return true;
}

/* What stands around the number: "parts" and ".h5". */
static int stem_of(const char *pack, const char **ending)
{
    const char *slash = strrchr(pack, '/'), *name = slash ? slash + 1 : pack;
    const char *dot = strrchr(name, '.');
    *ending = dot && dot > name ? dot : pack + strlen(pack);
    return (int)(*ending - pack);
}

const char *pack_shard_path(const char *pack, int shard, int shards, Arena *arena)
{
    const char *ending;
    int stem = stem_of(pack, &ending);
    return arena_printf(arena, "%.*s-%05d-of-%05d%s", stem, pack, shard + 1, shards, ending);
}

const char *pack_shard_pattern(const char *pack, int shards, Arena *arena)
{
    const char *ending;
    int stem = stem_of(pack, &ending);
    return arena_printf(arena, "%.*s-*-of-%05d%s", stem, pack, shards, ending);
}

/* --- names --- */

static bool add_file(PackNames *names, const char *whole, const char *file, Arena *arena,
                     Error *err)
{
    for (int f = 0; f < names->files; f++)
        if (strcmp(names->file[f], file) == 0)
            return error_set(err, ERROR_USAGE, "%s: names %s twice", whole, file);
    names->file = arena_extend(arena, names->file, names->files);
    names->file[names->files++] = arena_strdup(arena, file);
    return true;
}

/* The order of glob goes by the language of the machine: sorted here. */
static bool add_matches(PackNames *names, const char *whole, const char *pattern, Arena *arena,
                        Error *err)
{
    glob_t found;
    int code = glob(pattern, GLOB_NOSORT, NULL, &found);
    if (code == GLOB_NOMATCH) return error_set(err, ERROR_SYSTEM, "no file matches %s", pattern);
    if (code != 0)
        return error_set(err, ERROR_SYSTEM, "cannot look for %s: %s", pattern, strerror(errno));
    qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, by_text);
    bool ok = check_shards(pattern, found.gl_pathv, found.gl_pathc, err);
    for (size_t i = 0; ok && i < found.gl_pathc; i++)
        ok = add_file(names, whole, found.gl_pathv[i], arena, err);
    globfree(&found);
    return ok;
}

static bool is_pattern(const char *name)
{
    return strpbrk(name, "*?[") && !file_exists(name);
}

static bool add_name(PackNames *names, const char *whole, const char *name, Arena *arena,
                     Error *err)
{
    return is_pattern(name) ? add_matches(names, whole, name, arena, err)
                            : add_file(names, whole, name, arena, err);
}

static bool is_list(const char *name)
{
    size_t length = strlen(name);
    return length >= 2 && name[0] == '[' && name[length - 1] == ']';
}

static bool add_list(PackNames *names, const char *list, Arena *arena, Error *err)
{
    for (const char *at = list + 1; *at && strcmp(at, "]") != 0;) {
        at += strspn(at, " ");
        size_t length = strcspn(at, ","), kept = at[length] ? length : length - 1;
        const char *next = at + length + (at[length] == ',');
        while (kept > 0 && at[kept - 1] == ' ') kept--;
        if (kept == 0) return error_set(err, ERROR_USAGE, "%s: has an empty name in it", list);
        if (!add_name(names, list, arena_printf(arena, "%.*s", (int)kept, at), arena, err))
            return false;
        at = next;
    }
    return names->files > 0 || error_set(err, ERROR_USAGE, "%s: names no pack", list);
}

bool pack_names_expand(PackNames *names, const char *name, Arena *arena, Error *err)
{
    *names = (PackNames){0};
    return is_list(name) && !file_exists(name) ? add_list(names, name, arena, err)
                                               : add_name(names, name, name, arena, err);
}

/* A list has the bracket of a pattern. */
bool pack_name_is_file(const char *name)
{
    return !is_pattern(name);
}

bool pack_names_add(char *name, size_t bytes, const char *more)
{
    char old[PACK_NAME_BYTES];
    bool was_list = is_list(name), is_more = is_list(more);
    int length = (int)strlen(name) - 2 * was_list, added = (int)strlen(more) - 2 * is_more;
    if (strlen(name) >= sizeof old) return false;
    memcpy(old, name, strlen(name) + 1);
    int all = snprintf(name, bytes, "[%.*s, %.*s]", length, old + was_list, added, more + is_more);
    return all < (int)bytes;
}
