/* Names of a head's classes where no pack gives them. */
#pragma once

#include "base/arena.h"
#include "base/error.h"

/* One name per line of the file, UTF-8; a name that comes again gets " #2", " #3" behind it. Memory
 * comes from `arena`. */
bool class_names_read(const char *path, const char *const **names, int *count, Arena *arena,
                      Error *err);
/* "0", "1", …: classes that have no names of their own and take a pack's in its order. */
const char *const *class_names_numbers(int count, Arena *arena);
bool class_names_are_numbers(const char *const *names, int count);
