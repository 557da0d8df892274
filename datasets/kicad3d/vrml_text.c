/* Words, and nodes made of them. */
#include "vrml_text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 64, DEFINITIONS_MAX = 512, READ_AGAIN = 64 };

bool text_error(Text *text, const char *format, ...)
{
    char why[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    int line = 1;
    for (const char *c = text->begin; c < text->at; c++) line += *c == '\n';
    return error_set(text->err, ERROR_DATA, "line %d: %s", line, why);
}

bool word_is(Word word, const char *text)
{
    return word.text && strlen(text) == word.length && memcmp(word.text, text, word.length) == 0;
}

static bool same(Word a, Word b)
{
    return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

/* For messages, which are one line: how much of a word can be shown. */
static int shown(Word word)
{
    int length = 0;
    while (length < 40 && (size_t)length < word.length && (unsigned char)word.text[length] >= ' ')
        length++;
    return length;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',';
}

static bool ends_word(char c)
{
    return is_space(c) || c == '{' || c == '}' || c == '[' || c == ']' || c == '"' || c == '#';
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (is_space(*at) || *at == '#')) {
        if (*at == '#')
            while (at < end && *at != '\n') at++;
        else
            at++;
    }
    return at;
}

static const char *string_end(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\') at++;
    return at < end ? at + 1 : end;
}

bool text_next(Text *text, Word *word)
{
    const char *from = text->at, *begin = skip_space(from, text->end), *at = begin;
    if (at < text->end && *at == '"')
        at = string_end(at, text->end);
    else if (at < text->end && ends_word(*at))
        at++;
    else
        while (at < text->end && !ends_word(*at)) at++;
    text->at = at;
    *word = begin < at ? (Word){begin, (size_t)(at - begin)} : (Word){0};
    if ((size_t)(at - from) > text->budget)
        return text_error(text, "its nodes are used in each other too often");
    text->budget -= (size_t)(at - from);
    return true;
}

/* --- DEF and USE --- */

static bool define(Text *text)
{
    Word name;
    if (!text_next(text, &name)) return false;
    if (!name.text) return text_error(text, "ends after DEF");
    if (text->definitions == DEFINITIONS_MAX)
        return text_error(text, "has more than %d definitions", DEFINITIONS_MAX);
    text->definition[text->definitions++] = (Definition){name, text->at};
    return true;
}

static bool find_definitions(Text *text)
{
    Word word = {0};
    text->definition = malloc(DEFINITIONS_MAX * sizeof *text->definition);
    if (!text->definition) die("out of memory for a model's definitions");
    do {
        if (!text_next(text, &word)) return false;
        if (word_is(word, "DEF") && !define(text)) return false;
    } while (word.text);
    return true;
}

/* The last one before the place where it is used. */
static const Definition *definition_of(const Text *text, Word name)
{
    for (size_t i = text->definitions; i-- > 0;) {
        const Definition *d = &text->definition[i];
        if (d->node <= name.text && same(d->name, name)) return d;
    }
    return NULL;
}

bool text_open(Text *text, const char *data, size_t bytes, Error *err)
{
    static const char magic[] = "#VRML V2.0";
    *text = (Text){.begin = data, .at = data, .end = data + bytes, .err = err};
    text->budget = READ_AGAIN * bytes;
    if (bytes < sizeof magic - 1 || memcmp(data, magic, sizeof magic - 1) != 0)
        return error_set(err, ERROR_DATA, "is no VRML 2.0: its first line is not \"%s\"", magic);
    if (!find_definitions(text)) return false;
    text->at = data;
    return true;
}

void text_close(Text *text)
{
    free(text->definition);
    *text = (Text){0};
}

/* --- nodes --- */

/* To the bracket that closes the one that was read. Brackets of other kinds are not matched here: whoever
 * reads them does. */
static bool skip_brackets(Text *text)
{
    Word word;
    for (long depth = 1; depth > 0;) {
        if (!text_next(text, &word)) return false;
        if (!word.text) return text_error(text, "ends within brackets");
        depth += *word.text == '{' || *word.text == '[';
        depth -= *word.text == '}' || *word.text == ']';
    }
    return true;
}

static bool is_literal(Word word)
{
    return strchr("+-.0123456789\"", *word.text) || word_is(word, "TRUE") || word_is(word, "FALSE");
}

/* Passes over what follows a field's name: literals, a list or a node. */
static bool skip_value(Text *text)
{
    Word word;
    if (!text_next(text, &word)) return false;
    if (!word.text) return text_error(text, "ends within a node");
    if (word_is(word, "NULL")) return true;
    if (*word.text == '[') return skip_brackets(text);
    if (word_is(word, "USE")) return text_next(text, &word);
    if (is_literal(word)) {
        const char *before = text->at;
        do {
            before = text->at;
            if (!text_next(text, &word)) return false;
        } while (word.text && is_literal(word));
        text->at = before;
        return true;
    }
    if (word_is(word, "DEF") && (!text_next(text, &word) || !text_next(text, &word))) return false;
    Word brace;
    if (!text_next(text, &brace)) return false;
    if (!word_is(brace, "{"))
        return text_error(text, "\"%.*s\" is no value of a field", shown(word), word.text);
    return skip_brackets(text);
}

static bool read_fields(Text *text, Node *node)
{
    Word word;
    for (;;) {
        if (!text_next(text, &word)) return false;
        if (!word.text)
            return text_error(text, "ends within %.*s", shown(node->type), node->type.text);
        if (word_is(word, "}")) return true;
        if (ends_word(*word.text) || is_literal(word))
            return text_error(text, "\"%.*s\" stands in %.*s in place of a field", shown(word),
                              word.text, shown(node->type), node->type.text);
        if (node->fields == FIELDS_MAX)
            return text_error(text, "%.*s has more than %d fields", shown(node->type),
                              node->type.text, FIELDS_MAX);
        node->field[node->fields++] = (Field){word, text->at};
        if (!skip_value(text)) return false;
    }
}

static bool read_defined(Text *text, Word name, Node *node)
{
    const Definition *d = definition_of(text, name);
    if (!d)
        return text_error(text, "%.*s is used, but not defined", shown(name),
                          name.text ? name.text : "");
    const char *after = text->at;
    text->at = d->node;
    if (!text_node(text, node)) return false;
    if (!node->name.text) node->name = name;
    text->at = after;
    return true;
}

bool text_node(Text *text, Node *node)
{
    Word word, brace;
    *node = (Node){0};
    if (!text_next(text, &word)) return false;
    if (word_is(word, "USE")) {
        if (!text_next(text, &word)) return false;
        if (++text->depth > DEPTH_MAX) return text_error(text, "a node is used within itself");
        bool done = read_defined(text, word, node);
        text->depth--;
        return done;
    }
    if (word_is(word, "DEF")) {
        if (!text_next(text, &node->name) || !text_next(text, &word)) return false;
    }
    node->type = word;
    if (word_is(word, "NULL")) return true;
    if (!word.text) return text_error(text, "ends where a node should be");
    if (!text_next(text, &brace)) return false;
    if (!word_is(brace, "{"))
        return text_error(text, "\"%.*s\" is not followed by {, so it is no node", shown(word),
                          word.text);
    return read_fields(text, node);
}

bool text_field(Text *text, const Node *node, const char *name)
{
    for (int i = 0; i < node->fields; i++)
        if (word_is(node->field[i].name, name)) {
            text->at = node->field[i].value;
            return true;
        }
    return false;
}

bool text_each_node(Text *text, TakeNode *take, void *context, int first, int count)
{
    const char *before = text->at;
    Word word;
    if (!text_next(text, &word)) return false;
    bool list = word_is(word, "[");
    if (!list) text->at = before;
    for (int i = 0;; i++) {
        before = text->at;
        if (list) {
            if (!text_next(text, &word)) return false;
            if (word_is(word, "]")) return true;
            text->at = before;
        }
        Node node;
        if (i < first || (count >= 0 && i >= first + count)) {
            if (!text_node(text, &node)) return false;
        } else {
            if (++text->depth > DEPTH_MAX)
                return text_error(text, "nodes stand in nodes more than %d deep", DEPTH_MAX);
            if (!take(context, text)) return false;
            text->depth--;
        }
        if (!list) return true;
    }
}

/* --- numbers --- */

static bool number_of(Text *text, Word word, float *value)
{
    char *end = NULL;
    if (word.text && strchr("+-.0123456789", *word.text)) *value = strtof(word.text, &end);
    if (!end || end != word.text + word.length || !isfinite(*value))
        return text_error(text, "\"%.*s\" is no number", shown(word), word.text ? word.text : "");
    return true;
}

bool text_numbers(Text *text, float *value, int count)
{
    Word word;
    for (int i = 0; i < count; i++)
        if (!text_next(text, &word) || !number_of(text, word, &value[i])) return false;
    return true;
}

bool text_number_or_end(Text *text, float *value, bool *end)
{
    Word word;
    if (!text_next(text, &word)) return false;
    *end = word_is(word, "]");
    return *end || number_of(text, word, value);
}
