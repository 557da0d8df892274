/* Several files as one pack. Private to data. */
#pragma once

#include "pack_file.h"

/* The records of the files one after the other, as `umbel pack --merge` puts them together: label groups in the
 * order in which they first come, each with the classes of all files in their usual order; a label is
 * missing where the file lacks the group. Texts stay those of the files; the rest comes from `arena`. */
bool pack_join(PackTables *joined, const PackFile *file, int files, Arena *arena, Error *err);
