/*
 * What other programs call our parameters. A naming is a table of pattern rules for one scheme (timm,
 * torchvision, huggingface, akamaster, keras) and one family of trunks; it goes in one direction,
 * from our name to theirs. Import looks the foreign names up in a file, export writes them.
 */
#pragma once

#include "nn/tensor.h"

enum { NAMING_BYTES = 256, NAMING_PARTS = 3, NAMING_SCHEMES_MAX = 8 };

typedef struct Naming Naming;

/* One of our arrays as a foreign file holds it. */
typedef struct ForeignTensor {
    char name[NAMING_PARTS][NAMING_BYTES];
    int parts;           /* more than 1: our first axis is cut into so many equal parts, in order */
    Shape shape;         /* of each part, row-major */
    int axis[SHAPE_MAX]; /* axis i of a part is axis[i] of ours; -1: of size 1, which we lack */
    bool positions; /* learnt places of a class token and a square of patches (T,D): they may be
                            resampled to another T */
} ForeignTensor;

/* The naming of `family` (TrunkType.name) by its scheme; NULL: there is none. */
const Naming *naming_find(const char *scheme, const char *family);
/* All namings of a family, the usual one first. Returns their number. */
int naming_list(const char *family, const Naming *list[NAMING_SCHEMES_MAX]);
const char *naming_scheme(const Naming *naming); /* "timm" */

/* The foreign side of a parameter or statistic `name` ("trunk.…", "heads.NAME.linear.…") with our
 * `shape` in a trunk of `kind`. The head called `head` is the foreign classifier; NULL: none is.
 * False: the scheme has no name for it (another head, or a part that the foreign network lacks). */
bool naming_foreign(const Naming *naming, const char *kind, const char *head, const char *name,
                    Shape shape, ForeignTensor *foreign);
