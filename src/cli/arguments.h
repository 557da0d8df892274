/* Arguments that a command only keeps: a row each of a table in place of a case of its parser. Private to cli. */
#pragma once

#include "data/pack_names.h"

#include <argp.h>
#include <stddef.h>

typedef enum ArgumentKind {
    ARGUMENT_END,   /* of the table */
    ARGUMENT_TEXT,  /* const char * */
    ARGUMENT_FLAG,  /* bool */
    ARGUMENT_INT,   /* int from `low` to `high` */
    ARGUMENT_SPLIT, /* Split */
    ARGUMENT_ONLY,  /* const char *: the argument without an option, which may stand once */
    ARGUMENT_PACKS, /* PackArgument: may stand several times; of arguments without an option the key is ARGP_KEY_ARG */
    ARGUMENT_CONFIG, /* ConfigArguments: the input of config_arguments_child, the first child of the command's argp */
} ArgumentKind;

typedef struct Argument {
    ArgumentKind kind;
    int key;          /* of its argp_option; none of ARGUMENT_ONLY */
    size_t offset;    /* in what argp has as its input */
    int low, high;    /* of ARGUMENT_INT */
    const char *what; /* ARGUMENT_ONLY: the noun of "one checkpoint at a time" */
    const char
        *missing; /* of a text, or a configuration, that must be given: the mistake if it is not */
} Argument;

/* Packs that are read as one, under one name (data/pack_names.h). */
typedef struct PackArgument {
    const char *name; /* NULL: none was given */
    char list[PACK_NAME_BYTES];
} PackArgument;

/* Rows; the command's struct is called Arguments. */
#define KEEP(as, at, member) .kind = (as), .key = (at), .offset = offsetof(Arguments, member)
#define KEEP_CONFIG(member, mistake)                                                               \
    {                                                                                              \
        KEEP(ARGUMENT_CONFIG, ARGP_KEY_INIT, member), .missing = (mistake)                         \
    }
#define KEEP_TEXT(at, member)                                                                      \
    {                                                                                              \
        KEEP(ARGUMENT_TEXT, at, member)                                                            \
    }
#define KEEP_FLAG(at, member)                                                                      \
    {                                                                                              \
        KEEP(ARGUMENT_FLAG, at, member)                                                            \
    }
#define KEEP_SPLIT(at, member)                                                                     \
    {                                                                                              \
        KEEP(ARGUMENT_SPLIT, at, member)                                                           \
    }
#define KEEP_INT(at, member, from, to)                                                             \
    {                                                                                              \
        KEEP(ARGUMENT_INT, at, member), .low = (from), .high = (to)                                \
    }
/* What must be given: `mistake` is told if it is not. NULL: it need not be. */
#define KEEP_NEEDED(at, member, mistake)                                                           \
    {                                                                                              \
        KEEP(ARGUMENT_TEXT, at, member), .missing = (mistake)                                      \
    }
#define KEEP_ONLY(member, noun, mistake)                                                           \
    {                                                                                              \
        KEEP(ARGUMENT_ONLY, 0, member), .what = (noun), .missing = (mistake)                       \
    }

#define KEEP_PACKS(at, member, mistake)                                                            \
    {                                                                                              \
        KEEP(ARGUMENT_PACKS, at, member), .missing = (mistake)                                     \
    }

/* Keeps the argument if the table has a row for it; at the end (ARGP_KEY_END) also tells what is missing, in
 * the order of the rows. ARGP_ERR_UNKNOWN: the command must see to it itself, as always at the end. */
error_t arguments_keep(const Argument *table, const struct argp_option *options, int key,
                       char *text, struct argp_state *state);
