/*
 * YAML files as a flat list of settings with their places. yaml.c is the only file that includes
 * yaml.h of libyaml.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"

/* One scalar of a document. A list of scalars is one setting "[a, b]"; an element of a list of maps
 * has the key "heads[0].name". */
typedef struct Setting {
    const char *key;   /* dotted path from the document's root */
    const char *value; /* the scalar's text */
    const char *where; /* "config.yaml:3:8", or "--set" */
} Setting;

typedef struct Settings {
    Arena *arena; /* owns list and texts */
    Setting *list;
    int count;
} Settings;

/* Appends the settings of the YAML text; `name` is the file's name in places and messages.
 * Duplicate keys, tabs, a document that is no map, a second document are errors (ERROR_USAGE). */
bool yaml_parse(Settings *settings, const char *text, size_t bytes, const char *name, Error *err);
/* Reads and parses the file. */
bool yaml_load(Settings *settings, const char *path, Error *err);
/* Appends or replaces by "key=value"; value is YAML, so that `heads=[{name: a}]` works: all
 * settings at or below `key` are removed first. */
bool yaml_set(Settings *settings, const char *assignment, Error *err);
