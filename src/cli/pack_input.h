/* What umbel pack makes a pack of; private to cli. */
#pragma once

#include "data/pack_write.h"

typedef struct PackInput {
    char **name; /* (names) what stands without an option: a folder, packs or tar files */
    int names;
    bool merge, tar; /* names are packs, tar files */
    const char *folder, *manifest, *list;
    const char *levels, *pattern, *labels, *keep_together;
    const char *add_to; /* the pack that the rest is added to; NULL: none */
} PackInput;

/* Of the options it needs root and keep_going. All ranks get the same listing; whether all could, they have yet
 * to agree on. The input is kept. Collective. */
bool pack_input_read(Listing *listing, const PackInput *input, const PackOptions *options,
                     Comm *comm, Error *err);
