/*
 * The text of a VRML 2.0 file (ISO/IEC 14772-1, annex A): words, and nodes as lists of fields. A node's
 * fields are found first and read by whoever wants them, in any order; DEF and USE mean that a node
 * is read where it was defined. Time is bounded by a multiple of the file's size, whatever it says.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct Word {
    const char *text; /* NULL at the end of the file */
    size_t length;
} Word;

enum { FIELDS_MAX = 64 };

typedef struct Field {
    Word name;
    const char *value;
} Field;

typedef struct Node {
    Word type, name; /* name: NULL if the node has none */
    Field field[FIELDS_MAX];
    int fields;
} Node;

typedef struct Definition {
    Word name;
    const char *node; /* after the name */
} Definition;

typedef struct Text {
    const char *begin, *end, *at;
    Definition *definition; /* in the order of the file */
    size_t definitions;
    size_t budget; /* characters that may still be read */
    int depth;     /* of nodes in nodes */
    Error *err;
} Text;

/* `data` is followed by a zero byte, and is read until text_close. False if it is no VRML 2.0. */
bool text_open(Text *text, const char *data, size_t bytes, Error *err);
void text_close(Text *text);

/* Adds an error that names the line of the text. Always returns false. */
bool text_error(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The next word: a bracket, a string or what stands between spaces and commas. */
bool text_next(Text *text, Word *word);
bool word_is(Word word, const char *text);

/* Reads the names of a node's fields and passes over their values. A node that is NULL has that type. */
bool text_node(Text *text, Node *node);
/* Moves to the value of a field; false: the node does not have it. */
bool text_field(Text *text, const Node *node, const char *name);

/* Numbers of the value that comes next: exactly `count`. */
bool text_numbers(Text *text, float *value, int count);
/* One number, or the bracket that ends a list (then *end). */
bool text_number_or_end(Text *text, float *value, bool *end);

/* Calls `take`, which reads one node, for those of the value that comes next, a node or a list of them:
 * for `count` (-1: all) from number `first` on. */
typedef bool TakeNode(void *context, Text *text);
bool text_each_node(Text *text, TakeNode *take, void *context, int first, int count);
