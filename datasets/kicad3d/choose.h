/* Which models of KiCad's library are rendered: FOLDER/FAMILY.3dshapes/PART.wrl. */
#pragma once

#include "base/arena.h"
#include "base/error.h"

typedef struct Choice {
    const char *folder;
    const char *families; /* "Package_DIP,Relay_THT", or NULL: all */
    int least, most;      /* models of a family: with fewer it is left out; no more are taken */
} Choice;

typedef struct Part {
    char *family, *name;
} Part;

typedef struct Parts {
    Part *part; /* in the order of their names */
    int count, families;
} Parts;

/* At least one part. Of a family with more than `most`, those spread evenly over its names. Memory comes from
 * `arena`. */
bool parts_choose(const Choice *choice, Parts *parts, Arena *arena, Error *err);
