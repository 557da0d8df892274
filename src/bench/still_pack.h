/* A pack for still pictures; private to bench. */
#pragma once

#include "bench/rig.h"

/* Writes a pack of a batch, at least a record of each class, into every rank's folder, and names it in
 * the rig's configuration: the same bytes on all ranks. Collective. */
bool still_pack_write(Rig *rig, const RigHeads *heads, Error *err);
