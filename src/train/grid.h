/* Pictures of the network's input beside and below each other; private to train. */
#pragma once

#include "base/arena.h"
#include "data/augment.h"

/* An empty one for rows of squares of `side` pixels. Its pixels come from `arena`. */
Image grid_create(int columns, int rows, int side, Arena *arena);
/* Draws an input (side,side,3). */
void grid_draw(Image *grid, int column, int row, const float *input, int side,
               const AugmentOptions *augment);
