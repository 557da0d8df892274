/* What turning a picture over means for its label: nothing, another class, or that it must not be done. */
#pragma once

#include "data/pack.h"

enum { FLIP_FORBIDDEN = -2 };

/*
 * Reads the rules of one label group: "" (labels stay as they are), "never" (no picture with a label of this
 * group is turned over), or a list, in brackets or not, of "A<->B" (the two classes change places) and "!A"
 * (pictures of the class are not turned over). becomes (classes) is the class of a picture that has been
 * turned over, or FLIP_FORBIDDEN. The error names the rule, not the key.
 */
bool flips_parse(const char *rules, const LabelGroup *group, int32_t *becomes, Error *err);
