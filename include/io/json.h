/*
 * JSON: texts of records and reports, and reading those of others. json.c is the only file that
 * includes jansson.h. Members keep the order in which they are added.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct Json Json; /* an object under construction, with a current level */

Json *json_create(void); /* an empty object */
void json_destroy(Json *json);

void json_begin(Json *json, const char *key);       /* an object member becomes the current level */
void json_begin_array(Json *json, const char *key); /* likewise an array; members get key NULL */
void json_end(Json *json);                          /* back to the level above */

void json_add_integer(Json *json, const char *key, int64_t value);
void json_add_real(Json *json, const char *key, double value); /* not finite: null */
void json_add_text(Json *json, const char *key, const char *value);
void json_add_bool(Json *json, const char *key, bool value);

/* The whole as text, on one line or indented; release with free(). */
char *json_print(const Json *json, bool indented);

/* Writes a text in quotes, escaped, to a file; null if it is not UTF-8. */
void json_write_text(FILE *file, const char *text);

/* --- reading --- */

typedef struct JsonValue
    JsonValue; /* part of a parsed text; all functions take any kind of value */

/* What is under construction: valid until it is added to; not to be freed. */
const JsonValue *json_whole(const Json *json);

/* At most so many levels, and so many values, which bounds the memory that a hostile text can take. */
enum { JSON_DEPTH_MAX = 16, JSON_VALUES_MAX = 1 << 20 };

/* Parses one object in UTF-8. Errors (ERROR_DATA, without the file's name): bad syntax, a key that is
 * given twice, too deep, too many values. Release the root with json_free. */
JsonValue *json_parse(const char *text, size_t bytes, Error *err);
void json_free(JsonValue *root); /* NULL is allowed */

/* Calls visit for each member of an object until it returns false; true if it never did. */
typedef bool JsonVisitor(void *context, const char *key, const JsonValue *value);
bool json_visit(const JsonValue *object, JsonVisitor *visit, void *context);

size_t json_members(const JsonValue *object); /* 0: none, or no object */
const JsonValue *json_member(const JsonValue *object,
                             const char *key);             /* NULL: none, or no object */
bool json_elements(const JsonValue *array, size_t *count); /* false: no array */
const JsonValue *json_element(const JsonValue *array, size_t index);
const char *json_get_text(const JsonValue *value);               /* NULL: no text */
bool json_get_integer(const JsonValue *value, int64_t *integer); /* false: no integer */
bool json_get_real(const JsonValue *value, double *real); /* of integers, too; false: no number */
bool json_is_nothing(const JsonValue *value);             /* null */
