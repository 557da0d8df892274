/* What stands in the cells of a manifest, or between the signs of a path, by the kind of label. Private to
 * data. */
#pragma once

#include "data/pack.h"

/* Whether the text can be a label of this kind; the error says what it is and how it should look, without
 * its place. */
bool cell_check(LabelKind kind, const char *text, Error *err);

/* The next name of "a;b; c", without spaces around it; NULL: no more. ";" alone holds none. `at` is moved on. */
const char *cell_next_name(const char **at, size_t *length);

/* The number of a cell that cell_check has passed. */
double cell_value(const char *text);
