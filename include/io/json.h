/*
 * JSON text of records and reports. json.c is the only file that includes jansson.h.
 * Members keep the order in which they are added.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

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
