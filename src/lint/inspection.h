/* What was seen of a pack; private to lint. */
#pragma once

#include "data/look.h"
#include "lint/lint.h"

typedef struct Picture {
    bool damaged; /* nothing else is known then */
    bool has_exif;
    int orientation; /* that EXIF states, 1 … 8 */
    Look look;
} Picture;

typedef struct Inspection {
    const Pack *pack;
    const LintOptions *options;
    const Picture *picture; /* (records) */
    size_t sound;           /* pictures that are not damaged */
    Arena *arena;           /* for the tables of checks */
} Inspection;

/* Decodes every picture of the pack. `inspection->pack`, options and arena are set. */
void inspection_make(Inspection *inspection);

/* Why a damaged picture is one: reads it again. */
void inspection_explain(const Inspection *inspection, size_t record, Error *err);

/* "type/0001.jpg (train)", in the arena. */
const char *inspection_name(const Inspection *inspection, size_t record);
