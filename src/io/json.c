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
