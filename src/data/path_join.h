/* Paths of packs that are put together. Private to data. */
#pragma once

#include "base/arena.h"
#include "base/error.h"

/* Records begin[p] … begin[p + 1] - 1 come from the pack name[p], one of `parts`. A path that an earlier record
 * has is put behind the name of its own pack ("b/bolt/1.jpg", from `arena`); one that is there even so is an
 * error. */
bool paths_join(const char **path, const size_t *begin, const char *const *name, int parts,
                Arena *arena, Error *err);
