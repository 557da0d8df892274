/* A pack written as shards, by all ranks at once. Private to data. */
#pragma once

#include "pack_contents.h"

/* Cuts the listing, whose `contents` are known, into options->shards rows of records, and writes each as a pack of its
 * own with all label groups and classes. As pack_write: collective; on failure no file is left. */
bool shards_write(Listing *listing, Contents *contents, const PackOptions *options, Arena *arena,
                  Comm *comm, Error *err);
