/* Families are folders, parts files. */
#include "choose.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct Names {
    char **name;
    int count;
} Names;

static void names_add(Names *names, const char *text, size_t length, Arena *arena)
{
    names->name = arena_extend(arena, names->name, names->count);
    names->name[names->count++] = arena_printf(arena, "%.*s", (int)length, text);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_sort(Names *names)
{
    if (names->count) qsort(names->name, (size_t)names->count, sizeof *names->name, by_name);
}

/* What a folder holds whose name ends so, without the ending, in order. */
static bool names_list(const char *folder, const char *ending, Names *names, Arena *arena,
                       Error *err)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return error_set(err, ERROR_SYSTEM, "cannot read folder %s: %s", folder, strerror(errno));
    for (struct dirent *entry; (entry = readdir(dir));) {
        size_t length = strlen(entry->d_name), end = strlen(ending);
        if (entry->d_name[0] == '.' || length <= end) continue;
        if (strcmp(entry->d_name + length - end, ending) == 0)
            names_add(names, entry->d_name, length - end, arena);
    }
    closedir(dir);
    names_sort(names);
    return true;
}

static void take_family(const Choice *choice, char *family, const Names *models, Parts *parts,
                        Arena *arena)
{
    int count = models->count < choice->most ? models->count : choice->most;
    if (models->count < choice->least || count == 0) return;
    for (int i = 0; i < count; i++) {
        long at = (long)i * models->count / count;
        parts->part = arena_extend(arena, parts->part, parts->count);
        parts->part[parts->count++] = (Part){family, models->name[at]};
    }
    parts->families++;
}

static bool add_family(const Choice *choice, char *family, Parts *parts, Arena *arena, Error *err)
{
    Names models = {0};
    const char *folder = arena_printf(arena, "%s/%s.3dshapes", choice->folder, family);
    if (!names_list(folder, ".wrl", &models, arena, err)) return false;
    take_family(choice, family, &models, parts, arena);
    return true;
}

/* Those of the list, each of which must be there, in order. */
static bool wanted_families(const Choice *choice, const Names *all, Names *wanted, Arena *arena,
                            Error *err)
{
    for (const char *at = choice->families; *at;) {
        size_t length = strcspn(at, ",");
        bool found = false;
        for (int i = 0; i < all->count && !found; i++)
            found = strlen(all->name[i]) == length && memcmp(all->name[i], at, length) == 0;
        if (!found)
            return error_set(err, ERROR_USAGE, "--families: there is no %s/%.*s.3dshapes",
                             choice->folder, (int)length, at);
        names_add(wanted, at, length, arena);
        at += length;
        at += *at == ',';
    }
    names_sort(wanted);
    return true;
}

static bool add_families(const Choice *choice, const Names *names, Parts *parts, Arena *arena,
                         Error *err)
{
    for (int i = 0; i < names->count; i++) {
        if (i > 0 && strcmp(names->name[i], names->name[i - 1]) == 0) continue;
        if (!add_family(choice, names->name[i], parts, arena, err)) return false;
    }
    return parts->count > 0 ||
           error_set(err, ERROR_DATA, "%s: no family (FAMILY.3dshapes) has %d models (.wrl)",
                     choice->folder, choice->least);
}

bool parts_choose(const Choice *choice, Parts *parts, Arena *arena, Error *err)
{
    Names all = {0}, wanted = {0};
    *parts = (Parts){0};
    if (!names_list(choice->folder, ".3dshapes", &all, arena, err)) return false;
    if (choice->families && !wanted_families(choice, &all, &wanted, arena, err)) return false;
    return add_families(choice, choice->families ? &wanted : &all, parts, arena, err);
}
