/* Heads in a checkpoint's file; private to train. */
#pragma once

#include "io/h5.h"
#include "train/checkpoint.h"

bool checkpoint_write_head(H5 *file, const CheckpointHead *head, Error *err);
/* `name` is kept; the rest comes from `arena`. */
bool checkpoint_read_head(H5 *file, CheckpointHead *head, const char *name, Arena *arena,
                          Error *err);

/* Adds what the head knows of its labels; one that knows nothing adds nothing. */
void checkpoint_hash_head(Hasher *hasher, const CheckpointHead *head);
