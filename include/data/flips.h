/* What turning a picture over means for its label: nothing, another class or number, or that it must not be done. */
#pragma once

#include "data/pack.h"

enum { FLIP_FORBIDDEN = -2 };

/* What a flip makes of the labels of one group. */
typedef struct FlipRule {
    /* (classes): the class of a picture that has been turned over, or FLIP_FORBIDDEN; of values (1): 0 or
     * FLIP_FORBIDDEN. NULL: there is no rule, labels stay as they are. */
    int32_t *becomes;
    bool mirrored; /* a value x becomes sum - x */
    double sum;
    double period; /* of angles, in 0 … period; 0: values are no angles */
} FlipRule;

/*
 * Reads the rules of one label group: "" (labels stay as they are), "never" (no picture with a label of this
 * group is turned over), or, of classes, a list, in brackets or not, of "A<->B" (the two classes change places) and "!A"
 * (pictures of the class are not turned over); of values "x" (they stay, too), "S - x" with a number S, or "-x". `becomes`
 * has room, and `period` is set, before. The error names the rule, not the key.
 */
bool flips_parse(const char *rules, const LabelGroup *group, FlipRule *rule, Error *err);

/* The value of a picture that has been turned over; NaN stays NaN. */
double flips_value(const FlipRule *rule, double value);
