/*
 * YAML through libyaml's document API; the only file that includes yaml.h. A document becomes a
 * flat list of settings, so that files and --set go the same way afterwards.
 */
#include "io/yaml.h"

#include "io/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* VALUES_MAX is what 256 heads with all their keys need, and more; a few aliases of aliases would make
 * billions. */
enum {
    DEPTH_MAX = 8,
    KEY_BYTES = 256,
    TEXT_BYTES = 4096,
    FILE_BYTES_MAX = 1 << 18,
    VALUES_MAX = 8192
};

/* A document being flattened. */
typedef struct Source {
    Settings *settings;
    yaml_document_t *document;
    const char *name;
    bool has_lines; /* places are "name:line:column", else the name alone */
    int values;     /* nodes seen, each as often as it is referred to */
    Error *err;
} Source;

static const char *place(const Source *source, const yaml_node_t *node)
{
    if (!source->has_lines) return source->name;
    return arena_printf(source->settings->arena, "%s:%zu:%zu", source->name,
                        node->start_mark.line + 1, node->start_mark.column + 1);
}

static void append(Settings *settings, const char *key, const char *value, const char *where)
{
    settings->list = arena_extend(settings->arena, settings->list, settings->count);
    settings->list[settings->count++] = (Setting){key, value, where};
}

static const char *scalar_text(const yaml_node_t *node)
{
    return (const char *)node->data.scalar.value;
}

static bool check_scalar(const Source *source, const yaml_node_t *node)
{
    size_t length = node->data.scalar.length;
    if (length >= TEXT_BYTES)
        return error_set(source->err, ERROR_USAGE, "%s: a text longer than %d bytes",
                         place(source, node), TEXT_BYTES - 1);
    return strlen(scalar_text(node)) == length ||
           error_set(source->err, ERROR_USAGE, "%s: a zero byte in a text", place(source, node));
}

static bool is_full(const Source *source)
{
    return source->values > VALUES_MAX;
}

static bool flatten(Source *source, const yaml_node_t *node, const char *key, int depth);

static yaml_node_t *node_at(const Source *source, int index)
{
    return yaml_document_get_node(source->document, index);
}

static bool flatten_map(Source *source, const yaml_node_t *node, const char *key, int depth)
{
    bool ok = true;
    const yaml_node_pair_t *begin = node->data.mapping.pairs.start,
                           *end = node->data.mapping.pairs.top;
    if (begin == end && *key) append(source->settings, key, "{}", place(source, node));
    if (end - begin > VALUES_MAX) source->values += VALUES_MAX;
    for (const yaml_node_pair_t *pair = begin; pair < end && !is_full(source); pair++) {
        const yaml_node_t *name = node_at(source, pair->key);
        if (name->type != YAML_SCALAR_NODE) {
            ok = error_set(source->err, ERROR_USAGE, "%s: a key must be a plain word",
                           place(source, name));
            continue;
        }
        if (!check_scalar(source, name)) return false;
        for (const yaml_node_pair_t *earlier = begin; earlier < pair; earlier++) {
            const yaml_node_t *other = node_at(source, earlier->key);
            if (other->type == YAML_SCALAR_NODE &&
                strcmp(scalar_text(other), scalar_text(name)) == 0)
                ok = error_set(source->err, ERROR_USAGE,
                               "%s: %s%s%s: is given twice, first at line %zu", place(source, name),
                               key, *key ? "." : "", scalar_text(name), other->start_mark.line + 1);
        }
        char full[KEY_BYTES];
        snprintf(full, sizeof full, "%s%s%s", key, *key ? "." : "", scalar_text(name));
        ok &= flatten(source, node_at(source, pair->value), full, depth + 1);
    }
    return ok;
}

/* A list of scalars is one value "[a, b]"; a list of maps has keys with an index. */
static bool flatten_list(Source *source, const yaml_node_t *node, const char *key, int depth)
{
    char text[TEXT_BYTES] = "[", full[KEY_BYTES];
    size_t used = 1;
    bool ok = true, has_maps = false;
    int index = 0;
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top && !is_full(source); item++, index++) {
        const yaml_node_t *element = node_at(source, *item);
        if (element->type == YAML_SCALAR_NODE) {
            if (!check_scalar(source, element)) return false;
            used += (size_t)snprintf(text + used, sizeof text - used, index ? ", %s" : "%s",
                                     scalar_text(element));
            if (used + 1 >= sizeof text)
                return error_set(source->err, ERROR_USAGE, "%s: %s: the list is too long",
                                 place(source, node), key);
            continue;
        }
        has_maps = true;
        snprintf(full, sizeof full, "%s[%d]", key, index);
        ok &= flatten(source, element, full, depth + 1);
    }
    if (has_maps && used > 1)
        return error_set(source->err, ERROR_USAGE, "%s: %s: mixes words and maps in one list",
                         place(source, node), key);
    if (has_maps) return ok;
    memcpy(text + used, "]", 2);
    append(source->settings, key, arena_strdup(source->settings->arena, text), place(source, node));
    return ok;
}

