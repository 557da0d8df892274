/* Families are folders, parts files. */
#include "choose.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Names {
    char **name;
    int count, capacity;
} Names;

static void *checked(void *memory)
{
    if (!memory) die("out of memory for the names of models");
    return memory;
}

static void names_add(Names *names, const char *text, size_t length)
{
    if (names->count == names->capacity) {
        names->capacity = names->capacity ? 2 * names->capacity : 256;
        names->name = checked(realloc(names->name, (size_t)names->capacity * sizeof *names->name));
    }
    names->name[names->count++] = checked(strndup(text, length));
}

static void names_free(Names *names)
{
    for (int i = 0; i < names->count; i++) free(names->name[i]);
    free(names->name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What a folder holds whose name ends so, without the ending, in order. */
static bool names_list(const char *folder, const char *ending, Names *names, Error *err)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return error_set(err, ERROR_SYSTEM, "cannot read folder %s: %s", folder, strerror(errno));
    for (struct dirent *entry; (entry = readdir(dir));) {
        size_t length = strlen(entry->d_name), end = strlen(ending);
        if (entry->d_name[0] == '.' || length <= end) continue;
        if (strcmp(entry->d_name + length - end, ending) == 0)
            names_add(names, entry->d_name, length - end);
    }
    closedir(dir);
    if (names->count) qsort(names->name, (size_t)names->count, sizeof *names->name, by_name);
    return true;
}

static void take_family(const Choice *choice, const char *family, const Names *models, Parts *parts)
{
    int count = models->count < choice->most ? models->count : choice->most;
    if (models->count < choice->least || count == 0) return;
    size_t room = (size_t)(parts->count + count);
    parts->part = checked(realloc(parts->part, room * sizeof *parts->part));
    for (int i = 0; i < count; i++) {
        long at = (long)i * models->count / count;
        parts->part[parts->count++] =
            (Part){checked(strdup(family)), checked(strdup(models->name[at]))};
    }
    parts->families++;
}

static bool add_family(const Choice *choice, const char *family, Parts *parts, Error *err)
{
    char path[4096];
    Names models = {0};
    snprintf(path, sizeof path, "%s/%s.3dshapes", choice->folder, family);
    bool done = names_list(path, ".wrl", &models, err);
    if (done) take_family(choice, family, &models, parts);
    names_free(&models);
    return done;
}

/* Those of the list, each of which must be there. */
static bool wanted_families(const Choice *choice, const Names *all, Names *wanted, Error *err)
{
    for (const char *at = choice->families; *at;) {
        size_t length = strcspn(at, ",");
        bool found = false;
        for (int i = 0; i < all->count && !found; i++)
            found = strlen(all->name[i]) == length && memcmp(all->name[i], at, length) == 0;
        if (!found)
            return error_set(err, ERROR_USAGE, "--families: there is no %s/%.*s.3dshapes",
                             choice->folder, (int)length, at);
        names_add(wanted, at, length);
        at += length;
        at += *at == ',';
    }
    return true;
}

static bool add_families(const Choice *choice, const Names *names, Parts *parts, Error *err)
{
    for (int i = 0; i < names->count; i++) {
        if (i > 0 && strcmp(names->name[i], names->name[i - 1]) == 0) continue;
        if (!add_family(choice, names->name[i], parts, err)) return false;
    }
    return parts->count > 0 ||
           error_set(err, ERROR_DATA, "%s: no family (FAMILY.3dshapes) has %d models (.wrl)",
                     choice->folder, choice->least);
}

bool parts_choose(const Choice *choice, Parts *parts, Error *err)
{
    Names all = {0}, wanted = {0};
    *parts = (Parts){0};
    bool done = names_list(choice->folder, ".3dshapes", &all, err);
    if (done && choice->families) {
        done = wanted_families(choice, &all, &wanted, err);
        if (wanted.count) qsort(wanted.name, (size_t)wanted.count, sizeof *wanted.name, by_name);
    }
    done = done && add_families(choice, choice->families ? &wanted : &all, parts, err);
    names_free(&all);
    names_free(&wanted);
    if (!done) parts_free(parts);
    return done;
}

void parts_free(Parts *parts)
{
    for (int i = 0; i < parts->count; i++) {
        free(parts->part[i].family);
        free(parts->part[i].name);
    }
    free(parts->part);
    *parts = (Parts){0};
}
