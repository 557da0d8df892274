/* The report of umbel pack; private to cli. */
#pragma once

#include "data/pack_write.h"

/* Splits, label groups, rejected files. `listing`: what the pack was made of; `out`: the name that it was given. */
void pack_summary_print(const Pack *pack, const Listing *listing, const char *out);
void pack_summary_print_json(const Pack *pack, const Listing *listing, const char *out);
