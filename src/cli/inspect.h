/* What umbel inspect prints, by kind of file; private to cli. */
#pragma once

#include "base/error.h"

#include <stdbool.h>

typedef struct InspectOptions {
    bool json, all; /* all: every class, not only the first */
} InspectOptions;

bool inspect_pack(const char *path, const InspectOptions *options, Error *err);
bool inspect_checkpoint(const char *path, const InspectOptions *options, Error *err);
