/* JSON through jansson; the only file that includes jansson.h. */
#include "io/json.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

enum { DEPTH_MAX = 16 };

struct Json {
    json_t *level[DEPTH_MAX]; /* [0] is the whole; deeper ones are owned by those above */
    int depth;                /* of the current level */
};

Json *json_create(void)
{
    Json *json = calloc(1, sizeof *json);
    if (!json || !(json->level[0] = json_object())) die("JSON: out of memory");
    return json;
}

void json_destroy(Json *json)
{
    json_decref(json->level[0]);
    free(json);
}

/* Hands `value` over to the current level. Text that is not UTF-8 becomes null. */
static void add(Json *json, const char *key, json_t *value)
{
    json_t *level = json->level[json->depth];
    if (!value) value = json_null();
    int failure = json_is_array(level) ? json_array_append_new(level, value)
                                       : json_object_set_new(level, key, value);
    if (failure) die("JSON: cannot add %s", key ? key : "an element");
}

static void begin(Json *json, const char *key, json_t *value)
{
    if (json->depth + 1 == DEPTH_MAX) die("JSON: nested deeper than %d", DEPTH_MAX);
    add(json, key, value);
    json->level[++json->depth] = value;
}

void json_begin(Json *json, const char *key)
{
    begin(json, key, json_object());
}
void json_begin_array(Json *json, const char *key)
{
    begin(json, key, json_array());
}
void json_end(Json *json)
{
    json->depth--;
}

void json_add_integer(Json *json, const char *key, int64_t value)
{
    add(json, key, json_integer(value));
}

void json_add_real(Json *json, const char *key, double value)
{
    add(json, key, isfinite(value) ? json_real(value) : NULL);
}

void json_add_text(Json *json, const char *key, const char *value)
{
    add(json, key, json_string(value));
}
void json_add_bool(Json *json, const char *key, bool value)
{
    add(json, key, json_boolean(value));
}

char *json_print(const Json *json, bool indented)
{
    size_t flags = JSON_REAL_PRECISION(17) | (indented ? JSON_INDENT(2) : JSON_COMPACT);
    char *text = json_dumps(json->level[0], flags);
    if (!text) die("JSON: out of memory");
    return text;
}

void json_write_text(FILE *file, const char *text)
{
    json_t *value = json_string(text);
    if (value)
        json_dumpf(value, file, JSON_ENCODE_ANY);
    else
        fputs("null", file);
    json_decref(value);
}

/* --- reading --- */

static JsonValue *as_value(json_t *part)
{
    return (JsonValue *)part;
}

static json_t *node(const JsonValue *value)
{
    return (json_t *)value; /* jansson's readers do not take const everywhere */
}

const JsonValue *json_whole(const Json *json)
{
    return as_value(json->level[0]);
}

/* Looks at depth and size before jansson builds a tree that is many times as large as the text. */
static bool check_limits(const char *text, size_t bytes, Error *err)
{
    int depth = 0;
    size_t values = 0;
    bool in_text = false;
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        if (in_text) {
            if (c == '\\') i++;
            in_text = c != '"';
            continue;
        }
        in_text = c == '"';
        values += c == ',' || c == '[' || c == '{' || c == ':';
        depth += (c == '[' || c == '{') - (c == ']' || c == '}');
        if (depth > JSON_DEPTH_MAX)
            return error_set(err, ERROR_DATA, "JSON nested deeper than %d levels", JSON_DEPTH_MAX);
        if (values > JSON_VALUES_MAX)
            return error_set(err, ERROR_DATA, "JSON of more than %d values", JSON_VALUES_MAX);
    }
    return true;
}

JsonValue *json_parse(const char *text, size_t bytes, Error *err)
{
    json_error_t why;
    if (!check_limits(text, bytes, err)) return NULL;
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &why);
    if (!root) {
        for (char *at = why.text; *at; at++)
            if ((unsigned char)*at < ' ') *at = '?'; /* it quotes the text, which may be anything */
        error_set(err, ERROR_DATA, "bad JSON at byte %d: %s", why.position, why.text);
        return NULL;
    }
    if (!json_is_object(root)) {
        error_set(err, ERROR_DATA, "JSON, but no object");
        json_decref(root);
        return NULL;
    }
    return as_value(root);
}

void json_free(JsonValue *root)
{
    json_decref(node(root));
}

bool json_visit(const JsonValue *object, JsonVisitor *visit, void *context)
{
    const char *key;
    json_t *value;
    json_object_foreach(node(object), key,
                        value) if (!visit(context, key, as_value(value))) return false;
    return true;
}

size_t json_members(const JsonValue *object)
{
    return json_object_size(node(object));
}

const JsonValue *json_member(const JsonValue *object, const char *key)
{
    return as_value(json_object_get(node(object), key));
}

bool json_elements(const JsonValue *array, size_t *count)
{
    *count = json_array_size(node(array));
    return json_is_array(node(array));
}

const JsonValue *json_element(const JsonValue *array, size_t index)
{
    return as_value(json_array_get(node(array), index));
}

const char *json_get_text(const JsonValue *value)
{
    return json_string_value(node(value));
}

bool json_get_integer(const JsonValue *value, int64_t *integer)
{
    *integer = json_integer_value(node(value));
    return json_is_integer(node(value));
}

bool json_get_real(const JsonValue *value, double *real)
{
    if (!json_is_number(node(value))) return false;
    *real = json_number_value(node(value));
    return true;
}

bool json_is_nothing(const JsonValue *value)
{
    return json_is_null(node(value));
}
