/*
 * Staging: a copy of a pack on storage of the node's own, made once per node and shared by its
 * ranks, for file systems that are slow when every node reads images from them.
 */
#pragma once

#include "data/pack.h"
#include "dist/comm.h"

enum { STAGE_PATH_BYTES = 1024 };

/* Copies the pack at `path` into `folder`, under a name made of its content hash, and checks every
 * image of the copy against its checksum; a copy that is there already is taken as it is, since
 * every read is checked anyway. `staged` is its path on this node. Collective. */
bool stage_pack(const char *path, const char *folder, char staged[STAGE_PATH_BYTES], Comm *comm,
                Error *err);

/* Removes the copy; its readers may keep it open. Collective. */
void stage_remove(const char *staged, Comm *comm);
