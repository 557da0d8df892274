/* Names of label groups, and so of heads; the order of classes. */
#pragma once

#include <stdbool.h>

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool is_utf8(const char *text);

/* Whether a text can stand in an HDF5 path and in a configuration. */
bool is_group_name(const char *name);

/* How classes stand in a pack: numbers by value ("2" before "10"), then all other names by their bytes. Less than, equal
 * to or greater than 0, as of strcmp. */
int class_order(const char *a, const char *b);
