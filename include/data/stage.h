/*
 * Staging: a copy of a pack on storage of the node's own, made once per node and shared by its
 * ranks, for file systems that are slow when every node reads images from them.
 */
#pragma once

#include "data/pack.h"
#include "dist/comm.h"

typedef struct Staged {
    PackNames names;   /* the files of the pack */
    const char **copy; /* (names.files): the copy of each on this node; NULL: nothing is staged */
} Staged;

/* Copies each file of the pack `name` into `folder`, under a name made of its content hash, and checks every
 * image of the copy against its checksum; a copy that is there already is taken as it is, since
 * every read is checked anyway. Memory comes from `arena`. On failure nothing counts as staged. Collective. */
bool stage_pack(Staged *staged, const char *name, const char *folder, Arena *arena, Comm *comm,
                Error *err);

/* Whether this node has the copies or could make them: the folder can be made and written to, with room
 * for the pack. Leaves nothing behind. No communication. */
bool stage_possible(const char *name, const char *folder, Error *err);

/* Removes the copies; their readers may keep them open. Collective. */
void stage_remove(const Staged *staged, Comm *comm);
