/*
 * Option tables: one row per option (key, type, default, range, choices, help), from which come
 * parsing, range checks, --help, the nearest known key, and the canonical text in config.yaml and
 * in checkpoints. A row places a value in a plain struct of its owner by offset.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum OptionType {
    OPTION_INT,    /* int */
    OPTION_LONG,   /* long */
    OPTION_FLOAT,  /* double */
    OPTION_BOOL,   /* bool */
    OPTION_TEXT,   /* char[OPTION_TEXT_BYTES] */
    OPTION_NAMES,  /* char[OPTION_NAMES_BYTES]: a text that may be a list, "[a, b]" */
    OPTION_CHOICE, /* int: index into `choices` */
    OPTION_INTS,   /* OptionInts: list of up to OPTION_LIST_MAX ints */
    OPTION_FLOATS, /* OptionFloats */
} OptionType;

enum { OPTION_TEXT_BYTES = 512, OPTION_NAMES_BYTES = 4096, OPTION_LIST_MAX = 16 };

typedef struct OptionInts {
    int count;
    int value[OPTION_LIST_MAX];
} OptionInts;

typedef struct OptionFloats {
    int count;
    double value[OPTION_LIST_MAX];
} OptionFloats;

/* What a change of the option means for a run that is resumed, and whether the digest covers it. */
typedef enum OptionScope {
    SCOPE_MODEL,    /* shapes the numbers: in the digest, fixed for a run */
    SCOPE_SCHEDULE, /* shapes the numbers: in the digest, may change on resume, with a warning */
    SCOPE_RUN,      /* how and where it runs: not in the digest, may change */
} OptionScope;

typedef struct Option {
    const char *key; /* without its section: "lr" */
    OptionType type;
    OptionScope scope;
    bool
        added; /* came later: in the digest only where it differs from its default, so that the digests
                   of runs from before it stand */
    size_t offset;        /* of the value in the owner's struct */
    const char *fallback; /* default, as text; NULL: must be given */
    double low, high;     /* closed range of numbers and of list elements */
    int elements;         /* of a list: exactly so many; 0: any number up to OPTION_LIST_MAX */
    const char *const *choices; /* NULL-terminated; OPTION_CHOICE only */
    const char *help;           /* one sentence, with unit */
} Option;

/* A table of options ends with a row whose key is NULL. */

/* Sets every value that has a default. `values` is the owner's struct. */
void option_defaults(const Option *table, void *values);

const Option *option_find(const Option *table, const char *key); /* NULL: no such key */

/* Parses `text` strictly (no trailing characters, in range) into `values`. The error says what is
 * allowed, without naming file or key: the caller adds that by error_context. */
bool option_parse(const Option *option, const char *text, void *values, Error *err);

/* The value as canonical text: parses back to the same bits. Lists as "[1, 2]". */
void option_print(const Option *option, const void *values, char *text, size_t bytes);

/* The entry of `names` (count) nearest to `word` by edit distance, or NULL if none is near. */
const char *option_nearest(const char *word, const char *const *names, int count);
