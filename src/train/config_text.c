/* A configuration as text: YAML, digest, comparison on resume. */
#include "config_tables.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

/* --- YAML --- */

typedef struct Text {
    char *data;
    size_t bytes, capacity;
} Text;

static void put(Text *text, const char *piece)
{
    size_t length = strlen(piece);
    if (text->bytes + length + 1 > text->capacity) {
        text->capacity = 2 * text->capacity + length + 1024;
        text->data = realloc(text->data, text->capacity);
        if (!text->data) die("configuration: out of memory");
    }
    memcpy(text->data + text->bytes, piece, length + 1);
    text->bytes += length;
}

/* How many bytes the character at `at` has if YAML must not hold it as it is, or would take it for a line
 * break: C0 and C1 controls, U+2028 and U+2029, U+FEFF, U+FFFE, U+FFFF; else 0. */
static int special_bytes(const char *at)
{
    const unsigned char *byte = (const unsigned char *)at;
    bool is_break = byte[0] == 0xE2 && byte[1] == 0x80 && (byte[2] == 0xA8 || byte[2] == 0xA9);
    bool is_mark = byte[0] == 0xEF && byte[1] == 0xBB && byte[2] == 0xBF;
    bool is_none = byte[0] == 0xEF && byte[1] == 0xBF && byte[2] >= 0xBE;
    return byte[0] < ' ' || byte[0] == 0x7F    ? 1
           : byte[0] == 0xC2 && byte[1] < 0xA0 ? 2
           : is_break || is_mark || is_none    ? 3
                                               : 0;
}

/* The code point of a character of 1 to 3 bytes. */
static unsigned code_point(const char *at, int bytes)
{
    unsigned code = (unsigned char)*at & (bytes == 1 ? 0x7FU : bytes == 2 ? 0x1FU : 0x0FU);
    for (int i = 1; i < bytes; i++) code = code << 6 | ((unsigned char)at[i] & 0x3F);
    return code;
}

/* Quotes what YAML could take for something else than this text. */
static void put_value(Text *text, const Option *option, const char *value)
{
    if (option->type != OPTION_TEXT && option->type != OPTION_NAMES) {
        put(text, value);
        return;
    }
    put(text, "\"");
    for (const char *at = value; *at;) {
        char piece[8] = {*at};
        int special = special_bytes(at);
        if (*at == '"' || *at == '\\') snprintf(piece, sizeof piece, "\\%c", *at);
        if (special) snprintf(piece, sizeof piece, "\\u%04x", code_point(at, special));
        put(text, piece);
        at += special ? special : 1;
    }
    put(text, "\"");
}

static void put_table(Text *text, const char *first, const char *indent, const Option *table,
                      const void *values)
{
    for (const Option *option = table; option->key; option++) {
        char value[CONFIG_VALUE_BYTES];
        option_print(option, values, value, sizeof value);
        put(text, option == table ? first : indent);
        put(text, option->key);
        put(text, ": ");
        put_value(text, option, value);
        put(text, "\n");
    }
}

static void put_name(Text *text, const Config *config, const Section *section)
{
    put(text, section->name);
    put(text, ":\n");
    for (int k = 0; k < KIND_SECTIONS; k++) {
        if (strcmp(config_kind_sections[k].name, section->name) != 0) continue;
        put(text, "  kind: ");
        put(text, config_kind_sections[k].chosen(config));
        put(text, "\n");
    }
}

static void put_head(Text *text, const HeadConfig *head)
{
    put_table(text, "  - ", "    ", config_head_options, head);
    put(text, "    kind: ");
    put(text, config_head_kind(head));
    put(text, "\n");
    if (head->type) put_table(text, "    ", "    ", head->type->options, head->options);
}

char *config_print(const Config *config, Arena *run)
{
    Text text = {0};
    Section sections[SECTIONS];
    config_sections(config, sections);
    for (int s = 0; s < SECTIONS; s++) {
        const char *indent = *sections[s].name ? "  " : "";
        if (*indent && config_begins(sections, s)) put_name(&text, config, &sections[s]);
        put_table(&text, indent, indent, sections[s].table, sections[s].values);
    }
    put(&text, config->head_count ? "heads:\n" : "heads: []\n");
    for (int h = 0; h < config->head_count; h++) put_head(&text, &config->heads[h]);
    char *copy = arena_strdup(run, text.data);
    free(text.data);
    return copy;
}

/* --- digest --- */

static void digest_key(void *context, const char *key, const char *value, OptionScope scope,
                       bool implied)
{
    if (scope == SCOPE_RUN || implied) return;
    hasher_add_text(context, key);
    hasher_add_text(context, value);
}

void config_digest(const Config *config, Hasher *hasher)
{
    config_visit(config, digest_key, hasher);
}

/* --- comparison --- */

enum { KEYS_MAX = 8192 }; /* 256 heads with all their keys, and more */

typedef struct KeyValue {
    const char *key, *value;
    OptionScope scope;
} KeyValue;

typedef struct KeyList {
    Arena *arena;
    KeyValue list[KEYS_MAX];
    int count;
} KeyList;

static void collect_key(void *context, const char *key, const char *value, OptionScope scope,
                        bool implied)
{
    KeyList *keys = context;
    (void)implied;
    if (keys->count == KEYS_MAX) die("configuration: more than %d keys", KEYS_MAX);
    keys->list[keys->count++] =
        (KeyValue){arena_strdup(keys->arena, key), arena_strdup(keys->arena, value), scope};
}

static KeyList *collect_keys(const Config *config, Arena *arena)
{
    KeyList *keys = arena_new(arena, KeyList, 1);
    keys->arena = arena;
    config_visit(config, collect_key, keys);
    return keys;
}

static const KeyValue *find_key(const KeyList *keys, const char *key)
{
    for (int i = 0; i < keys->count; i++)
        if (strcmp(keys->list[i].key, key) == 0) return &keys->list[i];
    return NULL;
}

static void compare_key(const KeyValue *now, const KeyValue *saved, Error *err)
{
    const KeyValue *either = now ? now : saved;
    if (now && saved && strcmp(now->value, saved->value) == 0) return;
    if (either->scope == SCOPE_RUN) return;
    const char *was = saved ? saved->value : "absent", *is = now ? now->value : "absent";
    if (either->scope == SCOPE_SCHEDULE)
        log_warning("%s was %s and is %s from here on", either->key, was, is);
    else
        error_set(err, ERROR_USAGE,
                  "%s: the run began with %s and cannot go on with %s; change it back, or begin a "
                  "new run",
                  either->key, was, is);
}

bool config_compatible(const Config *now, const Config *saved, Error *err)
{
    Arena *arena = arena_create("comparison");
    KeyList *now_keys = collect_keys(now, arena), *saved_keys = collect_keys(saved, arena);
    for (int i = 0; i < now_keys->count; i++)
        compare_key(&now_keys->list[i], find_key(saved_keys, now_keys->list[i].key), err);
    for (int i = 0; i < saved_keys->count; i++)
        if (!find_key(now_keys, saved_keys->list[i].key))
            compare_key(NULL, &saved_keys->list[i], err);
    arena_destroy(arena);
    return err->kind == ERROR_NONE;
}