static bool flatten(Source *source, const yaml_node_t *node, const char *key, int depth)
{
    source->values++;
    if (depth > DEPTH_MAX)
        return error_set(source->err, ERROR_USAGE, "%s: %s: is nested too deep",
                         place(source, node), key);
    Arena *arena = source->settings->arena;
    const char *kept = arena_strdup(arena, key);
    switch (node->type) {
    case YAML_SCALAR_NODE:
        if (!check_scalar(source, node)) return false;
        append(source->settings, kept, arena_strdup(arena, scalar_text(node)), place(source, node));
        return true;
    case YAML_MAPPING_NODE:
        return flatten_map(source, node, kept, depth);
    case YAML_SEQUENCE_NODE:
        return flatten_list(source, node, kept, depth);
    default:
        return error_set(source->err, ERROR_USAGE, "%s: %s: has no value", place(source, node),
                         key);
    }
}

/* --- parsing --- */

static bool parser_error(const Source *source, const yaml_parser_t *parser)
{
    const yaml_mark_t *mark = parser->problem_mark.line || parser->problem_mark.column
                                  ? &parser->problem_mark
                                  : &parser->context_mark;
    if (parser->error == YAML_READER_ERROR)
        return error_set(source->err, ERROR_USAGE, "%s: is no text in UTF-8 (byte %zu)",
                         source->name, parser->problem_offset);
    const char *problem = parser->problem ? parser->problem : "cannot be parsed";
    if (strstr(problem, "cannot start any token") || strstr(problem, "tab character"))
        problem = "a tab or a special character where YAML allows none; indent with spaces";
    if (!source->has_lines)
        return error_set(source->err, ERROR_USAGE, "%s: %s", source->name, problem);
    return error_set(source->err, ERROR_USAGE, "%s:%zu:%zu: %s", source->name, mark->line + 1,
                     mark->column + 1, problem);
}

/* Loads the next document and hands it to `flatten` under `key`; false at an error. */
static bool load_document(const Source *source, yaml_parser_t *parser, const char *key)
{
    yaml_document_t document;
    if (!yaml_parser_load(parser, &document)) return parser_error(source, parser);
    Source open = *source;
    open.document = &document;
    const yaml_node_t *root = yaml_document_get_root_node(&document);
    bool ok;
    if (!root)
        ok = error_set(source->err, ERROR_USAGE, "%s: is empty", source->name);
    else if (!*key && root->type != YAML_MAPPING_NODE)
        ok = error_set(source->err, ERROR_USAGE, "%s: must be `key: value` lines",
                       place(&open, root));
    else
        ok = flatten(&open, root, key, 0);
    if (is_full(&open))
        ok = error_set(source->err, ERROR_USAGE,
                       "%s: has more than %d values; what an alias refers to counts each time",
                       source->name, VALUES_MAX);
    yaml_document_delete(&document);
    return ok;
}

static bool only_one_document(const Source *source, yaml_parser_t *parser)
{
    yaml_document_t document;
    if (!yaml_parser_load(parser, &document)) return parser_error(source, parser);
    const yaml_node_t *root = yaml_document_get_root_node(&document);
    bool ok = root == NULL;
    if (!ok)
        error_set(source->err, ERROR_USAGE,
                  "%s:%zu:1: a second document; one file is one configuration", source->name,
                  root->start_mark.line + 1);
    yaml_document_delete(&document);
    return ok;
}

static bool parse(const Source *source, const char *text, size_t bytes, const char *key)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) die("YAML: out of memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, bytes);
    bool ok = load_document(source, &parser, key) && only_one_document(source, &parser);
    yaml_parser_delete(&parser);
    return ok;
}

bool yaml_parse(Settings *settings, const char *text, size_t bytes, const char *name, Error *err)
{
    Source source = {.settings = settings,
                     .name = arena_strdup(settings->arena, name),
                     .has_lines = true,
                     .err = err};
    if (bytes > FILE_BYTES_MAX)
        return error_set(err, ERROR_USAGE, "%s: is larger than a configuration can be", name);
    if (memchr(text, 0, bytes))
        return error_set(err, ERROR_USAGE, "%s: is a binary file, not YAML", name);
    return parse(&source, text, bytes, "");
}

bool yaml_load(Settings *settings, const char *path, Error *err)
{
    uint8_t *data;
    size_t bytes;
    if (!file_read(path, &data, &bytes, err)) {
        err->kind = ERROR_USAGE;
        return false;
    }
    bool ok = yaml_parse(settings, (const char *)data, bytes, path, err);
    free(data);
    return ok;
}

/* Whether `key` is `top` or lies below it. */
static bool is_below(const char *key, const char *top)
{
    size_t length = strlen(top);
    return strncmp(key, top, length) == 0 &&
           (key[length] == 0 || key[length] == '.' || key[length] == '[');
}

bool yaml_set(Settings *settings, const char *assignment, Error *err)
{
    const char *equals = strchr(assignment, '=');
    if (!equals || equals == assignment)
        return error_set(err, ERROR_USAGE, "--set %s: must be KEY=VALUE", assignment);
    char key[KEY_BYTES];
    snprintf(key, sizeof key, "%.*s", (int)(equals - assignment), assignment);
    int kept = 0;
    for (int i = 0; i < settings->count; i++)
        if (!is_below(settings->list[i].key, key)) settings->list[kept++] = settings->list[i];
    settings->count = kept;
    const char *name = arena_printf(settings->arena, "--set %s", assignment);
    Source source = {.settings = settings, .name = name, .err = err};
    if (equals[1] == 0) {
        append(settings, arena_strdup(settings->arena, key), "", name);
        return true;
    }
    return parse(&source, equals + 1, strlen(equals + 1), key);
}
