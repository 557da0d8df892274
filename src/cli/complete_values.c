/* Values for completion, from the tables of those who own them. */
#include "complete_values.h"

#include "base/arena.h"
#include "data/pack.h"
#include "models/trunk.h"
#include "print.h"
#include "train/config.h"

#include <stdio.h>
#include <string.h>

static void offer(Place place, const char *value, const char *help)
{
    const char *begun = place.word + place.kept;
    if (strncmp(value, begun, strlen(begun)) == 0)
        printf("%.*s%s\t%s\n", place.kept, place.word, value, help);
}

static void offer_all(Place place, const char *const *values)
{
    for (; *values; values++) offer(place, *values, "");
}

/* --- names --- */

static void offer_splits(Place place, const char *unused)
{
    (void)unused;
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++)
        offer(place, split_name(split), "");
}

static void offer_formats(Place place, const char *unused)
{
    (void)unused;
    for (int i = 0; print_format_name(i); i++) offer(place, print_format_name(i), "");
}

static void offer_pixels(Place place, const char *unused)
{
    static const char *const types[] = {"float", "uint8", NULL};
    (void)unused;
    offer_all(place, types);
}

static void offer_trunks(Place place, const char *unused)
{
    (void)unused;
    offer_all(place, trunk_kinds());
}

/* --- files, which the shell knows --- */

static void ask_for_files(Place place, const char *endings)
{
    (void)place;
    printf(":files %s\n", endings);
}

static void ask_for_folders(Place place, const char *unused)
{
    (void)place;
    (void)unused;
    puts(":folders");
}

/* --- keys of a configuration --- */

enum { KEYS_MAX = 1024 };

typedef struct KeySearch {
    Place place;
    Arena *arena;
    const char *offered[KEYS_MAX]; /* names so far: several kinds may have a key */
    int count;
} KeySearch;

static bool was_offered(const KeySearch *search, const char *name)
{
    for (int i = 0; i < search->count; i++)
        if (strcmp(search->offered[i], name) == 0) return true;
    return false;
}

/* "KEY=". Keys of heads are left out: which heads there are is the configuration's matter. */
static void offer_key(void *context, const ConfigKey *key)
{
    KeySearch *search = context;
    if (strchr(key->name, '[') || was_offered(search, key->name) || search->count == KEYS_MAX)
        return;
    search->offered[search->count++] = arena_strdup(search->arena, key->name);
    offer(search->place, arena_printf(search->arena, "%s=", key->name),
          key->option ? key->option->help : "");
}

/* Texts that name files. */
static const char *const path_keys[][2] = {
    {"pack", "PACK"}, {"run", "DIR"}, {"stage", "DIR"}, {"trunk.weights", "FILE"}, {NULL, NULL}};

static void offer_option(const Option *option, const char *name, Place place)
{
    static const char *const truth[] = {"true", "false", NULL};
    if (option->type == OPTION_CHOICE) offer_all(place, option->choices);
    if (option->type == OPTION_BOOL) offer_all(place, truth);
    for (int i = 0; path_keys[i][0]; i++)
        if (strcmp(path_keys[i][0], name) == 0) complete_value(path_keys[i][1], place);
}

/* VALUE of "KEY=VALUE", where the place begins behind the sign. */
static void offer_value(void *context, const ConfigKey *key)
{
    const KeySearch *search = context;
    const char *word = search->place.word;
    int begin = search->place.kept - 1 - (int)strlen(key->name);
    if (begin < 0 || strncmp(word + begin, key->name, strlen(key->name)) != 0) return;
    if (begin > 0 && word[begin - 1] != '=') return; /* the end of a longer name */
    if (key->option)
        offer_option(key->option, key->name, search->place);
    else
        offer(search->place, key->kind, "");
}

static void offer_settings(Place place, const char *unused)
{
    (void)unused;
    KeySearch search = {.place = place, .arena = arena_create("completion")};
    const char *sign = strchr(place.word + place.kept, '=');
    if (sign) search.place.kept = (int)(sign + 1 - place.word);
    config_each_key(sign ? offer_value : offer_key, &search);
    arena_destroy(search.arena);
}

/* --- placeholders --- */

static const struct {
    const char *placeholder; /* up to its first sign that is no capital letter */
    void (*offer)(Place place, const char *endings);
    const char *endings; /* of files; NULL: that of the placeholder itself, if it has one */
} values[] = {
    {"CHECKPOINT", ask_for_files, ""},
    {"CONFIG", ask_for_files, ".yaml .yml"},
    {"DIR", ask_for_folders, ""},
    {"FILE", ask_for_files, NULL},
    {"FORMAT", offer_formats, ""},
    {"KEY", offer_settings, ""},
    {"KIND", offer_trunks, ""},
    {"PACK", ask_for_files, ".h5"},
    {"RUN", ask_for_folders, ""},
    {"SHARD", ask_for_files, ".tar .tar.gz .tgz .tar.xz .tar.zst"},
    {"SPLIT", offer_splits, ""},
    {"TYPE", offer_pixels, ""},
};

void complete_value(const char *placeholder, Place place)
{
    size_t length = strspn(placeholder, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    char ending[32] = "";
    if (placeholder[length] == '.')
        snprintf(
            ending, sizeof ending, "%.*s",
            (int)(1 + strspn(placeholder + length + 1, "abcdefghijklmnopqrstuvwxyz0123456789")),
            placeholder + length);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (strlen(values[i].placeholder) == length &&
            strncmp(values[i].placeholder, placeholder, length) == 0)
            values[i].offer(place, values[i].endings ? values[i].endings : ending);
}
