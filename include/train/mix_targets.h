/* Targets of mixed images. */
#pragma once

#include "data/mix.h"
#include "nn/run.h"

enum { MIX_PARTS = 2 }; /* targets of an image where images are mixed */

/*
 * The targets of an image for one head, the larger share first: its own label's and its partner's, with their
 * weights times their shares; a label that is missing (weight 0) leaves the other one its share. A head that does
 * not learn from mixed images has no target there. `mix`: NULL, or a share of 1: the image is not mixed.
 */
void mix_targets(Target part[MIX_PARTS], Target own, Target partner, const Mix *mix, bool learns);
