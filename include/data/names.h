/* Names of label groups, and so of heads. */
#pragma once

#include <stdbool.h>

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool is_utf8(const char *text);

/* Whether a text can stand in an HDF5 path and in a configuration. */
bool is_group_name(const char *name);
