/* Settings on their way into a configuration; private to config*.c. */
#pragma once

#include "config_tables.h"

/* A pack has at most 256 label groups. */
enum { KNOWN_MAX = 512, HEADS_MAX = 256 };

/* A configuration being filled in. */
typedef struct Binding {
    Config *config;
    Settings *settings;
    Arena *arena;
    const char *name;          /* of the file */
    const HeadType *head_type; /* of heads whose kind is not given; NULL: the labels decide */
    Error *err;
} Binding;

/* The first setting with the key; NULL: there is none. */
const Setting *binding_find(const Binding *binding, const char *key);

void binding_parse(const Binding *binding, const Option *option, const Setting *setting,
                   void *values);
/* There is no kind of that name among `kinds`, NULL-terminated. */
void binding_no_kind(const Binding *binding, const Setting *setting, const char *const *kinds);
/* The setting's key is `key` of `section`, which nothing has. */
void binding_unknown_key(const Binding *binding, const Setting *setting, const char *section,
                         const char *key);

/* --- config_heads.c --- */

/* Before other keys of heads, which are those of their kinds. */
void binding_choose_heads(Binding *binding);
/* Takes a setting of heads; false: it is none. */
bool binding_bind_head(Binding *binding, const Setting *setting);
void binding_check_heads(const Binding *binding);

/* --- config_check.c --- */

/* Only worth telling when the keys themselves are right: with mistakes so far, it does nothing. */
void binding_check_together(const Binding *binding);
