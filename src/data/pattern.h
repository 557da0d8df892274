/* Patterns such as "{type}/{part}_{angle}.jpg": which parts of a path are labels. Private to data. */
#pragma once

#include "data/pack_write.h"

#include <stddef.h>

typedef enum PieceKind {
    PIECE_TEXT,  /* these characters */
    PIECE_LABEL, /* one or more characters, but no slash: a label */
    PIECE_SPLIT, /* likewise: train, val or test */
    PIECE_NAME,  /* `*`: any characters but a slash */
    PIECE_REST,  /* `**`: any characters */
} PieceKind;

typedef struct Piece {
    PieceKind kind;
    const char *text; /* PIECE_TEXT: in the pattern's text */
    size_t length;
    int group; /* PIECE_LABEL: of the listing */
} Piece;

typedef struct Pattern {
    const char *text;
    Piece *piece; /* (pieces) */
    int pieces;
    bool has_split;
} Pattern;

/* What a piece has taken from a path. */
typedef struct Taken {
    const char *begin;
    size_t length;
} Taken;

/* Cuts `text`, which is kept, into pieces and adds its label groups to the listing, whose memory the
 * pieces use. Errors are ERROR_USAGE. */
bool pattern_parse(Pattern *pattern, const char *text, Listing *listing, Error *err);

/* Whether the pattern covers the whole path; each piece then takes as much as leaves a match for those
 * behind it: taken (pieces). Time is bounded by pieces * length of the path squared. */
bool pattern_match(const Pattern *pattern, const char *path, Taken *taken);
